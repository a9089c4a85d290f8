using System.ComponentModel;
using System.Diagnostics;
using DeployGuard.Kubernetes.Files;

namespace DeployGuard.Cli;

/// <summary>A folder that is made into manifests by kustomize: its files alone are not what is applied.</summary>
internal static class Kustomization
{
    private static readonly string[] s_names = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

    /// <summary>The folder of a kustomization, given as such or as its file; null for anything else.</summary>
    public static string? FolderOf(string path) =>
        s_names.Contains(Path.GetFileName(path)) && File.Exists(path) ? Path.GetDirectoryName(path) is { Length: > 0 } folder ? folder : "."
        : s_names.Any(n => File.Exists(Path.Combine(path, n))) ? path
        : null;

    /// <summary>What the kustomize that is part of kubectl builds of it.</summary>
    /// <param name="unusable">Gets what kustomize says where it fails, or that there is no kubectl.</param>
    public static IEnumerable<Manifest> Build(string folder, Action<ManifestException> unusable)
    {
        if (Start(folder, unusable) is not { } kustomize)
        {
            yield break;
        }

        using (kustomize)
        {
            var errors = kustomize.StandardError.ReadToEndAsync();
            foreach (var manifest in ManifestReader.Read($"{folder} (built by kubectl kustomize)", kustomize.StandardOutput, unusable))
            {
                yield return manifest;
            }

            kustomize.WaitForExit();
            if (kustomize.ExitCode != 0)
            {
                unusable(new ManifestException($"{folder}: kubectl kustomize cannot build it: {errors.GetAwaiter().GetResult().Trim()}"));
            }
        }
    }

    /// <summary>One that begins with a dash would be taken for a flag.</summary>
    private static string Argument(string folder) => folder.StartsWith('-') ? $"./{folder}" : folder;

    private static Process? Start(string folder, Action<ManifestException> unusable)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("kubectl", ["kustomize", Argument(folder)]) { RedirectStandardOutput = true, RedirectStandardError = true });
        }
        catch (Win32Exception missing)
        {
            unusable(new ManifestException(
                $"{folder}: a kustomization, and kubectl, which builds it, cannot be run here ({missing.Message}). "
                + $"Build it where kubectl is: kubectl kustomize {Argument(folder)} | deployguard check -f -", missing));
            return null;
        }
    }
}

using System.ComponentModel;
using System.Diagnostics;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Inputs;

/// <summary>A folder that kustomize builds into manifests: its files are not what is applied.</summary>
internal static class Kustomization
{
    private static readonly string[] s_names = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

    /// <summary>Whether a file of this name makes its folder a kustomization.</summary>
    public static bool IsName(string file) => s_names.Contains(Path.GetFileName(file));

    /// <summary>The folder of a kustomization, from the path of the folder or of its file; null for anything else.</summary>
    public static string? FolderOf(string path) =>
        IsName(path) && File.Exists(path)
            ? Path.GetDirectoryName(path) is { Length: > 0 } folder
                ? folder
                : "."
            : s_names.Any(n => File.Exists(Path.Combine(path, n)))
                ? path
                : null;

    /// <summary>Reads what the kustomize in kubectl builds.</summary>
    /// <param name="unusable">Gets the error of kustomize, or that kubectl is missing.</param>
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

    /// <summary>A path that begins with a dash would be read as a flag.</summary>
    private static string Argument(string folder) => folder.StartsWith('-') ? $"./{folder}" : folder;

    private static Process? Start(string folder, Action<ManifestException> unusable)
    {
        try
        {
            return Process.Start(
                new ProcessStartInfo("kubectl", ["kustomize", Argument(folder)])
                {
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                }
            );
        }
        catch (Win32Exception missing)
        {
            unusable(
                new ManifestException(
                    $"{folder}: a kustomization needs kubectl, which cannot be started here ({missing.Message}). "
                        + $"On a machine with kubectl, run: kubectl kustomize {Argument(folder)} | deployguard check -f -",
                    missing
                )
            );
            return null;
        }
    }
}

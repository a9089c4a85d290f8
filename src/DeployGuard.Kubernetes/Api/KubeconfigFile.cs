using System.Security.Cryptography;
using System.Text.RegularExpressions;
using DeployGuard.Manifests;
using k8s;
using k8s.Exceptions;
using YamlDotNet.Core;

namespace DeployGuard.Kubernetes.Api;

/// <summary>
/// Opens a cluster from one kubeconfig, or from several that are merged as kubectl does. Errors name the file, and come from DeployGuard's
/// own reader where the client's reader gives none.
/// </summary>
public static partial class KubeconfigFile
{
    /// <param name="context">Null for the current one.</param>
    /// <returns>A client, and the namespace of the context; null where it has none.</returns>
    /// <exception cref="ManifestException">It cannot be used.</exception>
    public static (k8s.Kubernetes Client, string? Namespace) Open(string file, string? context) =>
        Open([new KubeconfigText(file, TextOf(file))], context);

    /// <summary>As the variable KUBECONFIG lists them: a file that does not exist, or is empty, counts as absent.</summary>
    /// <param name="context">Null for the current one.</param>
    /// <returns>As for one file.</returns>
    /// <exception cref="ManifestException">One of them cannot be used, or there is none.</exception>
    public static (k8s.Kubernetes Client, string? Namespace) OpenMerged(IReadOnlyList<string> files, string? context)
    {
        var present = files.Distinct().Where(Exists).Select(f => new KubeconfigText(f, TextOf(f))).ToList();
        var used = present.Where(f => !string.IsNullOrWhiteSpace(f.Content)).ToList();
        return Open(
            used.Count > 0 ? used
                : present.Count > 0 ? present[..1]
                : throw NoSuchFile(string.Join(Path.PathSeparator, files)),
            context
        );
    }

    /// <summary>The first line of the client's message, which may contain the whole stack trace of a plugin.</summary>
    public static string FirstLine(Exception wrong) =>
        wrong
            .Message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .FirstOrDefault("it gives no reason");

    private static (k8s.Kubernetes Client, string? Namespace) Open(IReadOnlyList<KubeconfigText> files, string? context)
    {
        var names = string.Join(Path.PathSeparator, files.Select(f => f.File));
        KubeconfigCheck.Check(files, context, Remedy);
        try
        {
            var (model, impersonations) = MergedKubeconfig.Of(files);
            var configuration = KubernetesClientConfiguration.BuildConfigFromConfigObject(model, context);
            if (configuration.AccessToken is { } token && !KubeconfigCheck.IsToken(token))
            {
                throw new KubeConfigException($"the token {KubeconfigCheck.NoToken}");
            }

            // Only the client reads the certificates.
            var user = model.Contexts.FirstOrDefault(c => c.Name == (context ?? model.CurrentContext))?.ContextDetails?.User ?? "";
            DelegatingHandler[] handlers = impersonations.TryGetValue(user, out var who) ? [new ImpersonatingHandler(who)] : [];
            return (new k8s.Kubernetes(configuration, handlers), configuration.Namespace);
        }
        catch (Exception wrong) when (IsOfTheFile(wrong))
        {
            throw new ManifestException($"{names}: not a usable kubeconfig: {Reason(wrong).TrimEnd('.')}. {Remedy(files)}", wrong);
        }
    }

    private static string Reason(Exception wrong) =>
        NotStarted().Match(FirstLine(wrong)) is { Success: true } start
            ? $"its credential plugin {start.Groups["program"].Value} cannot be started: {start.Groups["why"].Value}. Install it, or log in another way"
            : FirstLine(wrong);

    /// <summary>How the runtime says that a program could not be started.</summary>
    [GeneratedRegex(@"start process '(?<program>.+)' with working directory '.*'\. (?<why>.+?)\.?$")]
    private static partial Regex NotStarted();

    /// <summary>For a provider that was removed, such as gcp, the client throws a plain Exception.</summary>
    private static bool IsOfTheFile(Exception wrong) =>
        wrong.GetType() == typeof(Exception)
        || wrong
            is KubeConfigException
                or YamlException
                or FormatException
                or CryptographicException
                or IOException
                or UnauthorizedAccessException;

    private static bool Exists(string file) => File.Exists(file) || Directory.Exists(file);

    /// <summary>Read once: it may be a pipe, as a shell makes of <c>&lt;(...)</c>.</summary>
    private static string TextOf(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw NoSuchFile(file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ManifestException(
                $"{file}: cannot be read as a kubeconfig: {fault.Message.TrimEnd('.')}. {Remedy([new KubeconfigText(file, "")])}",
                fault
            );
        }
    }

    private static ManifestException NoSuchFile(string file) =>
        new($"{file}: no such file; name your kubeconfig with --kubeconfig or KUBECONFIG");

    private static string Remedy(IReadOnlyList<KubeconfigText> files) =>
        "Name another with --kubeconfig or KUBECONFIG, or check it with kubectl: "
        + (
            files is [var only]
                ? $"kubectl config view --kubeconfig {only.File}"
                : $"KUBECONFIG={string.Join(Path.PathSeparator, files.Select(f => f.File))} kubectl config view"
        );
}

/// <summary>One kubeconfig and what it holds.</summary>
internal sealed record KubeconfigText(string File, string Content);

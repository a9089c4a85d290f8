using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Manifests;
using k8s;

namespace DeployGuard.Cli.Commands;

/// <summary>The flags that select a command's cluster and namespace, with the names and defaults of kubectl.</summary>
/// <param name="defaultNamespace">Null for the namespace of the context.</param>
internal sealed class ClusterFlags(string? defaultNamespace = null)
{
    private readonly Option<string?> _kubeconfig = new("--kubeconfig")
    {
        Description = "Kubeconfig file. Default: the files of KUBECONFIG, merged as by kubectl; else the one in the home folder.",
    };
    private readonly Option<string?> _context = new("--context") { Description = "Context of the kubeconfig. Default: the current one." };
    private readonly Option<string?> _namespace = new("--namespace", "-n")
    {
        Description = $"Namespace. Default: {defaultNamespace ?? "the context's"}.",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_kubeconfig);
        command.Options.Add(_context);
        command.Options.Add(_namespace);
    }

    /// <summary>The namespace of the flag; null if it is not given.</summary>
    public string? GivenNamespace(ParseResult parsed) => Checked(parsed.GetValue(_namespace));

    /// <exception cref="ManifestException">There is no usable kubeconfig.</exception>
    public (ApiConnection Api, string Namespace) Open(ParseResult parsed)
    {
        try
        {
            var (client, ofContext) = OpenFiles(parsed.GetValue(_kubeconfig), parsed.GetValue(_context));
            return (
                new ApiConnection(client),
                Checked(parsed.GetValue(_namespace))
                    ?? defaultNamespace
                    ?? (string.IsNullOrEmpty(ofContext) ? "default" : Checked(ofContext))
            );
        }
        catch (ManifestException wrong)
        {
            throw new ManifestException($"no cluster: {wrong.Message}", wrong);
        }
    }

    /// <summary>The flag, else all files that KUBECONFIG lists, else the one in the home folder.</summary>
    private static (k8s.Kubernetes Client, string? Namespace) OpenFiles(string? flag, string? context)
    {
        if (flag is not null)
        {
            return KubeconfigFile.Open(flag, context);
        }

        var listed =
            Environment.GetEnvironmentVariable("KUBECONFIG")?.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries) ?? [];
        return KubeconfigFile.OpenMerged(listed.Length > 0 ? listed : [KubernetesClientConfiguration.KubeConfigDefaultLocation], context);
    }

    /// <summary>A namespace becomes part of a path, in which a slash would mean another object.</summary>
    [return: NotNullIfNotNull(nameof(name))]
    private static string? Checked(string? name) =>
        name is null || (name.Length is > 0 and <= 63 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
            ? name
            : throw new ManifestException($"\"{name}\" cannot be the name of a namespace");
}

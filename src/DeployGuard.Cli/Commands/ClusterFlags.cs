using System.CommandLine;
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
        Description = "Kubeconfig file. Default: the first file of KUBECONFIG, else the one in the home folder.",
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

    /// <exception cref="ManifestException">There is no usable kubeconfig.</exception>
    public (ApiConnection Api, string Namespace) Open(ParseResult parsed)
    {
        try
        {
            var (client, ofContext) = KubeconfigFile.Open(File(parsed.GetValue(_kubeconfig)), parsed.GetValue(_context));
            return (
                new ApiConnection(client),
                parsed.GetValue(_namespace) ?? defaultNamespace ?? (string.IsNullOrEmpty(ofContext) ? "default" : ofContext)
            );
        }
        catch (ManifestException wrong)
        {
            throw new ManifestException($"no cluster: {wrong.Message}", wrong);
        }
    }

    /// <summary>The flag, else the first file that KUBECONFIG lists, else the one in the home folder.</summary>
    private static string File(string? flag)
    {
        var listed =
            Environment.GetEnvironmentVariable("KUBECONFIG")?.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries) ?? [];
        return flag ?? listed.FirstOrDefault() ?? KubernetesClientConfiguration.KubeConfigDefaultLocation;
    }
}

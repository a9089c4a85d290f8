using System.CommandLine;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Files;
using k8s;

namespace DeployGuard.Cli;

/// <summary>The flags by which a command finds its cluster and namespace, named and defaulted as kubectl's.</summary>
/// <param name="usual">The namespace where none is given; null for the context's.</param>
internal sealed class ClusterFlags(string? usual = null)
{
    private readonly Option<string?> _kubeconfig = new("--kubeconfig") { Description = "Kubeconfig file. Default: the first file of KUBECONFIG, else the one in the home folder." };
    private readonly Option<string?> _context = new("--context") { Description = "Context of the kubeconfig. Default: the current one." };
    private readonly Option<string?> _namespace = new("--namespace", "-n") { Description = $"Namespace. Default: {usual ?? "the context's"}." };

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
            return (new ApiConnection(client), parsed.GetValue(_namespace) ?? usual ?? (string.IsNullOrEmpty(ofContext) ? "default" : ofContext));
        }
        catch (ManifestException wrong)
        {
            throw new ManifestException($"no cluster: {wrong.Message}", wrong);
        }
    }

    /// <summary>The flag, else the first file that KUBECONFIG lists, else the one in the home folder.</summary>
    private static string File(string? flag)
    {
        var listed = Environment.GetEnvironmentVariable("KUBECONFIG")?.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries) ?? [];
        return flag ?? listed.FirstOrDefault() ?? KubernetesClientConfiguration.KubeConfigDefaultLocation;
    }
}

using System.CommandLine;
using DeployGuard.Cluster.Access;
using k8s;

namespace DeployGuard.Cli;

/// <summary>The flags by which a command finds its cluster and namespace, named and defaulted as kubectl's.</summary>
internal sealed class ClusterFlags
{
    private readonly Option<string?> _kubeconfig = new("--kubeconfig") { Description = "Kubeconfig file. Default: as kubectl finds it." };
    private readonly Option<string?> _context = new("--context") { Description = "Context of the kubeconfig. Default: the current one." };
    private readonly Option<string?> _namespace = new("--namespace", "-n") { Description = "Namespace. Default: the context's." };

    public void AddTo(Command command)
    {
        command.Options.Add(_kubeconfig);
        command.Options.Add(_context);
        command.Options.Add(_namespace);
    }

    /// <exception cref="k8s.Exceptions.KubeConfigException">There is no usable kubeconfig.</exception>
    public (ApiConnection Api, string Namespace) Open(ParseResult parsed)
    {
        // KUBECONFIG may list several files; the library merges them when it is not given one.
        var file = parsed.GetValue(_kubeconfig);
        var configuration = KubernetesClientConfiguration.BuildConfigFromConfigFile(file, parsed.GetValue(_context));
        var @namespace = parsed.GetValue(_namespace) ?? (string.IsNullOrEmpty(configuration.Namespace) ? "default" : configuration.Namespace);
        return (new ApiConnection(new Kubernetes(configuration)), @namespace);
    }
}

using System.Text;
using k8s;
using k8s.KubeConfigModels;

namespace DeployGuard.Kubernetes.Api;

/// <summary>
/// Several kubeconfigs as one, by the rules of kubectl: the first file with an entry of a name provides the whole entry, the first file
/// with a current context provides that, and a relative path is relative to its own file. The client's own merge lets the last current
/// context win, and takes every path as relative to the first file.
/// </summary>
internal static class MergedKubeconfig
{
    public static K8SConfiguration Of(IReadOnlyList<KubeconfigText> files)
    {
        var models = files.Select(Read).ToList();
        return new K8SConfiguration
        {
            ApiVersion = "v1",
            Kind = "Config",
            FileName = Path.GetFullPath(files[0].File),
            CurrentContext = models.Select(m => m.CurrentContext).FirstOrDefault(c => !string.IsNullOrEmpty(c)),
            Clusters = models.SelectMany(m => m.Clusters).DistinctBy(c => c.Name),
            Contexts = models.SelectMany(m => m.Contexts).DistinctBy(c => c.Name),
            Users = models.SelectMany(m => m.Users).DistinctBy(u => u.Name),
        };
    }

    private static K8SConfiguration Read(KubeconfigText file)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(file.Content));
        var model = KubernetesClientConfiguration.LoadKubeConfig(stream);
        // kubectl writes null for a list that is empty.
        (model.Clusters, model.Contexts, model.Users) = (
            (model.Clusters ?? []).ToList(),
            (model.Contexts ?? []).ToList(),
            (model.Users ?? []).ToList()
        );
        var folder = Path.GetDirectoryName(Path.GetFullPath(file.File)) ?? "";
        foreach (var cluster in model.Clusters.Select(c => c.ClusterEndpoint).OfType<ClusterEndpoint>())
        {
            cluster.CertificateAuthority = Within(folder, cluster.CertificateAuthority);
        }

        foreach (var user in model.Users.Select(u => u.UserCredentials).OfType<UserCredentials>())
        {
            user.ClientCertificate = Within(folder, user.ClientCertificate);
            user.ClientKey = Within(folder, user.ClientKey);
            // A name without a folder is looked up in PATH.
            if (user.ExternalExecution is { Command: { } command } plugin && command.Contains(Path.DirectorySeparatorChar))
            {
                plugin.Command = Within(folder, command);
            }
        }

        return model;
    }

    private static string? Within(string folder, string? path) => string.IsNullOrEmpty(path) ? path : Path.Combine(folder, path);
}

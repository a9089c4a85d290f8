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
    /// <returns>One kubeconfig for the client, and the impersonations of its users by their names.</returns>
    public static (K8SConfiguration Model, IReadOnlyDictionary<string, Impersonation> Impersonations) Of(
        IReadOnlyList<KubeconfigText> files
    )
    {
        var read = files.Select(Read).ToList();
        var models = read.ConvertAll(r => r.Model);
        // The first file with a user of a name provides the whole user.
        var first = read.SelectMany(r => r.Model.Users.Select(u => (u.Name, r.Impersonations))).DistinctBy(u => u.Name);
        var impersonations = first
            .Where(u => u.Name is not null && u.Impersonations.ContainsKey(u.Name))
            .ToDictionary(u => u.Name, u => u.Impersonations[u.Name]);
        var model = new K8SConfiguration
        {
            ApiVersion = "v1",
            Kind = "Config",
            FileName = Path.GetFullPath(files[0].File),
            CurrentContext = models.Select(m => m.CurrentContext).FirstOrDefault(c => !string.IsNullOrEmpty(c)),
            Clusters = models.SelectMany(m => m.Clusters).DistinctBy(c => c.Name),
            Contexts = models.SelectMany(m => m.Contexts).DistinctBy(c => c.Name),
            Users = models.SelectMany(m => m.Users).DistinctBy(u => u.Name),
        };
        return (model, impersonations);
    }

    private static (K8SConfiguration Model, IReadOnlyDictionary<string, Impersonation> Impersonations) Read(KubeconfigText file)
    {
        var (impersonations, rest) = Impersonation.Split(file.Content);
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(rest));
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

        return (model, impersonations);
    }

    private static string? Within(string folder, string? path) => string.IsNullOrEmpty(path) ? path : Path.Combine(folder, path);
}

using System.Security.Cryptography;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Workloads;
using k8s;
using k8s.Exceptions;
using YamlDotNet.Core;

namespace DeployGuard.Cluster.Files;

/// <summary>Reads a kubeconfig. What is wrong with one is said with its name, and by our own reader where the client's would say nothing.</summary>
public static class KubeconfigFile
{
    /// <param name="context">Null for the current one.</param>
    /// <returns>A client, and the namespace of the context; null where it has none.</returns>
    /// <exception cref="ManifestException">It cannot be used.</exception>
    public static (Kubernetes Client, string? Namespace) Open(string file, string? context)
    {
        // Read once: it may be a pipe, as a shell makes of <(...).
        var text = TextOf(file);
        Check(file, text);
        try
        {
            using var stream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text));
            var model = KubernetesClientConfiguration.LoadKubeConfig(stream);
            // Names of other files in it are relative to it.
            model.FileName = Path.GetFullPath(file);
            // kubectl writes null for a list that is empty.
            (model.Clusters, model.Contexts, model.Users) = (model.Clusters ?? [], model.Contexts ?? [], model.Users ?? []);
            var configuration = KubernetesClientConfiguration.BuildConfigFromConfigObject(model, context);
            // Only the client reads the certificates.
            return (new Kubernetes(configuration), configuration.Namespace);
        }
        catch (Exception wrong) when (wrong is KubeConfigException or YamlException or FormatException or CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new ManifestException($"{file}: not a usable kubeconfig: {wrong.Message.TrimEnd('.')}. {Remedy(file)}", wrong);
        }
    }

    private static string TextOf(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ManifestException($"{file}: no such file; name your kubeconfig with --kubeconfig or KUBECONFIG", fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ManifestException($"{file}: cannot be read as a kubeconfig: {fault.Message.TrimEnd('.')}. {Remedy(file)}", fault);
        }
    }

    private static void Check(string file, string text)
    {
        var documents = ManifestReader.ReadText(file, text);
        if (documents is not [var only])
        {
            throw new ManifestException($"{file}: not a kubeconfig: it holds {(documents.Count == 0 ? "nothing" : $"{documents.Count} documents")}. {Remedy(file)}");
        }

        try
        {
            CheckForm(Field.Root(only.Content).AsObject());
        }
        catch (MalformedObjectException wrong)
        {
            throw new ManifestException($"{only.Source}: not a kubeconfig: {wrong.Message.TrimEnd('.')}. {Remedy(file)}", wrong);
        }
    }

    private static void CheckForm(Field root)
    {
        _ = root.Text("current-context");
        foreach (var (list, member) in ((string, string)[])[("clusters", "cluster"), ("contexts", "context"), ("users", "user")])
        {
            foreach (var entry in root.Objects(list))
            {
                _ = entry.RequiredText("name");
                CheckData(entry.RequiredObject(member));
            }
        }
    }

    private static void CheckData(Field member)
    {
        foreach (var name in (string[])["certificate-authority-data", "client-certificate-data", "client-key-data"])
        {
            if (member.Text(name) is { } data && !Convert.TryFromBase64String(data, new byte[data.Length], out _))
            {
                throw new MalformedObjectException($"{member.Path}.{name}", "is not base64");
            }
        }
    }

    private static string Remedy(string file) => $"Name another with --kubeconfig or KUBECONFIG, or see what kubectl makes of it: kubectl config view --kubeconfig {file}";
}

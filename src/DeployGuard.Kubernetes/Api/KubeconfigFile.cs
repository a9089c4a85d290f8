using System.Security.Cryptography;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Workloads;
using DeployGuard.Manifests;
using k8s;
using k8s.Exceptions;
using YamlDotNet.Core;

namespace DeployGuard.Kubernetes.Api;

/// <summary>
/// Reads a kubeconfig. Errors name the file, and come from DeployGuard's own reader where the client's reader gives none.
/// </summary>
public static class KubeconfigFile
{
    private const string NoToken = "has a line break or another character that no token has; write it on one line";

    /// <param name="context">Null for the current one.</param>
    /// <returns>A client, and the namespace of the context; null where it has none.</returns>
    /// <exception cref="ManifestException">It cannot be used.</exception>
    public static (k8s.Kubernetes Client, string? Namespace) Open(string file, string? context)
    {
        // Read once: it may be a pipe, as a shell makes of <(...).
        var text = TextOf(file);
        Check(file, text, context);
        try
        {
            using var stream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text));
            var model = KubernetesClientConfiguration.LoadKubeConfig(stream);
            // File names in it are relative to it.
            model.FileName = Path.GetFullPath(file);
            // kubectl writes null for a list that is empty.
            (model.Clusters, model.Contexts, model.Users) = (model.Clusters ?? [], model.Contexts ?? [], model.Users ?? []);
            var configuration = KubernetesClientConfiguration.BuildConfigFromConfigObject(model, context);
            if (configuration.AccessToken is { } token && !IsToken(token))
            {
                throw new KubeConfigException($"the token {NoToken}");
            }

            // Only the client reads the certificates.
            return (new k8s.Kubernetes(configuration), configuration.Namespace);
        }
        catch (Exception wrong) when (IsOfTheFile(wrong))
        {
            throw new ManifestException($"{file}: not a usable kubeconfig: {FirstLine(wrong).TrimEnd('.')}. {Remedy(file)}", wrong);
        }
    }

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

    /// <summary>The first line of the client's message, which may contain the whole stack trace of a plugin.</summary>
    public static string FirstLine(Exception wrong) =>
        wrong
            .Message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .FirstOrDefault(wrong.GetType().Name);

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

    private static void Check(string file, string text, string? context)
    {
        var documents = ManifestReader.ReadText(file, text);
        if (documents is not [var only])
        {
            throw new ManifestException(
                $"{file}: not a kubeconfig: it holds {(documents.Count == 0 ? "nothing" : $"{documents.Count} documents")}. {Remedy(file)}"
            );
        }

        try
        {
            CheckForm(Field.Root(only.Content).AsObject(), context);
        }
        catch (MalformedObjectException wrong)
        {
            throw new ManifestException($"{only.Source}: not a kubeconfig: {wrong.Message.TrimEnd('.')}. {Remedy(file)}", wrong);
        }
    }

    private static void CheckForm(Field root, string? context)
    {
        var current = context ?? root.Text("current-context");
        foreach (var (list, member) in ((string, string)[])[("clusters", "cluster"), ("contexts", "context"), ("users", "user")])
        {
            foreach (var entry in root.Objects(list))
            {
                _ = entry.RequiredText("name");
                CheckData(entry.RequiredObject(member));
            }
        }

        // Only the entries in use are checked: others may have a form that DeployGuard does not know.
        foreach (var used in Named(root, "contexts", current).Select(c => c.RequiredObject("context")))
        {
            foreach (var cluster in Named(root, "clusters", used.Text("cluster")).Select(c => c.RequiredObject("cluster")))
            {
                CheckUrl(cluster, "server");
            }

            foreach (var user in Named(root, "users", used.Text("user")).Select(u => u.RequiredObject("user")))
            {
                CheckToken(user);
            }
        }
    }

    private static IEnumerable<Field> Named(Field root, string list, string? name) => root.Objects(list).Where(e => e.Text("name") == name);

    private static void CheckUrl(Field cluster, string name)
    {
        if (
            cluster.Text(name) is { Length: > 0 } url
            && !(Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Scheme is "http" or "https")
        )
        {
            throw new MalformedObjectException($"{cluster.Path}.{name}", $"\"{url}\" is no URL that begins with https:// or http://");
        }
    }

    private static void CheckToken(Field user)
    {
        if (user.Text("token") is { } token && !IsToken(token))
        {
            throw new MalformedObjectException($"{user.Path}.token", NoToken);
        }
    }

    /// <summary>Whether a header can carry it.</summary>
    private static bool IsToken(string token) => token.All(c => c is >= ' ' and <= '~');

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

    private static string Remedy(string file) =>
        $"Name another with --kubeconfig or KUBECONFIG, or check it with kubectl: kubectl config view --kubeconfig {file}";
}

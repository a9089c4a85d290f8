using DeployGuard.Core.Approvals;
using DeployGuard.Core.Workloads;
using DeployGuard.Manifests;

namespace DeployGuard.Kubernetes.Api;

/// <summary>Finds what makes kubeconfigs unusable before the client reads them, with the file, the line and the field.</summary>
internal static class KubeconfigCheck
{
    public const string NoToken = "has a line break or another character that no token has; write it on one line";

    /// <param name="context">Null for the current one.</param>
    /// <param name="remedy">What helps with some of the files.</param>
    /// <exception cref="ManifestException">One cannot be used.</exception>
    public static void Check(IReadOnlyList<KubeconfigText> files, string? context, Func<IReadOnlyList<KubeconfigText>, string> remedy)
    {
        var documents = files.Select(f => OnlyDocument(f, remedy)).ToList();
        InEach(CheckForm);
        var used = UsedEntries.Of([.. documents.Select(d => Field.Root(d.Content))], context);
        if (used.Problem is { } problem)
        {
            throw new ManifestException($"{string.Join(Path.PathSeparator, files.Select(f => f.File))}: {problem}. {remedy(files)}");
        }

        // Only the entries in use are checked: others may have a form that DeployGuard does not know.
        InEach(root => CheckUsed(root, used));

        void InEach(Action<Field> check)
        {
            for (var i = 0; i < documents.Count; i++)
            {
                try
                {
                    check(Field.Root(documents[i].Content).AsObject());
                }
                catch (MalformedObjectException wrong)
                {
                    var why = $"{documents[i].Source}: not a kubeconfig: {wrong.Message.TrimEnd('.')}";
                    throw new ManifestException($"{why}. {remedy([files[i]])}", wrong);
                }
            }
        }
    }

    /// <summary>Whether a header can carry it.</summary>
    public static bool IsToken(string token) => token.All(c => c is >= ' ' and <= '~');

    private static Manifest OnlyDocument(KubeconfigText file, Func<IReadOnlyList<KubeconfigText>, string> remedy)
    {
        var documents = ManifestReader.ReadText(file.File, file.Content);
        return documents is [var only]
            ? only
            : throw new ManifestException(
                $"{file.File}: not a kubeconfig: it holds {(documents.Count == 0 ? "nothing" : $"{documents.Count} documents")}. "
                    + remedy([file])
            );
    }

    private static void CheckForm(Field root)
    {
        _ = root.Text("current-context");
        foreach (var (list, member) in ((string, string)[])[("clusters", "cluster"), ("contexts", "context"), ("users", "user")])
        {
            foreach (var entry in root.Objects(list))
            {
                _ = entry.RequiredText("name");
                var content = entry.RequiredObject(member);
                CheckData(content);
                foreach (var text in member == "context" ? (string[])["cluster", "user", "namespace"] : [])
                {
                    _ = content.Text(text);
                }
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

    private static void CheckUsed(Field root, UsedEntries used)
    {
        foreach (
            var cluster in root.Objects("clusters").Where(c => c.Text("name") == used.Cluster).Select(c => c.RequiredObject("cluster"))
        )
        {
            if (
                cluster.Text("server") is { Length: > 0 } url
                && !(Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Scheme is "http" or "https")
            )
            {
                throw new MalformedObjectException($"{cluster.Path}.server", $"\"{url}\" is no URL that begins with https:// or http://");
            }
        }

        foreach (var user in root.Objects("users").Where(u => u.Text("name") == used.User).Select(u => u.RequiredObject("user")))
        {
            if (user.Text("token") is { } token && !IsToken(token))
            {
                throw new MalformedObjectException($"{user.Path}.token", NoToken);
            }
        }
    }
}

/// <summary>The entries of merged kubeconfigs that a context names.</summary>
/// <param name="Problem">Why there are none; null if there are.</param>
internal sealed record UsedEntries(string Cluster, string User, string? Problem)
{
    /// <param name="context">Null for the current one.</param>
    public static UsedEntries Of(IReadOnlyList<Field> files, string? context)
    {
        var contexts = files.SelectMany(f => f.Objects("contexts")).ToList();
        var name = context ?? files.Select(f => f.Text("current-context")).FirstOrDefault(c => !string.IsNullOrEmpty(c));
        if (name is null)
        {
            return new UsedEntries("", "", $"no current context is set; choose one with --context: {Names(contexts)}");
        }

        if (contexts.Find(c => c.Text("name") == name) is not { Element.ValueKind: not System.Text.Json.JsonValueKind.Undefined } entry)
        {
            return new UsedEntries("", "", $"there is no context {name}; choose another with --context: {Names(contexts)}");
        }

        var used = entry.RequiredObject("context");
        var cluster = used.Text("cluster") ?? "";
        return files.SelectMany(f => f.Objects("clusters")).Any(c => c.Text("name") == cluster)
            ? new UsedEntries(cluster, used.Text("user") ?? "", null)
            : new UsedEntries("", "", $"there is no cluster {(cluster.Length > 0 ? cluster : "\"\"")}, which the context {name} names");
    }

    private static string Names(List<Field> contexts) =>
        contexts.Count == 0 ? "there is none" : string.Join(", ", contexts.Select(c => c.Text("name")).Distinct());
}

using k8s.Exceptions;
using YamlDotNet.RepresentationModel;

namespace DeployGuard.Kubernetes.Api;

/// <summary>
/// What a user of a kubeconfig says under <c>as</c>, <c>as-uid</c>, <c>as-groups</c> and <c>as-user-extra</c>. Read here in the form that
/// kubectl reads and writes: the client library knows no uid, ignores the others, and cannot read a list of extra values.
/// </summary>
/// <param name="Extra">By key; several values each.</param>
internal sealed record Impersonation(
    string User,
    string Uid,
    IReadOnlyList<string> Groups,
    IReadOnlyDictionary<string, IReadOnlyList<string>> Extra
)
{
    private const string UserKey = "as";
    private const string UidKey = "as-uid";
    private const string GroupsKey = "as-groups";
    private const string ExtraKey = "as-user-extra";

    /// <summary>The impersonations of a kubeconfig by the names of its users, and its text without them.</summary>
    /// <exception cref="KubeConfigException">They have another form than kubectl reads.</exception>
    public static (IReadOnlyDictionary<string, Impersonation> Found, string Remaining) Split(string kubeconfig)
    {
        var found = new Dictionary<string, Impersonation>(StringComparer.Ordinal);
        var stream = new YamlStream();
        stream.Load(new StringReader(kubeconfig));
        if (stream.Documents.FirstOrDefault()?.RootNode is not YamlMappingNode root || Child(root, "users") is not YamlSequenceNode users)
        {
            return (found, kubeconfig);
        }

        foreach (var entry in users.OfType<YamlMappingNode>())
        {
            if (Text(entry, "name") is { } name && Child(entry, "user") is YamlMappingNode user && Of(name, user) is { } impersonation)
            {
                found.TryAdd(name, impersonation);
            }
        }

        if (found.Count == 0)
        {
            return (found, kubeconfig);
        }

        var rest = new StringWriter();
        stream.Save(rest, assignAnchors: false);
        return (found, rest.ToString());
    }

    /// <summary>Reads and removes it from an entry of the kubeconfig; null where the entry has none.</summary>
    private static Impersonation? Of(string name, YamlMappingNode user)
    {
        var (who, uid) = (Text(user, UserKey) ?? "", Text(user, UidKey) ?? "");
        var groups = Texts(user, GroupsKey, name);
        var extra = Child(user, ExtraKey) is YamlMappingNode map
            ? map
                .Children.Keys.OfType<YamlScalarNode>()
                .Select(k => k.Value ?? "")
                .ToDictionary(k => k, k => Texts(map, k, $"{name}: {ExtraKey}"))
            : [];
        foreach (var key in (string[])[UserKey, UidKey, GroupsKey, ExtraKey])
        {
            user.Children.Remove(new YamlScalarNode(key));
        }

        return who.Length > 0 ? new Impersonation(who, uid, groups, extra)
            : uid.Length + groups.Count + extra.Count == 0 ? null
            : throw new KubeConfigException($"user {name}: {UidKey}, {GroupsKey} and {ExtraKey} need {UserKey}");
    }

    private static IReadOnlyList<string> Texts(YamlMappingNode parent, string key, string place) =>
        Child(parent, key) switch
        {
            null => [],
            YamlScalarNode { Value: null or "" or "null" or "~" } => [],
            YamlSequenceNode list => [.. list.OfType<YamlScalarNode>().Select(n => n.Value ?? "")],
            _ => throw new KubeConfigException($"user {place}: {key} is to be a list of texts"),
        };

    private static string? Text(YamlMappingNode parent, string key) =>
        Child(parent, key) is YamlScalarNode { Value: not ("null" or "~") } text ? text.Value : null;

    private static YamlNode? Child(YamlMappingNode parent, string key) =>
        parent.Children.TryGetValue(new YamlScalarNode(key), out var child) ? child : null;
}

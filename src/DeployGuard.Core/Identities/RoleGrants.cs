using System.Text.Json;

namespace DeployGuard.Core.Identities;

/// <summary>The users, groups and service accounts to whom RBAC gives one permission, and where.</summary>
/// <param name="gives">Whether a rule of a role gives it.</param>
public sealed class RoleGrants(Func<JsonElement, bool> gives)
{
    /// <summary>Kind, namespace (empty for a ClusterRole) and name; and whether the role may do everything.</summary>
    private readonly Dictionary<(string Kind, string Namespace, string Name), bool> _roles = [];

    private readonly List<RoleGrant> _grants = [];

    public IReadOnlyList<RoleGrant> All => _grants;

    public void AddRole(JsonElement role)
    {
        var rules = role.TryGetProperty("rules", out var list) && list.ValueKind is JsonValueKind.Array ? list.EnumerateArray() : default;
        if (rules.Any(gives))
        {
            var @namespace = NamespaceOf(role);
            var key = (@namespace.Length == 0 ? "ClusterRole" : "Role", @namespace, NameOf(role));
            _roles[key] = rules.Any(r => Has(r, "apiGroups", "*") && Has(r, "resources", "*") && Has(r, "verbs", "*"));
        }
    }

    /// <summary>Call it after all roles are added.</summary>
    public void AddBinding(JsonElement binding)
    {
        var role = binding.GetProperty("roleRef");
        var (kind, @namespace) = (role.GetProperty("kind").GetString() ?? "", NamespaceOf(binding));
        var key = (kind, kind == "Role" ? @namespace : "", role.GetProperty("name").GetString() ?? "");
        if (_roles.TryGetValue(key, out var mayAll))
        {
            _grants.AddRange(
                SubjectsOf(binding).Select(s => new RoleGrant(s.GetProperty("kind").GetString() ?? "", NamedIn(s), @namespace, mayAll))
            );
        }
    }

    public static IEnumerable<JsonElement> SubjectsOf(JsonElement binding) =>
        binding.TryGetProperty("subjects", out var subjects) && subjects.ValueKind is JsonValueKind.Array ? subjects.EnumerateArray() : [];

    /// <summary>Whether a list of a rule has one of the values, or all.</summary>
    public static bool Has(JsonElement rule, string list, params string[] values) =>
        rule.TryGetProperty(list, out var found)
        && found.ValueKind is JsonValueKind.Array
        && found.EnumerateArray().Any(v => v.ValueEquals("*") || values.Any(v.ValueEquals));

    private static string NamedIn(JsonElement subject)
    {
        var name = subject.GetProperty("name").GetString() ?? "";
        return subject.TryGetProperty("namespace", out var @namespace) ? $"{@namespace.GetString()}/{name}" : name;
    }

    private static string NameOf(JsonElement obj) => obj.GetProperty("metadata").GetProperty("name").GetString() ?? "";

    private static string NamespaceOf(JsonElement obj) =>
        obj.GetProperty("metadata").TryGetProperty("namespace", out var text) ? text.GetString() ?? "" : "";
}

/// <summary>One subject of a binding.</summary>
/// <param name="Kind">User, Group or ServiceAccount.</param>
/// <param name="Name">Of a service account <c>namespace/name</c>.</param>
/// <param name="Namespace">Where the binding holds; empty for the whole cluster.</param>
/// <param name="MayAll">The role may do everything.</param>
public sealed record RoleGrant(string Kind, string Name, string Namespace, bool MayAll)
{
    /// <summary>The subject as a request shows it; of a group, any of its members.</summary>
    public Requester AsRequester =>
        Kind switch
        {
            "Group" => new Requester("", "", [Name]),
            "ServiceAccount" => new Requester(
                $"system:serviceaccount:{Name.Replace('/', ':')}",
                "",
                [$"system:serviceaccounts:{Name.Split('/')[0]}", "system:serviceaccounts"]
            ),
            _ => new Requester(Name, "", []),
        };
}

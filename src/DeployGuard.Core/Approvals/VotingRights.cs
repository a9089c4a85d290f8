using System.Text.Json;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Approvals;

/// <summary>The groups that RBAC lets create ChangeApprovals, the namespaces where, and the groups that any binding names.</summary>
public sealed class VotingRights
{
    /// <summary>Every person belongs to it.</summary>
    private const string Everybody = "system:authenticated";

    /// <summary>Kind, namespace (empty for a ClusterRole) and name.</summary>
    private readonly HashSet<(string Kind, string Namespace, string Name)> _roles = [];

    /// <summary>Group and namespace (empty for all).</summary>
    private readonly HashSet<(string Group, string Namespace)> _grants = [];

    private readonly HashSet<string> _able = new(StringComparer.Ordinal);
    private readonly HashSet<string> _named = new(StringComparer.Ordinal);

    /// <summary>Whether a group may approve in a namespace.</summary>
    public bool MayVote(string group, string @namespace) =>
        ((string[])[group, Everybody]).Any(g => _grants.Contains((g, "")) || _grants.Contains((g, @namespace)));

    /// <summary>Whether a group may approve in any namespace.</summary>
    public bool MayVoteSomewhere(string group) => _able.Contains(group) || _able.Contains(Everybody);

    /// <summary>Whether any binding names the group. The groups of an identity provider cannot be listed.</summary>
    public bool IsNamed(string group) => _named.Contains(group);

    public void AddRole(JsonElement role)
    {
        var rules = role.TryGetProperty("rules", out var list) && list.ValueKind is JsonValueKind.Array ? list.EnumerateArray() : default;
        if (rules.Any(r => Has(r, "apiGroups", PolicyReader.Group) && Has(r, "resources", "changeapprovals") && Has(r, "verbs", "create")))
        {
            var @namespace = NamespaceOf(role);
            _roles.Add((@namespace.Length == 0 ? "ClusterRole" : "Role", @namespace, NameOf(role)));
        }
    }

    /// <summary>Call it after all roles are added.</summary>
    public void AddBinding(JsonElement binding)
    {
        if (!binding.TryGetProperty("subjects", out var subjects) || subjects.ValueKind is not JsonValueKind.Array)
        {
            return;
        }

        var role = binding.GetProperty("roleRef");
        var (kind, @namespace) = (role.GetProperty("kind").GetString() ?? "", NamespaceOf(binding));
        var grants = _roles.Contains((kind, kind == "Role" ? @namespace : "", role.GetProperty("name").GetString() ?? ""));
        foreach (var subject in subjects.EnumerateArray().Where(s => s.GetProperty("kind").ValueEquals("Group")))
        {
            var group = subject.GetProperty("name").GetString() ?? "";
            _named.Add(group);
            if (grants)
            {
                _grants.Add((group, @namespace));
                _able.Add(group);
            }
        }
    }

    private static bool Has(JsonElement rule, string list, string value) =>
        rule.TryGetProperty(list, out var values)
        && values.ValueKind is JsonValueKind.Array
        && values.EnumerateArray().Any(v => v.ValueEquals(value) || v.ValueEquals("*"));

    private static string NameOf(JsonElement obj) => obj.GetProperty("metadata").GetProperty("name").GetString() ?? "";

    private static string NamespaceOf(JsonElement obj) =>
        obj.GetProperty("metadata").TryGetProperty("namespace", out var text) ? text.GetString() ?? "" : "";
}

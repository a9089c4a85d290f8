using System.Text.Json;
using DeployGuard.Core.Policies;

namespace DeployGuard.Cli.Doctor;

/// <summary>The groups that RBAC lets create ChangeApprovals, and the namespaces where.</summary>
internal sealed class VotingRoles
{
    /// <summary>Kind, namespace (empty for a ClusterRole) and name.</summary>
    private readonly HashSet<(string Kind, string Namespace, string Name)> _roles = [];

    /// <summary>Group and namespace (empty for all).</summary>
    private readonly HashSet<(string Group, string Namespace)> _grants = [];

    public bool MayVote(string group, string @namespace) => _grants.Contains((group, "")) || _grants.Contains((group, @namespace));

    public void AddRole(JsonElement role)
    {
        var rules = role.TryGetProperty("rules", out var list) && list.ValueKind is JsonValueKind.Array ? list.EnumerateArray() : default;
        if (
            rules.Any(r =>
                Has(r, "apiGroups", PolicyReader.ApiVersion.Split('/')[0])
                && Has(r, "resources", "changeapprovals")
                && Has(r, "verbs", "create")
            )
        )
        {
            var @namespace = NamespaceOf(role);
            _roles.Add((@namespace.Length == 0 ? "ClusterRole" : "Role", @namespace, NameOf(role)));
        }
    }

    /// <summary>Call it after all roles are added.</summary>
    public void AddBinding(JsonElement binding)
    {
        var role = binding.GetProperty("roleRef");
        var (kind, @namespace) = (role.GetProperty("kind").GetString() ?? "", NamespaceOf(binding));
        if (
            !_roles.Contains((kind, kind == "Role" ? @namespace : "", role.GetProperty("name").GetString() ?? ""))
            || !binding.TryGetProperty("subjects", out var subjects)
            || subjects.ValueKind is not JsonValueKind.Array
        )
        {
            return;
        }

        foreach (var subject in subjects.EnumerateArray().Where(s => s.GetProperty("kind").ValueEquals("Group")))
        {
            _grants.Add((subject.GetProperty("name").GetString() ?? "", @namespace));
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

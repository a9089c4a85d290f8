using System.Text.Json;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Approvals;

/// <summary>The groups that RBAC lets create ChangeApprovals, the namespaces where, and the groups that any binding names.</summary>
public sealed class VotingRights
{
    /// <summary>Every person belongs to it.</summary>
    private const string Everybody = "system:authenticated";

    private readonly RoleGrants _grants = new(rule =>
        RoleGrants.Has(rule, "apiGroups", PolicyReader.Group)
        && RoleGrants.Has(rule, "resources", "changeapprovals")
        && RoleGrants.Has(rule, "verbs", "create")
    );

    private readonly HashSet<string> _named = new(StringComparer.Ordinal);

    /// <summary>Whether a group may approve in a namespace.</summary>
    public bool MayVote(string group, string @namespace) => GrantsTo(group).Any(g => g.Namespace.Length == 0 || g.Namespace == @namespace);

    /// <summary>Whether a group may approve in any namespace.</summary>
    public bool MayVoteSomewhere(string group) => GrantsTo(group).Any();

    /// <summary>Whether any binding names the group. The groups of an identity provider cannot be listed.</summary>
    public bool IsNamed(string group) => _named.Contains(group);

    public void AddRole(JsonElement role) => _grants.AddRole(role);

    /// <summary>Call it after all roles are added.</summary>
    public void AddBinding(JsonElement binding)
    {
        _grants.AddBinding(binding);
        _named.UnionWith(
            RoleGrants
                .SubjectsOf(binding)
                .Where(s => s.GetProperty("kind").ValueEquals("Group"))
                .Select(s => s.GetProperty("name").GetString() ?? "")
        );
    }

    private IEnumerable<RoleGrant> GrantsTo(string group) =>
        _grants.All.Where(g => g.Kind == "Group" && (g.Name == group || g.Name == Everybody));
}

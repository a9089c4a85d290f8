using System.Text.Json;
using DeployGuard.Core.Identities;

namespace DeployGuard.Core.Policies;

/// <summary>Who may change Deployments by a binding, beside cluster admins and Kubernetes itself.</summary>
public sealed class DeployRights
{
    private readonly RoleGrants _grants = new(rule =>
        RoleGrants.Has(rule, "apiGroups", "apps")
        && RoleGrants.Has(rule, "resources", "deployments")
        && RoleGrants.Has(rule, "verbs", "create", "update", "patch")
    );

    public void AddRole(JsonElement role) => _grants.AddRole(role);

    /// <summary>Call it after all roles are added.</summary>
    public void AddBinding(JsonElement binding) => _grants.AddBinding(binding);

    /// <summary>
    /// The exempt subjects of the bindings, if a policy exempts everybody who may change Deployments in these namespaces; otherwise none.
    /// Cluster admins do not count, because there they always are.
    /// </summary>
    public IReadOnlyList<string> ExemptAlone(Exemption exempt, IReadOnlyList<string> namespaces)
    {
        var deployers = _grants.All.Where(g => (g.Namespace.Length == 0 || namespaces.Contains(g.Namespace)) && !IsKubernetes(g)).ToList();
        return namespaces.Count > 0 && deployers.All(g => exempt.Includes(g.AsRequester) || g.MayAll)
            ? [.. deployers.Where(g => exempt.Includes(g.AsRequester)).Select(g => g.Name).Distinct().Order(StringComparer.Ordinal)]
            : [];
    }

    private static bool IsKubernetes(RoleGrant grant) =>
        grant.Kind == "Group"
            ? grant.Name.StartsWith("system:", StringComparison.Ordinal) && !IsOpen(grant.Name)
            : grant.AsRequester.IsControlPlane;

    /// <summary>A group of Kubernetes that has others than its components as members.</summary>
    private static bool IsOpen(string group) =>
        group is "system:authenticated" or "system:unauthenticated" || group.StartsWith("system:serviceaccounts", StringComparison.Ordinal);
}

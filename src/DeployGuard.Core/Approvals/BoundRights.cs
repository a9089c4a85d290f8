using System.Text.Json;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Approvals;

/// <summary>What roles and bindings give, as far as the author of a policy is warned of it.</summary>
public sealed class BoundRights
{
    public VotingRights Votes { get; } = new();

    public DeployRights Deploys { get; } = new();

    public void AddRole(JsonElement role)
    {
        Votes.AddRole(role);
        Deploys.AddRole(role);
    }

    /// <summary>Call it after all roles are added.</summary>
    public void AddBinding(JsonElement binding)
    {
        Votes.AddBinding(binding);
        Deploys.AddBinding(binding);
    }
}

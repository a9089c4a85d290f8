using DeployGuard.Core.Approvals;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Ports;

/// <summary>The facts of which the author of a policy is warned.</summary>
public interface IPolicyFacts
{
    /// <summary>The ClusterRole whose holders may approve.</summary>
    string ApproverRole { get; }

    /// <summary>What a policy with this scope applies to now.</summary>
    PolicyReach ReachOf(PolicyMatch match);

    /// <summary>
    /// The policy that had this name until a short time ago and did more than audit; null if there was none, or it is forgotten.
    /// </summary>
    FormerPolicy? FormerOf(string name);

    /// <summary>Who may approve and deploy, read now. Null without a cluster: nobody can be asked.</summary>
    /// <exception cref="UnavailableException">It could not be read in time.</exception>
    Task<BoundRights?> ReadRightsAsync(CancellationToken deadline);

    /// <summary>Whether DeployGuard may read the Secrets of its own namespace. Null without a cluster.</summary>
    /// <exception cref="UnavailableException">It could not be read in time.</exception>
    Task<bool?> MayReadSecretsAsync(CancellationToken deadline);
}

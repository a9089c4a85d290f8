using DeployGuard.Core.Changes;
using DeployGuard.Core.Identities;

namespace DeployGuard.Core.Ports;

/// <summary>The facts that the rules for DeployGuard's own objects use.</summary>
public interface IRecordFacts
{
    /// <summary>Changes that were admitted by a BreakGlass and wait for review, of all namespaces.</summary>
    IEnumerable<Change> Unreviewed { get; }

    /// <summary>Whether a namespace is being deleted.</summary>
    bool NamespaceEnds(string name);

    /// <summary>Whether a user has a verb on one of DeployGuard's resources, by a SubjectAccessReview.</summary>
    /// <param name="inNamespace">Empty for a cluster-scoped resource.</param>
    /// <param name="name">Empty for any.</param>
    /// <exception cref="UnavailableException">It could not be read in time.</exception>
    Task<bool> MayAsync(Requester who, string verb, string resource, string inNamespace, string name, CancellationToken deadline);

    /// <summary>Whether a ChangeApproval or BreakGlass exists, as far as this replica has seen, and is not being deleted.</summary>
    /// <param name="uid">Another object may have had the same name.</param>
    bool IsStored(string resource, string inNamespace, string name, string uid);

    /// <summary>
    /// Whether requests of a user for a workload may be missing on record: as many of their Changes as may wait were never admitted.
    /// </summary>
    bool MayLackRequests(Workloads.WorkloadRef workload, string username);

    /// <summary>How many ChangeApprovals or BreakGlasses one person has in a namespace now.</summary>
    /// <exception cref="UnavailableException">They could not be counted in time.</exception>
    Task<int> CountRecordsAsync(string resource, string inNamespace, string username, CancellationToken deadline);
}

using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Admission;

/// <summary>
/// One request as DeployGuard understands it: the type of change, the workload before and after, the origin and all requesters.
/// </summary>
public sealed record EvaluatedRequest
{
    public required Request Request { get; init; }

    public required Classification Classification { get; init; }

    public ChangeType ChangeType => Classification.Type;

    /// <summary>Why it is of that type, for the log, and for the refusal of a request that cannot be understood.</summary>
    public string Because => Classification.Because;

    /// <summary>The policies that match the request and are active, in the order of their names.</summary>
    public IReadOnlyList<SafeguardPolicy> Policies { get; init; } = [];

    /// <summary>
    /// A queue starts an admitted Job with other scheduling directives. This is recorded, so that the running template is known.
    /// </summary>
    public bool IsScheduled { get; init; }

    public Workload? Before { get; init; }

    public Workload? After { get; init; }

    /// <summary>Hash of the template in the cluster; null if it is not known.</summary>
    public string? LiveHash { get; init; }

    /// <summary>
    /// The workload before the request, if its template is the one in the cluster; else null. The difference shown to approvers is based on
    /// it.
    /// </summary>
    public Workload? ConfirmedBefore => Before is { } before && before.Template.Hash == LiveHash ? before : null;

    public Origin Origin { get; init; } = Origin.NothingKnown;

    /// <summary>All requesters of this revision: those on record, and the one of this request.</summary>
    public IReadOnlyList<string> Requesters { get; init; } = [];

    /// <summary>The Change on record for the requested revision; null if there is none.</summary>
    public Change? Recorded { get; init; }

    /// <summary>
    /// The live history that replaced the records of the workload, if all of them were lost. It is recorded with the rollback, or
    /// the first rollback would prevent all others.
    /// </summary>
    public IReadOnlyList<OwnedRevision> Recovered { get; init; } = [];

    /// <summary>How the message tells approvers to approve.</summary>
    public ApproveBy ApproveBy { get; init; }

    /// <summary>Name of the Change for this revision of this workload; empty if the request has no template.</summary>
    public string Name { get; init; } = "";
}

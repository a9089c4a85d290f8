using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Admission;

/// <summary>One request, understood: what it means for which workload, where it came from and who ever asked for it.</summary>
public sealed record EvaluatedRequest
{
    public required Request Request { get; init; }

    public required Classification Classification { get; init; }

    public ChangeType ChangeType => Classification.Type;

    /// <summary>Why it is of that type, for the log and for refusals of what cannot be understood.</summary>
    public string Because => Classification.Because;

    /// <summary>The policies that match the request and are active, in the order of their names.</summary>
    public IReadOnlyList<SafeguardPolicy> Policies { get; init; } = [];

    /// <summary>
    /// A queue starts a Job that was let in, with other scheduling directives: that goes on record, so that what then runs is known.
    /// </summary>
    public bool IsScheduled { get; init; }

    public Workload? Before { get; init; }

    public Workload? After { get; init; }

    /// <summary>Hash of the template in the cluster; null where that is not known.</summary>
    public string? LiveHash { get; init; }

    /// <summary>What the workload runs before the change, if the cluster says the same: what people are shown as the difference rests on it.</summary>
    public Workload? SeenBefore => Before is { } before && before.Template.Hash == LiveHash ? before : null;

    public Origin Origin { get; init; } = Origin.NothingKnown;

    /// <summary>Everybody who asked for this revision: those on record and the one who asks now.</summary>
    public IReadOnlyList<string> Requesters { get; init; } = [];

    /// <summary>The Change on record for the revision asked for, if there is one.</summary>
    public Change? Recorded { get; init; }

    /// <summary>
    /// The live history that stood in for records, where every record of the workload was lost: it goes on record with the rollback, or
    /// the first one would close the way to all others.
    /// </summary>
    public IReadOnlyList<OwnedRevision> Recovered { get; init; } = [];

    /// <summary>How the people who are asked for approval are told to give it.</summary>
    public ApproveBy ApproveBy { get; init; }

    /// <summary>The name under which this revision of this workload is on record; empty where the request carries no template.</summary>
    public string Name { get; init; } = "";
}

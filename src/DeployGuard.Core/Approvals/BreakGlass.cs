using DeployGuard.Core.Identities;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Approvals;

/// <summary>A permission, for a short time, to pass named safeguards without what they ask for: the BreakGlass object.</summary>
public sealed record BreakGlass
{
    /// <summary>How long one holds that does not say; and the longest that one may hold.</summary>
    public static readonly TimeSpan DefaultDuration = TimeSpan.FromHours(4);
    public static readonly TimeSpan MaxDuration = TimeSpan.FromHours(24);

    /// <summary>The safeguards that one can waive. Never ImagePinning: a digest costs no time, also at 3 a.m.</summary>
    public static readonly IReadOnlyList<string> Waivable = ["Approval", "Canary", "Pace", "Budget", "Freeze"];

    public required string Name { get; init; }

    public required string Namespace { get; init; }

    /// <summary>Null for every workload of the namespace.</summary>
    public WorkloadRef? Workload { get; init; }

    /// <summary>Names of safeguards.</summary>
    public required IReadOnlyList<string> Waives { get; init; }

    public required string Incident { get; init; }

    public required string Reason { get; init; }

    /// <summary>The API server's creationTimestamp.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The username of the deploying machine that it serves besides its maker; empty for none.</summary>
    public string For { get; init; } = "";

    /// <summary>Who the API server said created it, stamped by DeployGuard.</summary>
    public required Requester RequestedBy { get; init; }

    public bool Serves(string username) => username == RequestedBy.Username || (For.Length > 0 && username == For);

    public bool Covers(WorkloadRef workload, DateTimeOffset now) =>
        workload.Namespace == Namespace && (Workload is null || Workload == workload) && now < ExpiresAt && now < CreatedAt + MaxDuration;
}

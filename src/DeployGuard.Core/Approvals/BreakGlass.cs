using DeployGuard.Core.Identities;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Approvals;

/// <summary>An emergency override (break-glass): waives named safeguards for a short time. The BreakGlass object.</summary>
public sealed record BreakGlass
{
    /// <summary>How long a BreakGlass without <c>expiresAt</c> is valid; and the longest time that one may be valid.</summary>
    public static readonly TimeSpan DefaultDuration = TimeSpan.FromHours(4);
    public static readonly TimeSpan MaxDuration = TimeSpan.FromHours(24);

    /// <summary>The safeguards that can be waived. Not ImagePinning: using a digest takes no time, even in an incident.</summary>
    public static readonly IReadOnlyList<string> Waivable = ["Approval", "Canary", "Pace", "Budget", "Freeze"];

    public required string Name { get; init; }

    /// <summary>The API server's uid; empty if it is not known.</summary>
    public string Uid { get; init; } = "";

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

    /// <summary>User name of a deploying machine that may use it besides its creator; empty for none.</summary>
    public string For { get; init; } = "";

    /// <summary>The authenticated creator, stamped by DeployGuard.</summary>
    public required Requester RequestedBy { get; init; }

    /// <summary>It is for a Service, which runs no pods: only Canary evaluates it.</summary>
    public bool IsOfService => Workload is { ApiGroup: "", Kind: "Service" };

    public bool MayBeUsedBy(string username) => username == RequestedBy.Username || (For.Length > 0 && username == For);

    public bool Covers(WorkloadRef workload, DateTimeOffset now) =>
        workload.Namespace == Namespace && (Workload is null || Workload == workload) && now < ExpiresAt && now < CreatedAt + MaxDuration;
}

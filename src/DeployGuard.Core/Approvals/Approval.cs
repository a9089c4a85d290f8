using DeployGuard.Core.Identities;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Approvals;

public enum Decision
{
    Approve,
    Reject,
}

/// <summary>One authenticated human's yes or no to one revision of one workload: the ChangeApproval object.</summary>
public sealed record Approval
{
    public required string Name { get; init; }

    public required WorkloadRef Workload { get; init; }

    /// <summary>
    /// <c>v2:</c>, or from version 0.2 <c>v1:</c>, and 64 hex digits: the approval binds exactly this template. Null for one that names
    /// images alone.
    /// </summary>
    public string? TemplateHash { get; init; }

    /// <summary>The images that were approved, as exact references; they count only under <c>covers: Images</c>.</summary>
    public IReadOnlyList<string> Images { get; init; } = [];

    public required Decision Decision { get; init; }

    /// <summary>Who the API server said created it, stamped by DeployGuard.</summary>
    public required Requester Approver { get; init; }

    public string Reason { get; init; } = "";

    /// <summary>The API server's creationTimestamp.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The approver's own limit; null for the policy's <c>maxAge</c> alone.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>It names exactly this template; or, naming none, one of its images.</summary>
    public bool IsAbout(Workload revision) => Workload == revision.Ref
        && (TemplateHash is { } hash ? hash == revision.Template.Hash : revision.Template.Images.Any(i => Images.Contains(i.Reference.Text)));

    public bool HasExpired(TimeSpan maxAge, DateTimeOffset now) =>
        now >= CreatedAt + maxAge || (ExpiresAt is { } end && now >= end);
}

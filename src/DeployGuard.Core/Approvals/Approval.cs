using DeployGuard.Core.Identities;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Approvals;

public enum Decision
{
    Approve,
    Reject,

    /// <summary>The requester withdraws the request, so it waits for no vote any more.</summary>
    Withdraw,
}

/// <summary>One authenticated user's vote on one revision of one workload: the ChangeApproval object.</summary>
public sealed record Approval
{
    public required string Name { get; init; }

    /// <summary>Of the ChangeApproval; empty if it is not known. A name may be used again within one second, a uid never.</summary>
    public string Uid { get; init; } = "";

    public required WorkloadRef Workload { get; init; }

    /// <summary>
    /// <c>v2:</c> (<c>v1:</c> from version 0.2) and 64 hex digits: the approval is for exactly this template. Null if it names
    /// only images.
    /// </summary>
    public string? TemplateHash { get; init; }

    /// <summary>The images that were approved, as exact references; they count only under <c>covers: Images</c>.</summary>
    public IReadOnlyList<string> Images { get; init; } = [];

    public required Decision Decision { get; init; }

    /// <summary>The authenticated creator, stamped by DeployGuard.</summary>
    public required Requester Approver { get; init; }

    public string Reason { get; init; } = "";

    /// <summary>The API server's creationTimestamp.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The time that DeployGuard stamped on it; null if it stamped none.</summary>
    public DateTimeOffset? StampedAt { get; init; }

    /// <summary>
    /// When it was cast. The creationTimestamp has whole seconds, so a request in the same second would be before and after it: the stamp
    /// is exact. A stamp that is far from the creationTimestamp was altered.
    /// </summary>
    public DateTimeOffset CastAt => StampedAt is { } at && (at - CreatedAt).Duration() < s_creationTakes ? at : CreatedAt;

    private static readonly TimeSpan s_creationTakes = TimeSpan.FromSeconds(10);

    /// <summary>Expiry set by the approver; null if only the policy's <c>maxAge</c> limits it.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>
    /// Whether it is about a revision: it names exactly its template; or, if it names no template, one of its images. Whether it counts is
    /// decided under the rules of each policy.
    /// </summary>
    /// <param name="workload">The workload that runs the revision, or would run it.</param>
    /// <param name="isItsHash">Whether a hash is the one of its template.</param>
    /// <param name="images">All its images.</param>
    public bool IsAbout(WorkloadRef workload, Func<string, bool> isItsHash, IEnumerable<string> images) =>
        Workload == workload && (TemplateHash is { } hash ? isItsHash(hash) : images.Any(Images.Contains));

    /// <inheritdoc cref="IsAbout(WorkloadRef, Func{string, bool}, IEnumerable{string})"/>
    public bool IsAbout(Workload revision) =>
        IsAbout(revision.Ref, h => h == revision.Template.Hash, revision.Template.Images.Select(i => i.Reference.Text));

    public bool HasExpired(TimeSpan maxAge, DateTimeOffset now) => now >= CreatedAt + maxAge || (ExpiresAt is { } end && now >= end);
}

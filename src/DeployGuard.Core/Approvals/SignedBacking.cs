namespace DeployGuard.Core.Approvals;

/// <summary>What signed evidence said of a revision under one policy at the last request: the count between requests rests on it.</summary>
/// <param name="IsHuman">No AI had a part in anything since what ran then.</param>
/// <param name="Reviews">Of every new image. Whether they count, the tally decides.</param>
/// <param name="Authors">Everybody whom a verified statement names as an author.</param>
public sealed record SignedBacking(string Policy, bool IsHuman, IReadOnlyList<SignedReview> Reviews, IReadOnlyList<string> Authors)
{
    /// <summary>Null if no summaries count as a review.</summary>
    public SignedSummary? Summary { get; init; }

    /// <summary>Names of the keys that all of it rests on.</summary>
    public IReadOnlyList<string> Keys { get; init; } = [];

    /// <summary>The same keys, by the SHA-256 of each: another key may get the name of a former one.</summary>
    public IReadOnlyList<string> KeyIds { get; init; } = [];

    /// <summary>How many keys of the role SourceReview the policy asked for.</summary>
    public int ReviewThreshold { get; init; } = 1;

    /// <summary>Hash of the template that the workload ran: the statements lead from its images. Null if it is not known.</summary>
    public string? RanHash { get; init; }

    /// <summary>When the first of its statements expires; null if none does.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>It could not be looked up: what the request before found stays on record.</summary>
    public bool IsUnavailable { get; init; }

    /// <summary>Whether a signed review or a summary fills a seat of the quorum, as it was counted at the request.</summary>
    public bool FillsSeat { get; init; }

    /// <summary>For the record, where it makes an approval unnecessary.</summary>
    public static string HumanBasis(string policy) =>
        $"signed evidence: no AI had a part in what changed since the running revision (policy {policy})";

    /// <summary>What is left where it relaxes nothing any more: authors stay excluded.</summary>
    public SignedBacking WithoutRelaxation() => this with { IsHuman = false, Reviews = [], Summary = null };
}

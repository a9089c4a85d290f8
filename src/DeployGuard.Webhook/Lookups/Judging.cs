using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Registry.Lookups;

namespace DeployGuard.Webhook.Lookups;

/// <summary>What one request asks of one policy's keys.</summary>
internal sealed record Judging(EvidenceQuestion Question, KeySet Keys, JudgingTime Left, CancellationToken Deadline)
{
    private BroughtStatements? _brought;

    /// <summary>Verified when the first image is judged: that takes of the same time.</summary>
    public BroughtStatements Brought => _brought ??= new BroughtStatements(Question.Evaluated, Keys, Question.Images);

    /// <summary>One image may have many names.</summary>
    public List<(LookupResult Result, ImageQuestion Asked, ImageProvenance Proven)> Done { get; } = [];
}

using DeployGuard.Core.Admission;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Webhook.Lookups;

/// <summary>What one policy asks of registries about a request.</summary>
/// <param name="Images">Statements about them are looked for.</param>
/// <param name="Labelled">What they say of themselves is read.</param>
internal sealed record EvidenceQuestion(
    EvaluatedRequest Evaluated,
    ClusterSnapshot Cluster,
    SafeguardPolicy Policy,
    IReadOnlyList<string> Images,
    IReadOnlyList<string> Labelled
)
{
    // A template may have thousands of containers.
    private readonly HashSet<string> _images = [.. Images];
    private readonly HashSet<string> _labelled = [.. Labelled];

    /// <summary>The template alone is asked about, because no image is new; null otherwise.</summary>
    public ReviewedTemplate? Template { get; init; }

    public static EvidenceQuestion Of(SafeguardPolicy policy, EvaluatedRequest evaluated, ClusterSnapshot cluster)
    {
        var asked = SignedQuestions.Of(evaluated, policy);
        return asked is { OfTemplate.Count: > 0 } && evaluated.After is { } after
            ? new EvidenceQuestion(evaluated, cluster, policy, asked.OfTemplate, asked.Labels)
            {
                Template = new ReviewedTemplate($"{after.Ref}", after.Template.Hash),
            }
            : new EvidenceQuestion(evaluated, cluster, policy, asked.Statements, asked.Labels);
    }

    public bool IsImage(string image) => _images.Contains(image);

    public bool IsLabelled(string image) => _labelled.Contains(image);

    public IReadOnlyList<string> All { get; } = Labelled.Count == 0 ? Images : [.. Images.Union(Labelled)];

    public SignedOrigin Signed => Policy.SignedOrigin ?? throw new InvalidOperationException($"policy {Policy.Name} asks no registry");
}

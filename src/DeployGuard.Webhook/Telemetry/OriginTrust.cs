using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Provenance;

namespace DeployGuard.Webhook.Telemetry;

/// <summary>The origin of a change and what it rests on, for metrics: <c>signed</c>, <c>unsigned</c> or <c>none</c>.</summary>
internal static class OriginTrust
{
    public static (string Origin, string Trust) Of(Verdict verdict)
    {
        var images = verdict.SignedFacts.SelectMany(s => s.Images).ToList();
        var kind = verdict.Evaluated.Origin.Kind;
        return images.Exists(i => i.Provenance is { AiMarks.Count: > 0 }) ? (nameof(OriginKind.AiAssisted), "signed")
            : kind is not OriginKind.Unknown ? (kind.ToString(), "unsigned")
            : images.Count > 0 && images.TrueForAll(i => i.Provenance is { Origin: OriginVerdict.NotAi })
                ? (nameof(OriginKind.Human), "signed")
            : (nameof(OriginKind.Unknown), "none");
    }
}

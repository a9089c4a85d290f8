using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>
/// Why statements about an image were not believed, a finding for each kind, because what helps differs. A registry may hold many of one
/// kind.
/// </summary>
internal static class StatementFindings
{
    public static IEnumerable<Finding> Of(SignedImage image, Inspection inspection) =>
        from finding in image.Provenance?.Findings ?? []
        group finding by finding.Kind into alike
        let first = alike.First()
        select new Finding(
            ReasonOf(alike.Key),
            "",
            $"{image.Image}: {first.Text}{More(first, alike)}",
            RemovalOf(first, inspection.Evaluated.After?.Ref, CommandFor(image, inspection, first.Remedy)).TrimEnd('.')
        );

    /// <summary>With the command that removes an annotation. It stays on the workload, and would be named at each later refusal.</summary>
    private static string RemovalOf(StatementFinding finding, WorkloadRef? workload, string remedy) =>
        workload is not null && CommandIn(finding.Place, workload) is { } command
            ? remedy.Replace(AttestAdvice.Remove, $"{AttestAdvice.Remove}: {command}", StringComparison.Ordinal)
            : remedy;

    /// <returns>Null if the place is no annotation of the workload.</returns>
    private static string? CommandIn(string place, WorkloadRef workload) =>
        place.Split(" and ").Contains($"annotation {Workload.StatementAnnotation}")
            ? $"kubectl annotate {workload.KubectlName} -n {workload.Namespace} {Workload.StatementAnnotation}-"
            : null;

    public static string CommandFor(SignedImage image, Inspection inspection, string remedy) =>
        AttestCommands.For(
            image.Image,
            inspection.Policy.SignedOrigin,
            image.Provenance is { IsOfTemplate: true } && inspection.Evaluated.After is { Ref.Namespace: var @namespace }
                ? AttestAdvice.OfTemplate(remedy, @namespace)
                : remedy
        );

    /// <summary>One statement may lie at several places, and several things may be wrong with it.</summary>
    private static string More(StatementFinding first, IEnumerable<StatementFinding> alike)
    {
        var others = alike
            .Where(f => (f.Statement ?? f.Place) != (first.Statement ?? first.Place))
            .DistinctBy(f => f.Statement ?? f.Place)
            .Count();
        var own = alike.Where(f => (f.Statement ?? f.Place) == (first.Statement ?? first.Place)).DistinctBy(f => f.What).Count() - 1;
        return (
                own == 0 ? ""
                : own == 1 ? ", and 1 more reason of this kind"
                : $", and {own} more reasons of this kind"
            )
            + (
                others == 0 ? ""
                : others == 1 ? " (and 1 more statement of this kind)"
                : $" (and {others} more statements of this kind)"
            );
    }

    public static Reason ReasonOf(FindingKind kind) =>
        kind switch
        {
            FindingKind.Altered => Reasons.StatementAltered,
            FindingKind.WrongKey or FindingKind.KeyNotValidNow => Reasons.StatementKey,
            FindingKind.WrongRole or FindingKind.BeyondRole or FindingKind.WrongVerifier => Reasons.StatementRole,
            FindingKind.WrongSubject or FindingKind.OtherTemplate => Reasons.StatementSubject,
            FindingKind.OtherImage => Reasons.StatementReplayed,
            FindingKind.WrongRepository or FindingKind.WrongRef => Reasons.StatementRepository,
            FindingKind.Expired or FindingKind.NotYetIssued => Reasons.StatementExpired,
            FindingKind.HeadCommitOnly => Reasons.StatementHeadOnly,
            FindingKind.BrokenChain => Reasons.StatementChain,
            FindingKind.ReviewNotCounted => Reasons.StatementReview,
            FindingKind.Unread => Reasons.StatementUnread,
            FindingKind.Unreadable or FindingKind.BelowThreshold or FindingKind.Incomplete or FindingKind.VerificationFailed =>
                Reasons.StatementIncomplete,
            _ => throw new InvalidOperationException($"no reason for {kind}"),
        };
}

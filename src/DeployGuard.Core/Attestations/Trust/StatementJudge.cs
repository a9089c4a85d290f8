using DeployGuard.Core.Comparison;

namespace DeployGuard.Core.Attestations.Trust;

/// <summary>
/// Decides of each verified statement, by itself, whether its signers may say it, about this repository, now. Whether it fits together with
/// others, <see cref="CommitChain"/> decides.
/// </summary>
internal sealed class StatementJudge(ImageQuestion question, DateTimeOffset now)
{
    public JudgedStatement Judge(VerifiedStatement statement)
    {
        var judged = new JudgedStatement(statement, [.. statement.Signers.Where(s => s.IsValidAt(now))])
        {
            Commit = (statement.Claim as ChangeClaim)?.Change.Source.HeadCommit,
        };
        return judged.Signers.Count == 0
            ? judged.Reject(
                FindingKind.KeyNotValidNow,
                $"is signed by {statement.SignerNames} alone, which is not valid at this time",
                "Sign it with a key that is valid now, or ask the platform team to change notBefore or notAfter of this key."
            )
            : statement.Claim switch
            {
                ChangeClaim { Change: var change } => JudgeChange(judged, change),
                BuildClaim { Provenance: var provenance } => JudgeBuild(judged, provenance),
                SummaryClaim { Summary: var summary } => JudgeSummary(judged, summary),
                SignatureClaim or OtherClaim => judged,
                _ => throw new InvalidOperationException($"no rule for {statement.Claim.GetType()}"),
            };
    }

    private JudgedStatement JudgeChange(JudgedStatement judged, ChangeStatement change)
    {
        var isReview = judged.CountOf(KeyRole.SourceReview) > 0;
        if (!isReview && judged.CountOf(KeyRole.Build) == 0)
        {
            return WrongRole(judged, "a change statement", KeyRole.SourceReview);
        }

        var source = change.Source;
        var about = InSources(judged, source.Repository, [source.Ref]);
        if (!about.IsUsable)
        {
            return about;
        }

        return judged.Statement.Subjects.FirstOrDefault(s => s.GitCommit is { } c && c != source.HeadCommit) is { GitCommit: var other }
                ? about.Reject(
                    FindingKind.WrongSubject,
                    $"is about commit {VisibleText.Inline(other ?? "")}, and its headCommit is {source.HeadCommit}",
                    "Attest the head commit."
                )
            : change.ExpiresAt <= now
                ? about.Reject(
                    FindingKind.Expired,
                    $"expired at {change.ExpiresAt:yyyy-MM-dd HH:mm} UTC",
                    "Attest the change again, with the reviews as they are now."
                )
            : change.IssuedAt > now + JudgementTimes.ClockSkew
                ? about.Reject(
                    FindingKind.NotYetIssued,
                    $"was issued at {change.IssuedAt:yyyy-MM-dd HH:mm} UTC, which is in the future",
                    "Correct the clock of the machine that signs, then attest again."
                )
            : isReview ? about
            : about with { Note = BeyondRole(judged, change) };
    }

    private JudgedStatement JudgeBuild(JudgedStatement judged, SlsaProvenance provenance)
    {
        if (judged.CountOf(KeyRole.Build) == 0)
        {
            return WrongRole(judged, "provenance of a build", KeyRole.Build);
        }

        // A build may use several repositories; the one that stands behind the image says from which commit it was made.
        var parsed = provenance.Commits.Select(c => (c.Commit, Uri: RepositoryUri.Parse(c.Uri))).ToList();
        var commits = parsed.Where(c => c.Uri is not null && Allows(c.Uri.Address, c.Uri.Ref)).Distinct().ToList();
        return commits.DistinctBy(c => (c.Commit, c.Uri?.Address)).ToList() switch
        {
            [var (commit, uri)] => judged with { Commit = commit, Repository = uri?.Address },
            [] when question.Sources.Count == 0 => judged,
            [] => judged.Reject(
                FindingKind.WrongRepository,
                provenance.Commits.Count == 0
                    ? "names no commit (resolvedDependencies with a gitCommit)"
                    : $"names {VisibleText.Inline(string.Join(", ", provenance.Commits.Select(c => c.Uri).Distinct().Take(3)))}, "
                        + $"and the image may be built from {Sources()} alone",
                "Build the image from that repository and ref, or ask the platform team to add the repository to the policy."
            ),
            _ => judged.Reject(
                FindingKind.WrongRepository,
                "names several commits of the repositories that stand behind the image",
                "Build the image from one commit of one repository."
            ),
        };
    }

    private JudgedStatement JudgeSummary(JudgedStatement judged, SourceSummary summary)
    {
        var keys = judged.Signers.Where(s => s.Role is KeyRole.Vsa).ToList();
        if (keys.Count == 0)
        {
            return WrongRole(judged, "a verification summary", KeyRole.Vsa);
        }

        if (keys.All(k => k.VerifierId != summary.VerifierId))
        {
            return judged.Reject(
                FindingKind.WrongVerifier,
                $"is by the verifier {VisibleText.Inline(summary.VerifierId)}, "
                    + $"and {judged.Statement.SignerNames} signs for {keys[0].VerifierId}",
                "Sign it with the key of that verifier, or ask the platform team to correct verifierId."
            );
        }

        if (judged.Statement.Subjects.Select(s => s.GitCommit).OfType<string>().Distinct().ToList() is not [var commit])
        {
            return judged.Reject(
                FindingKind.WrongSubject,
                "is about no commit, or about several (subject with a gitCommit)",
                "Issue it for one commit."
            );
        }

        var refs = judged.Statement.Subjects.Where(s => s.GitCommit == commit).SelectMany(s => s.SourceRefs).ToList();
        var about = InSources(judged, summary.ResourceUri, refs) with { Commit = commit };
        return !about.IsUsable || summary.IsPassed
            ? about
            : about.Reject(FindingKind.VerificationFailed, "says that the verification failed", "Ask the verifier why.");
    }

    /// <param name="refs">At least one must be allowed.</param>
    private JudgedStatement InSources(JudgedStatement judged, string repository, List<string> refs)
    {
        var address = RepositoryUri.Parse(repository)?.Address;
        var about = judged with { Repository = address };
        var rules = question.Sources.Where(s => address is not null && s.Address == address).ToList();
        return question.Sources.Count == 0 || rules.Exists(r => refs.Any(r.Allows)) ? about
            : rules.Count == 0
                ? about.Reject(
                    FindingKind.WrongRepository,
                    $"is about the repository {VisibleText.Inline(repository)}, and behind the image may stand {Sources()} alone",
                    Again(judged, "of that repository", $"--repository {OnlySource() ?? "URL"}", "build the image from it")
                        + ", or ask the platform team to add this one to the policy."
                )
            : about.Reject(
                FindingKind.WrongRef,
                $"is about {(refs.Count == 0 ? "no ref" : VisibleText.Inline(string.Join(", ", refs.Take(3))))}, "
                    + $"and only {OneOrMore(rules.SelectMany(r => r.Refs))} of {VisibleText.Inline(repository)} {IsOrAre(rules)} allowed",
                Again(judged, "on an allowed ref", AllowedRef(rules), "merge the change into an allowed ref and attest it there") + "."
            );
    }

    /// <param name="name">Null if the statement names no ref: the repository alone is compared.</param>
    private bool Allows(string address, string? name) =>
        question.Sources.Any(s => s.Address == address && (name is null || s.Allows(name)));

    /// <summary>
    /// The job may only have named the wrong one. No summary of another verifier can be attested again, so that only the latter helps.
    /// </summary>
    private static string Again(JudgedStatement judged, string where, string option, string otherwise) =>
        judged.Change is null
            ? $"{char.ToUpperInvariant(otherwise[0])}{otherwise[1..]}"
            : $"If the commit is {where}, attest again with {option}. Else {otherwise}";

    /// <summary>Null if there are several: then nobody knows which one was meant.</summary>
    private string? OnlySource() => question.Sources.DistinctBy(s => s.Address).ToList() is [var only] ? only.Repository : null;

    private static string OneOrMore(IEnumerable<string> refs) => string.Join(", ", refs.Distinct());

    private static string IsOrAre(List<SourceRule> rules) => rules.SelectMany(r => r.Refs).Distinct().Count() == 1 ? "is" : "are";

    /// <summary>The option with the ref, if there is one only.</summary>
    private static string AllowedRef(List<SourceRule> rules) =>
        rules.SelectMany(r => r.Refs).Distinct().ToList() is [var only] ? AttestAdvice.RefOf(only) : AttestAdvice.Ref;

    private string Sources() => string.Join(", ", question.Sources.Select(s => s.Repository));

    private static JudgedStatement WrongRole(JudgedStatement judged, string what, KeyRole needed) =>
        judged.Reject(
            FindingKind.WrongRole,
            $"is {what} by {string.Join(", ", judged.Signers.Select(s => $"{s.Name} (role {s.Role})"))}",
            $"Sign it with a key of the role {needed}."
        );

    private static StatementFinding? BeyondRole(JudgedStatement judged, ChangeStatement change) =>
        change.Approvals.Count == 0 && change.Ai.Status is not AiStatus.None
            ? null
            : StatementFinding.Of(
                judged.Statement,
                FindingKind.BeyondRole,
                $"states {(change.Approvals.Count > 0 ? "approvals" : "that no AI had a part")}, "
                    + $"and {string.Join(", ", judged.Keys)} (role {KeyRole.Build}) may only say from which commit the image was built",
                $"Sign it with a key of the role {KeyRole.SourceReview}, which the build job does not hold."
            );
}

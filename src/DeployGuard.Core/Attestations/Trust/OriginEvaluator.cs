using DeployGuard.Core.Comparison;

namespace DeployGuard.Core.Attestations.Trust;

/// <summary>
/// What verified statements prove about an image: image digest -> head commit -> base commit = the commit of what runs. The absence of a
/// bad statement proves nothing, because everybody who can write to the registry can delete it: good ones are required for every link.
/// </summary>
public static class OriginEvaluator
{
    /// <param name="verification">What was found for the image.</param>
    /// <param name="earlier">
    /// Verified statements of images between what runs and this one. They may be links of the chain, and say nothing of this image.
    /// </param>
    public static ImageProvenance Evaluate(
        ImageQuestion question,
        Verification verification,
        DateTimeOffset now,
        params IReadOnlyList<VerifiedStatement> earlier
    )
    {
        var coverage = new ImageCoverage(question.Image);
        var judge = new StatementJudge(question, now);
        var judged = verification.Statements.Select(judge.Judge).ToList();
        var before = earlier.Select(judge.Judge).ToList();
        var (head, missing, linkFindings) = ImageLinks.Find(judged, coverage, question);
        List<JudgedStatement> all = [.. judged, .. before];
        var heard = new HeardStatements(all, question, HeadsOf(all, coverage, head), coverage.IsAbout);
        var range = head is null ? null : new RangeJudgement(question, all, heard, coverage, head, now);
        var proven = Assembled(question, all, heard, coverage, head, missing, range, now);
        proven = proven with { Missing = ChainGaps.WithStart(proven.Missing, question) };
        return ReadWhole(proven, verification, coverage.Digest) with
        {
            SignedBy =
            [
                .. all.Where(s => s is { IsUsable: true, Statement.Claim: SignatureClaim } && coverage.IsAbout(s.Statement))
                    .SelectMany(s => s.Keys)
                    .Distinct(),
            ],
            StatedTemplates =
            [
                .. judged
                    .Where(s =>
                        s is { IsUsable: true, Change: not null, Statement.IsHeardBefore: false } && s.CountOf(KeyRole.SourceReview) > 0
                    )
                    .SelectMany(s => ReviewedTemplate.In(s.Statement.Subjects).Select(template => (Statement: s, Template: template)))
                    .GroupBy(s => s.Template, s => s.Statement)
                    .Select(g => new StatedTemplate(g.Key, JudgedStatement.KeysOf(KeyRole.SourceReview, g))),
            ],
            Running = question.Running,
            Findings =
            [
                .. verification.Findings,
                .. WithoutSuperseded(judged.FindAll(s => !s.Statement.IsHeardBefore))
                    .Select(s => s.Rejection ?? s.Note)
                    .OfType<StatementFinding>(),
                .. linkFindings,
                .. range?.Findings ?? [],
                // An earlier statement that expired matters only where a link is missing.
                .. range?.Missing is { Kind: LinkKind.Chain } ? before.Select(s => s.Rejection).OfType<StatementFinding>() : [],
                .. AboutOthers(judged, question, coverage, range),
            ],
        };
    }

    /// <summary>What was not read may deny what was: only what tightens is left. A later lookup may find the commit.</summary>
    internal static ImageProvenance ReadWhole(ImageProvenance proven, Verification verification, string digest) =>
        verification.Findings.FirstOrDefault(f => f.Kind is FindingKind.Unread) is not { } unread
            ? proven
            : new ImageProvenance(
                proven.AiMarks.Count > 0 ? OriginVerdict.Ai : OriginVerdict.Unknown,
                new MissingLink(
                    LinkKind.Unread,
                    $"Not everything about {digest} was read and judged, and the rest may deny what was.",
                    unread.Remedy
                ),
                null,
                [],
                [],
                proven.AiMarks,
                []
            )
            {
                Authors = proven.Authors,
            };

    /// <param name="heard">The statements about the change. Signs of AI and authors count from each of them.</param>
    internal static ImageProvenance Assembled(
        ImageQuestion question,
        List<JudgedStatement> judged,
        HeardStatements heard,
        ImageCoverage coverage,
        HeadCommit? head,
        MissingLink? missing,
        RangeJudgement? range,
        DateTimeOffset now
    )
    {
        var marks = AiMarks.Of(heard.All, question);
        var gap = missing ?? range?.Missing;
        var (review, twoPartyGap) =
            head is not null && range is { Chain.Count: > 0 }
                ? TwoPartyCoverage.Of(judged, heard, coverage, head, range.Chain, range.TakenBackOf, now)
                : (null, "");
        var origin =
            marks.Count > 0 ? OriginVerdict.Ai
            : gap is null && range is not null ? OriginVerdict.NotAi
            : OriginVerdict.Unknown;
        return new ImageProvenance(origin, gap, head, range?.Chain ?? [], range?.Reviews ?? [], marks, [])
        {
            Authors = heard.Authors,
            TwoParty = review,
            TwoPartyGap = twoPartyGap,
            ReviewedTemplates = range?.Templates ?? [],
        };
    }

    /// <summary>Its commit, and each that any statement about it names: that it may not be used is no reason not to listen.</summary>
    private static IReadOnlyCollection<string> HeadsOf(List<JudgedStatement> all, ImageCoverage coverage, HeadCommit? head) =>
        [.. all.Where(s => coverage.IsAbout(s.Statement)).Select(s => s.Commit).Append(head?.Commit).OfType<string>().Distinct()];

    /// <summary>A statement that expired, and that the same key has renewed since, is nothing to act on.</summary>
    private static IEnumerable<JudgedStatement> WithoutSuperseded(List<JudgedStatement> judged)
    {
        var renewed = judged.Where(s => s is { IsUsable: true, Change: not null }).SelectMany(Said).ToHashSet();
        return judged.Where(s => s is not { Rejection.Kind: FindingKind.Expired } || !Said(s).All(renewed.Contains));

        static IEnumerable<(string Key, string? Base, string? Head)> Said(JudgedStatement statement) =>
            statement.KeyIds.Select(k => (k, statement.Change?.Source.BaseCommit, statement.Change?.Source.HeadCommit));
    }

    /// <summary>Statements that may be used, and that say nothing here.</summary>
    private static IEnumerable<StatementFinding> AboutOthers(
        List<JudgedStatement> judged,
        ImageQuestion question,
        ImageCoverage coverage,
        RangeJudgement? range
    ) =>
        from statement in judged
        where statement.IsUsable && statement.Statement is { Claim: not OtherClaim, IsHeardBefore: false }
        where !coverage.IsAbout(statement.Statement) && range?.Concerns(statement) is not true && range?.IsOfStart(statement) is not true
        select Other(
            statement,
            question,
            coverage,
            isOfKnownCommit: range is not null,
            judged.Find(s => s is { IsUsable: false, Statement.Claim: ChangeClaim or BuildClaim } && coverage.IsAbout(s.Statement))
        );

    /// <param name="built">Says of which commit the image is, and does not count.</param>
    private static StatementFinding Other(
        JudgedStatement judged,
        ImageQuestion question,
        ImageCoverage coverage,
        bool isOfKnownCommit,
        JudgedStatement? built
    )
    {
        // Its job ran: what helps is said of its own statement.
        var (lacking, remedy) = built?.Rejection is { } rejection
            ? ($"{rejection.Named}, which is about this image, does not count", "see what is said of that statement.")
            : ("a statement by the job that built the image is missing", BuildJobOf(judged, question));
        var subjects = judged.Statement.Subjects;
        return subjects.FirstOrDefault(s => s.Sha256 is not null) is { } image
                ? StatementFinding.Of(
                    judged.Statement,
                    FindingKind.OtherImage,
                    $"is about another image ({VisibleText.Inline(image.Name)} sha256:{image.Sha256}), and not about {coverage.Digest}",
                    "Attest this image; a statement cannot be moved from one image to another."
                )
            : subjects.FirstOrDefault(s => s.Digests.ContainsKey(StatementSubject.TemplateHash)) is { } template
                ? StatementFinding.Of(
                    judged.Statement,
                    FindingKind.OtherTemplate,
                    $"is about the template of {VisibleText.Inline(template.Name)} at commit {judged.Commit}, which is not "
                        + "proven to be that of "
                        + coverage.Digest
                        + (isOfKnownCommit ? "" : $": it is of another change, or {lacking}"),
                    $"{AttestAdvice.Remove}.{(isOfKnownCommit ? "" : $" Else {remedy}")}"
                )
            : !isOfKnownCommit && judged.Change is not null && subjects.Any(s => s.GitCommit is not null)
                ? StatementFinding.Of(
                    judged.Statement,
                    FindingKind.WrongSubject,
                    $"is about commit {judged.Commit}, which is not proven to be that of {coverage.Digest}: {lacking}",
                    $"{char.ToUpperInvariant(remedy[0])}{remedy[1..]}"
                )
            : StatementFinding.Of(
                judged.Statement,
                FindingKind.WrongSubject,
                judged.Commit is { } commit
                    ? $"is about commit {commit}, which is not proven to be that of {coverage.Digest}"
                    : $"is not about {coverage.Digest}: no subject has its sha256",
                "Attest the digest of the image."
            );
    }

    private static string BuildJobOf(JudgedStatement judged, ImageQuestion question) =>
        judged.Change?.Source is { } source ? $"{AttestAdvice.BuildJob(question, source)}." : "attest the digest of the image.";
}

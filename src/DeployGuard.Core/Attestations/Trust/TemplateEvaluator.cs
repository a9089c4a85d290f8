namespace DeployGuard.Core.Attestations.Trust;

/// <summary>
/// What verified statements prove about a pod template whose images all run already: template -> head commit -> commit of what runs. A
/// statement is not tied to one moment, so it must lead on from the commit of the very revision that runs: an old one, also if a repeated
/// job signed it again today, would otherwise take a later template back.
/// </summary>
public static class TemplateEvaluator
{
    /// <summary>Each is judged by itself. As many statements are read of one digest.</summary>
    private const int MostHeads = 32;

    /// <param name="question">
    /// <see cref="ImageQuestion.Running"/> has the commits that are on record for the revision that runs. The image is where it was looked.
    /// </param>
    /// <param name="template">The one that is requested.</param>
    public static ImageProvenance Evaluate(
        ImageQuestion question,
        ReviewedTemplate template,
        Verification verification,
        DateTimeOffset now,
        params IReadOnlyList<VerifiedStatement> others
    )
    {
        var judge = new StatementJudge(question, now);
        var judged = verification.Statements.Concat(others).Select(judge.Judge).ToList();
        var about = judged.FindAll(s => Names(s.Statement, template));
        var heads = about
            .Where(s => s is { IsUsable: true, Change: not null } && s.CountOf(KeyRole.SourceReview) > 0)
            .GroupBy(s => (Commit: s.Commit ?? "", Repository: s.Repository ?? ""))
            // Its commit goes on record, and later templates start from it.
            .Where(g => JudgedStatement.KeysOf(KeyRole.SourceReview, g) >= question.ReviewThreshold)
            // In no order in which somebody put them into the registry or the annotation.
            .OrderBy(g => g.Key.Commit, StringComparer.Ordinal)
            .ThenBy(g => g.Key.Repository, StringComparer.Ordinal)
            .Take(MostHeads)
            .Select(g => HeadCommit.Of(g.Key.Commit, g.Key.Repository, [.. g]))
            .ToList();
        var heard = Heard(question, judged, about, template);
        var result =
            heads.Count > 0
                ? BestOf(heads.ConvertAll(h => Of(question, judged, heard, h, now)))
                : OriginEvaluator.Assembled(
                    question,
                    judged,
                    heard,
                    new(question.Image),
                    null,
                    NoStatement(template, about, question),
                    null,
                    now
                );
        return OriginEvaluator.ReadWhole(result, verification, question.Image.Digest) with
        {
            IsOfTemplate = true,
            Findings =
            [
                .. verification.Findings,
                .. about.Where(s => !s.Statement.IsHeardBefore).Select(s => s.Rejection ?? s.Note).OfType<StatementFinding>(),
                .. result.Findings,
            ],
        };
    }

    /// <summary>
    /// The same template may be that of several commits after what runs: signs of AI, authors, and reviews that were taken back, count from
    /// each of them. One to which nothing leads from what runs is of an earlier change, unless there are only such ones.
    /// </summary>
    private static HeardStatements Heard(
        ImageQuestion question,
        List<JudgedStatement> judged,
        List<JudgedStatement> about,
        ReviewedTemplate template
    )
    {
        var commits = about.Select(s => s.Commit).OfType<string>().Distinct().ToList();
        var ways = new CommitWays(judged);
        var starts = HeardStatements.StartsOf(question);
        var ahead = commits.FindAll(c => starts.Any(s => s is null || ways.Lead(s, c)));
        return ahead.Count > 0
            ? new HeardStatements(judged, question, ahead, _ => false)
            : new HeardStatements(judged, question, commits, s => Names(s, template));
    }

    /// <summary>
    /// The one that goes furthest, and of several, one that more people reviewed. It says "no AI" only if each of them that leads on from
    /// what runs does.
    /// </summary>
    private static ImageProvenance BestOf(List<ImageProvenance> results)
    {
        // The order is that of their commits, and stays where nothing else decides.
        var best = results.OrderByDescending(r => r.Chain.Count).ThenByDescending(r => r.Reviews.Count).First();
        var silent = best.Chain.Count > 0 ? results.Find(r => r is { Chain.Count: > 0, Missing: not null })?.Missing : null;
        return best.Missing is not null || silent is null
            ? best
            : best with
            {
                Origin = best.Origin is OriginVerdict.Ai ? OriginVerdict.Ai : OriginVerdict.Unknown,
                Missing = silent,
            };
    }

    private static ImageProvenance Of(
        ImageQuestion question,
        List<JudgedStatement> judged,
        HeardStatements heard,
        HeadCommit head,
        DateTimeOffset now
    )
    {
        var missing =
            question.Running.Any(r => r.Commit is null) ? NoRunningCommit()
            : question.Running.Any(r => r.Commit == head.Commit) ? NoStep(head)
            : null;
        var coverage = new ImageCoverage(question.Image);
        var range = missing is null ? new RangeJudgement(question, judged, heard, coverage, head, now) : null;
        return OriginEvaluator.Assembled(question, judged, heard, coverage, head, missing, range, now) with
        {
            Findings = range?.Findings ?? [],
        };
    }

    private static bool Names(VerifiedStatement statement, ReviewedTemplate template) =>
        statement.Subjects.Any(s =>
            s.Name == template.Workload && s.Digests.GetValueOrDefault(StatementSubject.TemplateHash) == template.Hash
        );

    private static MissingLink NoStatement(ReviewedTemplate template, List<JudgedStatement> about, ImageQuestion question)
    {
        var stating = JudgedStatement.KeysOf(KeyRole.SourceReview, about.Where(s => s is { IsUsable: true, Change: not null }));
        return stating > 0 && question.ReviewThreshold > 1
            ? new MissingLink(
                LinkKind.Template,
                $"Too few keys of the role {KeyRole.SourceReview} say of which commit the template of {template.Workload} is: "
                    + $"{question.ReviewThreshold} must name the same one.",
                "Have the job with another key of this role state the same, and push it beside an image of the template (--push --beside)."
            )
            : new MissingLink(
                LinkKind.Template,
                $"No change statement that counts by a key of the role SourceReview names the template of {template.Workload} "
                    + $"({template.Hash}).",
                "Make its statement from what kubectl apply --dry-run=server -o yaml prints of it (--manifest -)."
            );
    }

    private static MissingLink NoStep(HeadCommit head) =>
        new(
            LinkKind.Template,
            $"The statement says that the template is of commit {head.Commit}, and what runs is of that commit already, so that "
                + "the statement may be an old one.",
            "Attest the commits after it, or have the template approved in the cluster."
        );

    private static MissingLink NoRunningCommit() =>
        new(
            LinkKind.RunningCommit,
            "No statement said of the revision that runs of which commit it is, so that nobody can say which of two is newer.",
            "Have this template approved in the cluster; the next new image has a commit again, and later templates start from it."
        );
}

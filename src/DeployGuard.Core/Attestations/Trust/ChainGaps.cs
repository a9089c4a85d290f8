namespace DeployGuard.Core.Attestations.Trust;

/// <summary>The words for links that are missing behind the head commit.</summary>
internal static class ChainGaps
{
    private const int MostShown = 5;

    /// <summary>Why a change statement about the head is no link at all.</summary>
    /// <param name="agreeing">How many keys of the role SourceReview state the same part of the range.</param>
    public static IEnumerable<StatementFinding> OfStatement(JudgedStatement statement, ImageQuestion question, int agreeing)
    {
        if (statement.Change is { IsComplete: false } change)
        {
            yield return StatementFinding.Of(
                statement.Statement,
                FindingKind.Incomplete,
                $"says itself that it does not cover all commits from {change.Source.BaseCommit} to {change.Source.HeadCommit} "
                    + "(complete: false)",
                "Attest where the whole history can be read (no shallow clone), with --complete."
            );
        }
        else if (agreeing < question.ReviewThreshold)
        {
            yield return StatementFinding.Of(
                statement.Statement,
                FindingKind.BelowThreshold,
                $"is signed by {agreeing} of {question.ReviewThreshold} keys of the role {KeyRole.SourceReview} "
                    + $"({string.Join(", ", statement.Keys)}), "
                    + $"and no complete statement by another one is about {statement.Change?.Source.BaseCommit} to {statement.Commit}",
                "Attest the same range with another key of this role."
            );
        }
    }

    public static MissingLink NoChange(HeadCommit head, ImageQuestion question, bool isThereOne) =>
        new(
            LinkKind.Change,
            $"The image is of commit {head.Commit} (by {string.Join(", ", head.Keys)}), and "
                + (
                    isThereOne
                        ? "the change statement about that commit does not count."
                        : "no change statement that counts, by a key of the role SourceReview, is about that commit."
                ),
            isThereOne ? "See what is said of the statement below." : Attest(question, head.Commit, AttestAdvice.From(question.Running))
        );

    public static MissingLink NoRunningCommit(RunningImage running) =>
        new(
            LinkKind.RunningCommit,
            $"The commit of {running.Image}, which runs now, is not known, so that nobody can say what changed since then.",
            "Have the new image approved in the cluster, once: its own commit is known by its statement, and the change after it starts there."
        )
        {
            IsStartUnknown = true,
        };

    /// <summary>
    /// Where the commit of what runs is not known, no change statement leads on from it: who is asked for one first would sign it in vain.
    /// A statement of the image's own commit is still of use for the change after it.
    /// </summary>
    public static MissingLink? WithStart(MissingLink? gap, ImageQuestion question) =>
        gap is null || question.Running.FirstOrDefault(r => r.Commit is null) is not { } unknown ? gap
        : gap.Kind is LinkKind.Change ? NoRunningCommit(unknown)
        : gap.Kind is LinkKind.HeadCommit or LinkKind.Platform
            ? gap with
            {
                What =
                    $"{gap.What} The commit of {unknown.Image}, which runs now, is not known either, so that the new image needs an "
                    + "approval in the cluster, once.",
                IsStartUnknown = true,
            }
        : gap;

    public static MissingLink NoChain(HeadCommit head, ImageQuestion question, string? from, IReadOnlyList<string> reached) =>
        new(
            LinkKind.Chain,
            (
                reached.Count == 0
                    ? $"The change statement about {head.Commit} begins at that very commit, so that it is about no change; "
                    : $"Change statements lead from {string.Join(", ", reached.Take(MostShown))} to {head.Commit}; "
            )
                + (
                    from is null
                        ? "nothing runs yet, so that the whole history is asked for."
                        : $"what runs is of commit {from}, and none begins there. One must begin exactly there, neither later nor earlier."
                ),
            Attest(question, head.Commit, from)
        );

    public static MissingLink NoAiStatus(ChainLink link) =>
        new(
            LinkKind.AiStatus,
            $"The change statement about {link.BaseCommit} to {link.HeadCommit} does not say whether AI had a part (status: unknown).",
            "Have the forge's side state it, if it knows: the absence of a trailer proves nothing."
        );

    public static StatementFinding Finding(
        JudgedStatement atHead,
        ImageQuestion question,
        string? from,
        IReadOnlyList<string> reached,
        bool isHeadOnly
    )
    {
        var change = atHead.Change?.Source;
        var running = from is null ? "nothing runs, so that it must start before the first commit" : $"what runs is of commit {from}";
        return isHeadOnly
            ? StatementFinding.Of(
                atHead.Statement,
                FindingKind.HeadCommitOnly,
                $"leads from {change?.BaseCommit} to {change?.HeadCommit}, and no statement begins where it must; {running}",
                Attest(question, change?.HeadCommit ?? "", from)
            )
            : StatementFinding.Of(
                atHead.Statement,
                FindingKind.BrokenChain,
                $"leads back to {reached[^1]}; {running}",
                Attest(question, reached[^1], from)
            );
    }

    /// <summary>The reader of this holds no key: the job of the forge's side does.</summary>
    private static string Attest(ImageQuestion question, string to, string? from) =>
        AttestAdvice.Sentence(
            AttestAdvice.ForgeJob(question.Roles, question.ReviewThreshold, from ?? new string('0', to.Length), to, AttestAdvice.Beside)
        );
}

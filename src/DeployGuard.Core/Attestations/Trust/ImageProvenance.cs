namespace DeployGuard.Core.Attestations.Trust;

/// <summary>How the change was made, as far as trusted signers say.</summary>
public enum OriginVerdict
{
    Unknown,
    Ai,
    NotAi,
}

/// <summary>What the statements prove about an image. Without any, nothing.</summary>
/// <param name="Missing">The first link that is missing for "not AI", or for reviews; null if none is.</param>
/// <param name="Head">The commit of the image; null if none is proven. Store it: it is the base of the next change.</param>
/// <param name="Chain">From what runs to the head; empty if a link is missing.</param>
/// <param name="Reviews">
/// Human reviews of the whole range, one for each person. They speak for the image, and not for the rest of a pod template.
/// </param>
public sealed record ImageProvenance(
    OriginVerdict Origin,
    MissingLink? Missing,
    HeadCommit? Head,
    IReadOnlyList<ChainLink> Chain,
    IReadOnlyList<CountedReview> Reviews,
    IReadOnlyList<AiMark> AiMarks,
    IReadOnlyList<StatementFinding> Findings
)
{
    /// <summary>Whether there is more than was read: it may deny what was read, so that none of it relaxes anything.</summary>
    public bool IsUnread => Missing is { Kind: LinkKind.Unread };

    /// <summary>
    /// Whom statements of trusted keys about the image, its head commit or the range name as authors, whatever link is missing. None of
    /// them may approve it.
    /// </summary>
    public IReadOnlyList<string> Authors { get; init; } = [];

    /// <summary>
    /// What keys of the role <see cref="KeyRole.Vsa"/> say of the whole range: two people agreed to every change. It names none of them,
    /// so it satisfies an approval only if the policy says so. Null if they do not say it.
    /// </summary>
    public TwoPartyReview? TwoParty { get; init; }

    /// <summary>What is missing for it; empty if nothing is, or if no chain leads from what runs.</summary>
    public string TwoPartyGap { get; init; } = "";

    /// <summary>The pod templates that the last change statement is about too.</summary>
    public IReadOnlyList<ReviewedTemplate> ReviewedTemplates { get; init; } = [];

    /// <summary>For advice: the pod templates that change statements which may be used are about, whatever link is missing.</summary>
    public IReadOnlyList<StatedTemplate> StatedTemplates { get; init; } = [];

    /// <summary>For advice: what runs where the image would run, with the commits that are known.</summary>
    public IReadOnlyList<RunningImage> Running { get; init; } = [];

    /// <summary>
    /// It is about a pod template whose images run already, and not about an image: the head is the commit of the template, by the
    /// statements that name it.
    /// </summary>
    public bool IsOfTemplate { get; init; }

    /// <summary>The keys that signed the image, whatever they say of it.</summary>
    public IReadOnlyList<string> SignedBy { get; init; } = [];
}

/// <param name="Repository">Its address, as it is compared.</param>
/// <param name="Keys">Names of the keys that link image and commit.</param>
public sealed record HeadCommit(string Commit, string Repository, IReadOnlyList<string> Keys)
{
    /// <summary>The same keys by <see cref="PublicKey.KeyId"/>: another key may get the name of a former one.</summary>
    public IReadOnlyList<string> KeyIds { get; init; } = [];

    internal static HeadCommit Of(string commit, string repository, IReadOnlyCollection<JudgedStatement> links) =>
        new(commit, repository, [.. links.SelectMany(l => l.Keys).Distinct()]) { KeyIds = [.. links.SelectMany(l => l.KeyIds).Distinct()] };
}

/// <summary>A part of the range, as change statements judge it.</summary>
/// <param name="Statements">Digests of the statements; where they disagree, the stricter one counted.</param>
/// <param name="Authors">As the statements write them.</param>
public sealed record ChainLink(
    string BaseCommit,
    string HeadCommit,
    AiStatus Ai,
    IReadOnlyList<string> Statements,
    IReadOnlyList<string> Keys,
    IReadOnlyList<string> Authors,
    IReadOnlyList<CountedReview> Reviews
)
{
    /// <inheritdoc cref="HeadCommit.KeyIds"/>
    public IReadOnlyList<string> KeyIds { get; init; } = [];

    /// <summary>When the first of its statements expires; null if none does.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <param name="Person">As <see cref="ImageQuestion.PersonOf"/> names them.</param>
/// <param name="Approver">As the statement names them.</param>
/// <param name="At">Of several parts of a range: when they reviewed the first of them, because all of it must be recent enough.</param>
/// <param name="Statements">Digests of all that state it, of every part of the range; the one that says the time is the first.</param>
/// <param name="Keys">Names of the keys that signed them.</param>
public sealed record CountedReview(
    string Person,
    string Approver,
    string Commit,
    DateTimeOffset At,
    IReadOnlyList<string> Statements,
    IReadOnlyList<string> Keys
)
{
    /// <summary>This one, together with what the same person reviewed of another part.</summary>
    internal CountedReview With(CountedReview other)
    {
        var (oldest, newest) = other.At < At ? (other, this) : (this, other);
        return this with
        {
            At = oldest.At,
            Statements = [.. oldest.Statements.Union(newest.Statements)],
            Keys = [.. oldest.Keys.Union(newest.Keys)],
        };
    }
}

/// <summary>Verification summaries by which two people agreed to every change of the range.</summary>
/// <param name="At">When the oldest of its changes was verified.</param>
/// <param name="Statements">Digests of the summaries.</param>
/// <param name="Keys">Names of the keys that signed them.</param>
public sealed record TwoPartyReview(DateTimeOffset At, IReadOnlyList<string> Statements, IReadOnlyList<string> Keys)
{
    /// <summary>Whose keys these are: <c>verifier.id</c> of the summaries.</summary>
    public IReadOnlyList<string> Verifiers { get; init; } = [];

    /// <inheritdoc cref="HeadCommit.KeyIds"/>
    public IReadOnlyList<string> KeyIds { get; init; } = [];
}

/// <summary>Something that says that AI had a part. Believed from every signer, also where the statement relaxes nothing.</summary>
public sealed record AiMark(string Statement, string Keys, string Tool, string What);

/// <summary>What is missing between the image and what runs.</summary>
public enum LinkKind
{
    /// <summary>The policy names no repository for the image.</summary>
    Source,

    /// <summary>No trusted statement names the commit of the image.</summary>
    HeadCommit,

    /// <summary>A platform of the index has no such statement.</summary>
    Platform,

    /// <summary>Statements name different commits.</summary>
    OneCommit,

    /// <summary>No statement names the template, or one that may be an old one.</summary>
    Template,

    /// <summary>No change statement is about the head commit.</summary>
    Change,

    /// <summary>The commit of what runs is not known.</summary>
    RunningCommit,

    /// <summary>Change statements do not lead back to what runs.</summary>
    Chain,

    /// <summary>A change statement does not say whether AI had a part.</summary>
    AiStatus,

    /// <summary>Not everything that was found was read.</summary>
    Unread,
}

/// <param name="What">A sentence.</param>
/// <param name="Remedy">A sentence that begins with a verb.</param>
public sealed record MissingLink(LinkKind Kind, string What, string Remedy)
{
    /// <summary>The commit of what runs is not known either: then neither time nor a statement about the change is enough.</summary>
    public bool IsStartUnknown { get; init; }
}

/// <param name="Keys">How many keys of the role <see cref="KeyRole.SourceReview"/> say it.</param>
public sealed record StatedTemplate(ReviewedTemplate Template, int Keys);

/// <summary>A pod template that a statement is about.</summary>
/// <param name="Workload">As <c>attest --manifest</c> names it: kind, namespace and name.</param>
public sealed record ReviewedTemplate(string Workload, string Hash)
{
    /// <summary>Those among the subjects of a statement.</summary>
    public static IEnumerable<ReviewedTemplate> In(IReadOnlyList<StatementSubject> subjects) =>
        from subject in subjects
        where subject.Digests.ContainsKey(StatementSubject.TemplateHash)
        select new ReviewedTemplate(subject.Name, subject.Digests[StatementSubject.TemplateHash]);
}

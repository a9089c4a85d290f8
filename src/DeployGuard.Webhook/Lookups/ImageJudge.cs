using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Snapshots;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.Transport;
using DeployGuard.Statements;

namespace DeployGuard.Webhook.Lookups;

/// <summary>Judges what was found of an image, and what its request brings along, by the keys of a policy.</summary>
internal sealed class ImageJudge(TimeProvider time)
{
    private readonly VerifiedResults _verified = new();
    private readonly JudgedResults _judged = new();
    private readonly HeardBefore _heard = new(time);

    /// <param name="image">As the template names it.</param>
    /// <param name="result">What was found of it; null where it cannot be looked up by its name.</param>
    public SignedImage Judge(Judging judging, string image, LookupResult? result)
    {
        switch (result)
        {
            case null:
                const string NoDigest = "has no sha256 digest that could be looked up";
                const string NameIt = "Name the image by its sha256 digest";
                return new SignedImage(
                    image,
                    IsHumanWhereUnavailable(judging.Question) ? Unread([NotForgiven(image, NoDigest, $"{NameIt}.")]) : null
                )
                {
                    Unavailable = $"{image} {NoDigest}",
                    Remedy = NameIt,
                };
            case Unavailable unavailable:
                return new SignedImage(image, judging.Left.Spend(() => HeardOfUnavailable(judging, image, unavailable)))
                {
                    Unavailable = FoundText.Of(unavailable),
                    Remedy = LookupRemedy.Of(unavailable),
                };
            default:
                if (judging.Left.IsOver(judging.Deadline))
                {
                    return new SignedImage(image, NotJudged(judging, image, result));
                }

                var asked = judging.Left.Spend(() => QuestionOf(judging.Question, image, result, judging.Keys));
                // One image may have hundreds of names that differ in the tag.
                var known = judging.Done.Find(d => ReferenceEquals(d.Result, result) && d.Asked.Running.SequenceEqual(asked.Running));
                var proven = known.Proven ?? judging.Left.Spend(() => Proven(judging, result, asked));
                if (known.Proven is null)
                {
                    judging.Done.Add((result, asked, proven));
                }

                return new SignedImage(image, proven) { Note = judging.Brought.NoteOf(result, judging.Question.Policy, asked.Running) };
        }
    }

    private ImageProvenance Proven(Judging judging, LookupResult result, ImageQuestion asked)
    {
        var (question, keys, brought, now) = (judging.Question, judging.Keys, judging.Brought, time.GetUtcNow());
        var verified = _verified.Of(result, keys);
        var (own, others) = brought.For(asked.Image);
        var all = verified.With(own);
        // The same reading as before is known at once. Nothing is remembered of an image that is not there: anybody can make up names.
        var read = own.Statements.Count == 0 || result is ImageNotFound ? verified : all;
        var missing = _heard.MissingFrom(read, FoundText.DigestsOf(result), keys);
        if (brought.FaultsAlone is { } faults && missing == Verification.Nothing && question.Template is null)
        {
            var judged = _judged.Of(result, question.Policy, keys, asked, verified, now);
            return faults.Count == 0 ? judged : judged with { Findings = [.. faults, .. judged.Findings] };
        }

        all = all.With(missing);
        return question.Template is { } template
            ? TemplateEvaluator.Evaluate(asked, template, all, now, others)
            : OriginEvaluator.Evaluate(asked, all, now, others);
    }

    /// <summary>
    /// What the last minutes, and the request itself, say of an image. Nothing is remembered of it: who asks may have made up its name.
    /// </summary>
    private (ImageQuestion Asked, Verification Said) Heard(Judging judging, string image, LookupResult result)
    {
        var asked = QuestionOf(judging.Question, image, result, judging.Keys);
        var own = judging.Brought.For(asked.Image).Verified;
        return (asked, own.With(_heard.Of(FoundText.DigestsOf(result), judging.Keys)));
    }

    /// <summary>Of an image that there was no time to judge. It relaxes nothing, and what was heard of it tightens.</summary>
    private ImageProvenance NotJudged(Judging judging, string image, LookupResult result)
    {
        // One image may have hundreds of names that differ in the tag.
        if (judging.Done.Find(d => ReferenceEquals(d.Result, result)).Proven is { IsUnread: true } known)
        {
            return known;
        }

        var (asked, said) = Heard(judging, image, result);
        var unread = Evaluate(judging, asked, said.With(new Verification([], [TooMuch(result)])));
        judging.Done.Add((result, asked, unread));
        return unread;
    }

    private ImageProvenance Evaluate(Judging judging, ImageQuestion asked, Verification said) =>
        judging.Question.Template is { } template
            ? TemplateEvaluator.Evaluate(asked, template, said, time.GetUtcNow())
            : OriginEvaluator.Evaluate(asked, said, time.GetUtcNow());

    /// <summary>
    /// Of an image that cannot be looked up now. It only tightens: signs of AI, authors, and that there may be more. Null if there is
    /// nothing.
    /// </summary>
    private ImageProvenance? HeardOfUnavailable(Judging judging, string image, Unavailable result)
    {
        var (asked, heard) = Heard(judging, image, result);
        var proven = Evaluate(judging, asked, heard);
        List<StatementFinding> unread =
        [
            .. heard.Findings.Where(f => f.Kind is FindingKind.Unread),
            .. IsHumanWhereUnavailable(judging.Question) ? AnsweredAlready(result) : [],
        ];
        return proven.AiMarks.Count + proven.Authors.Count + unread.Count == 0
            ? null
            : Unread(unread) with
            {
                Origin = proven.AiMarks.Count > 0 ? OriginVerdict.Ai : OriginVerdict.Unknown,
                AiMarks = proven.AiMarks,
                Authors = proven.Authors,
            };
    }

    private static ImageProvenance Unread(IReadOnlyList<StatementFinding> findings) =>
        new(OriginVerdict.Unknown, null, null, [], [], [], findings);

    /// <summary>
    /// Where an unknown origin counts as human, a sign of AI must not be hidden by an image or a name that cannot be looked up. A registry
    /// that answers is not away, which a policy may forgive.
    /// </summary>
    private static bool IsHumanWhereUnavailable(EvidenceQuestion question) =>
        question is { Policy.UnknownOrigin: OriginKind.Human, Signed.OnUnavailable: OnUnavailable.TreatAsUnknown };

    private static StatementFinding[] AnsweredAlready(Unavailable result) =>
        result switch
        {
            { Cause: FailureCause.Timeout, IsAway: false } =>
            [
                NotForgiven(
                    $"{result.Image}",
                    "takes longer to read than a request may wait",
                    "Retry in a minute, which finds what was read since. If it persists, delete superseded statements of this image."
                ),
            ],
            // The request itself may name more images than are looked up at a time.
            { Cause: FailureCause.TooBusy } =>
            [
                NotForgiven($"{result.Image}", "was not looked at, because too many lookups run", $"{LookupRemedy.Of(result)}."),
            ],
            { Cause: FailureCause.BadContent or FailureCause.TooLarge } =>
            [
                NotForgiven($"{result.Image}", "cannot be read as it is", $"{LookupRemedy.Of(result)}."),
            ],
            _ => [],
        };

    private static StatementFinding NotForgiven(string image, string what, string remedy) =>
        new(FindingKind.Unread, image, null, $"{what}, while the registry is not away: it may say that AI had a part", remedy);

    private static StatementFinding TooMuch(LookupResult result) =>
        new(
            FindingKind.Unread,
            $"{result.Image}",
            null,
            "was not judged: the second that all images of a request have together, or the time of the request, was over",
            "Retry in a minute. If it persists, change fewer images at a time."
        );

    private static ImageQuestion QuestionOf(EvidenceQuestion question, string image, LookupResult result, KeySet keys) =>
        OriginQuestion.Of(
            question.Policy,
            question.Signed,
            image,
            new JudgedImage($"{result.Image.Digest}") { Platforms = FoundText.PlatformsOf(result) },
            question.Template is not null
                ? SignedQuestions.CommitsOfRevision(question.Evaluated, image, question.Policy, keys, question.Cluster)
                :
                [
                    .. SignedQuestions
                        .RunningBefore(question.Evaluated, image, question.Policy, question.Cluster)
                        .Select(i => new RunningImage(i, SignedQuestions.CommitOf(i, question.Policy, keys, question.Cluster))),
                ]
        );
}

using DeployGuard.Core.Admission;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Snapshots;
using DeployGuard.Registry;
using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Transport;
using DeployGuard.Statements;

namespace DeployGuard.Webhook.Lookups;

/// <summary>
/// Looks up what registries hold about the new images of a request, for each policy that asks for it, and judges it by the keys of that
/// policy. It answers within its share of the deadline; a lookup goes on after that, so that a retry finds its result.
/// </summary>
internal sealed class EvidenceReader(RegistryLookups registries, TrustedKeySets keySets, TimeProvider time) : ILiveReader
{
    /// <summary>Votes are read, and the record is written, in the rest of the request's time.</summary>
    private static readonly TimeSpan s_wait = TimeSpan.FromMilliseconds(1200);

    /// <summary>The second look of a request that would be refused.</summary>
    private static readonly TimeSpan s_waitAgain = TimeSpan.FromMilliseconds(800);

    /// <summary>
    /// A refusal rests on no older look that a request made, and on none of a dry run: that may be the step before a statement is pushed.
    /// Who is refused again and again makes no more lookups than this allows.
    /// </summary>
    private static readonly TimeSpan s_fresh = TimeSpan.FromSeconds(1);

    /// <summary>The same for the refusal of a dry run: tools repeat those, and nothing is lost by it.</summary>
    private static readonly TimeSpan s_freshForDryRun = TimeSpan.FromSeconds(5);

    /// <summary>Of a request: claims are stored, and a template may have hundreds of images.</summary>
    private const int MostClaims = 50;

    private readonly VerifiedResults _verified = new();
    private readonly JudgedResults _judged = new();
    private readonly HeardBefore _heard = new(time);
    private readonly ImageClaims _claims = new();

    public RequiredReads Reads => RequiredReads.SignedEvidence;

    public Task<ClusterSnapshot> ReadAsync(EvaluatedRequest evaluated, ClusterSnapshot cluster, CancellationToken deadline) =>
        ReadAsync(evaluated, cluster, s_wait, _ => null, new JudgingTime(time), deadline);

    /// <summary>
    /// Asks again about images that were looked up before, so that no request is refused for want of a statement that was pushed since
    /// then. The same snapshot if there is nothing new. Where a registry fails now, or has the image no more, what was found before stands.
    /// </summary>
    public async Task<ClusterSnapshot> ReadAgainAsync(EvaluatedRequest evaluated, ClusterSnapshot cluster, CancellationToken deadline)
    {
        var before = cluster.SignedFacts.ToDictionary(f => f.Policy, StringComparer.Ordinal);
        var left = cluster.SignedFacts.OfType<JudgedFacts>().FirstOrDefault()?.Time ?? new JudgingTime(time);
        var again = await ReadAsync(evaluated, cluster, s_waitAgain, before.GetValueOrDefault, left, deadline);
        return again.SignedFacts.All(a => ReferenceEquals(a, before.GetValueOrDefault(a.Policy))) ? cluster : again;
    }

    /// <param name="before">What was judged for this request before, by policy; null if nothing was.</param>
    private async Task<ClusterSnapshot> ReadAsync(
        EvaluatedRequest evaluated,
        ClusterSnapshot cluster,
        TimeSpan longest,
        Func<string, SignedFacts?> before,
        JudgingTime left,
        CancellationToken deadline
    )
    {
        List<Task<SignedFacts>> asked = [];
        foreach (var policy in evaluated.Policies)
        {
            if (
                policy is { Mode: Mode.Enforce, SignedOrigin: not null }
                && EvidenceQuestion.Of(policy, evaluated, cluster) is { All.Count: > 0 } question
            )
            {
                asked.Add(OfPolicyAsync(question, before(policy.Name), longest, left, deadline));
            }
        }

        return cluster with
        {
            SignedFacts = await Task.WhenAll(asked),
        };
    }

    private async Task<SignedFacts> OfPolicyAsync(
        EvidenceQuestion question,
        SignedFacts? before,
        TimeSpan longest,
        JudgingTime left,
        CancellationToken deadline
    )
    {
        var earlier = before as JudgedFacts;
        // What failed is not asked twice for one request.
        if (before is not null && earlier is null)
        {
            return before;
        }

        var signed = question.Signed;
        try
        {
            var (keys, lookup) = (keySets.Of(signed), registries.Of(signed));
            var requests = RequestsFor(question, earlier, registries.CredentialsOf(signed));
            var found = requests.Select(r => r is null ? null : lookup.FindKept(r)).ToArray();
            if (requests.Zip(found).Any(r => r is (not null, null)))
            {
                found = await LookUpAsync(lookup, requests, found, longest, deadline);
            }

            var judging = new Judging(question, keys, left, deadline);
            if (earlier is null)
            {
                return FactsOf(judging, found);
            }

            found =
            [
                .. question.All.Zip(found, (image, now) => now is null or Unavailable or ImageNotFound ? earlier.ResultOf(image) : now),
            ];
            return earlier.RestsOn(question.All, found) ? earlier : FactsOf(judging, found);
        }
        catch (UnavailableException unavailable)
        {
            return new SignedFacts(
                question.Policy.Name,
                [
                    .. question.Images.Select(i => new SignedImage(i, null)
                    {
                        Unavailable = unavailable.Message,
                        Remedy = unavailable.Remedy,
                    }),
                ]
            )
            {
                ClaimsUnavailable = question.Labelled.Count > 0 ? unavailable.Message : "",
                ClaimsRemedy = unavailable.Remedy,
            };
        }
    }

    /// <param name="found">For each image of the question; null where it cannot be looked up by its name.</param>
    private SignedFacts FactsOf(Judging judging, LookupResult?[] found)
    {
        var question = judging.Question;
        List<SignedImage> judged = [];
        List<LookupResult> labelled = [];
        for (var i = 0; i < found.Length; i++)
        {
            var image = question.All[i];
            if (question.Images.Contains(image))
            {
                judged.Add(Judge(judging, image, found[i]));
            }

            if (found[i] is { } result && question.Labelled.Contains(image))
            {
                labelled.Add(result);
            }
        }

        var facts = new JudgedFacts(question.Policy.Name, judged, question.All, found) { Time = judging.Left };
        return labelled.Count == 0 ? facts : WithClaims(facts, labelled);
    }

    /// <summary>Null if a runtime would not take the name, or its digest is of another algorithm than statements are about.</summary>
    private static LookupRequest? RequestFor(EvidenceQuestion question, string image, CredentialSet credentials) =>
        ImageReference.TryParse(image)?.Pinned is { } pinned && (pinned.Digest.Algorithm == "sha256" || !question.Images.Contains(image))
            ? new LookupRequest(pinned, credentials)
            {
                Statements = question.Images.Contains(image),
                Labels = question.Labelled.Contains(image),
                IsRehearsal = question.Evaluated.Request.DryRun,
            }
            : null;

    /// <summary>One for each image; null where there is nothing to ask.</summary>
    private static LookupRequest?[] RequestsFor(EvidenceQuestion question, JudgedFacts? earlier, CredentialSet credentials) =>
        [
            .. question.All.Select(image =>
                RequestFor(question, image, credentials) is not { } request ? null
                : earlier?.ResultOf(image) is not { } found ? request
                : IsWorthAnotherLook(found, request) ? request with { MaxAge = request.IsRehearsal ? s_freshForDryRun : s_fresh }
                : null
            ),
        ];

    /// <summary>What was not found yet, from the registries.</summary>
    private async Task<LookupResult?[]> LookUpAsync(
        RegistryLookup lookup,
        LookupRequest?[] requests,
        LookupResult?[] kept,
        TimeSpan longest,
        CancellationToken deadline
    )
    {
        using var wait = new CancellationTokenSource(longest, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(deadline, wait.Token);
        return await Task.WhenAll(requests.Zip(kept, FindAsync));

        async Task<LookupResult?> FindAsync(LookupRequest? request, LookupResult? found) =>
            found ?? (request is null ? null : await lookup.FindAsync(request, limit.Token));
    }

    /// <summary>For a dry run, a result without statements is forgotten soon enough.</summary>
    private static bool IsWorthAnotherLook(LookupResult found, LookupRequest request) =>
        request.IsRehearsal ? found is StatementsFound : found is not Unavailable;

    private SignedFacts WithClaims(SignedFacts facts, IReadOnlyList<LookupResult> labelled) =>
        facts with
        {
            Claims = [.. labelled.SelectMany(_claims.Of).OrderBy(c => OriginReader.SaysAi(c) ? 0 : 1).Take(MostClaims)],
            ClaimsUnavailable = string.Join("; ", labelled.Select(ImageClaims.Missing).Where(m => m.Length > 0).Distinct()),
            ClaimsRemedy = string.Join(
                "; ",
                labelled.Where(r => ImageClaims.Missing(r).Length > 0).Select(ImageClaims.RemedyOf).Distinct()
            ),
        };

    private SignedImage Judge(Judging judging, string image, LookupResult? result)
    {
        switch (result)
        {
            case null:
                return new SignedImage(image, null)
                {
                    Unavailable = $"{image} has no sha256 digest that could be looked up",
                    Remedy = "Name the image by its sha256 digest",
                };
            case Unavailable unavailable:
                return new SignedImage(image, judging.Left.Spend(() => Heard(judging, image, unavailable)))
                {
                    Unavailable = FoundText.Of(unavailable),
                    Remedy = LookupRemedy.Of(unavailable),
                };
            default:
                var asked = QuestionOf(judging.Question, image, result, judging.Keys);
                // One image may have hundreds of names that differ in the tag.
                var known = judging.Done.Find(d => ReferenceEquals(d.Result, result) && d.Asked.Running.SequenceEqual(asked.Running));
                if (known.Proven is null && judging.Left.IsOver(judging.Deadline))
                {
                    var unread = new Verification([], [TooMuch(result)]);
                    return new SignedImage(image, OriginEvaluator.Evaluate(asked, unread, time.GetUtcNow()));
                }

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
        var missing = _heard.MissingFrom(verified, result.Image.Digest, keys);
        if (brought.FaultsAlone is { } faults && missing == Verification.Nothing && question.Template is null)
        {
            var judged = _judged.Of(result, question.Policy, keys, asked, verified, now);
            return faults.Count == 0 ? judged : judged with { Findings = [.. faults, .. judged.Findings] };
        }

        verified = verified.With(missing);
        var (own, others) = brought.For(asked.Image);
        return question.Template is { } template
            ? TemplateEvaluator.Evaluate(asked, template, verified.With(own), now, others)
            : OriginEvaluator.Evaluate(asked, verified.With(own), now, others);
    }

    /// <summary>
    /// What the last minutes, and the request itself, say of an image that cannot be looked up now. It only tightens: signs of AI, authors,
    /// and that there may be more. Null if there is nothing.
    /// </summary>
    private ImageProvenance? Heard(Judging judging, string image, Unavailable result)
    {
        var asked = QuestionOf(judging.Question, image, result, judging.Keys);
        var heard = _heard
            .MissingFrom(new Verification([], []), result.Image.Digest, judging.Keys)
            .With(judging.Brought.For(asked.Image).Verified);
        var proven = OriginEvaluator.Evaluate(asked, heard, time.GetUtcNow());
        List<StatementFinding> unread = [.. heard.Findings.Where(f => f.Kind is FindingKind.Unread), .. TooSlow(judging.Question, result)];
        return proven.AiMarks.Count + proven.Authors.Count + unread.Count == 0
            ? null
            : new ImageProvenance(
                proven.AiMarks.Count > 0 ? OriginVerdict.Ai : OriginVerdict.Unknown,
                null,
                null,
                [],
                [],
                proven.AiMarks,
                unread
            )
            {
                Authors = proven.Authors,
            };
    }

    /// <summary>
    /// Where an unknown origin counts as human, a sign of AI must not be hidden by making the lookup long. A registry that answers is not
    /// away, which a policy may forgive.
    /// </summary>
    private static IEnumerable<StatementFinding> TooSlow(EvidenceQuestion question, Unavailable result) =>
        result is { Cause: FailureCause.Timeout, WasAnswered: true }
        && question is { Policy.UnknownOrigin: OriginKind.Human, Signed.OnUnavailable: OnUnavailable.TreatAsUnknown }
            ?
            [
                new StatementFinding(
                    FindingKind.Unread,
                    $"{result.Image}",
                    null,
                    "takes longer to read than a request may wait, and the registry answers: it may say that AI had a part",
                    "Retry in a minute, which finds what was read since. If it persists, delete superseded statements of this image."
                ),
            ]
            : [];

    private static StatementFinding TooMuch(LookupResult result) =>
        new(
            FindingKind.Unread,
            $"{result.Image}",
            null,
            "was not judged: the second that all images of a request have together, or the time of the request, was over",
            "Retry, which goes on from there, or change fewer images at a time."
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

    /// <summary>What one request asks of one policy's keys.</summary>
    private sealed record Judging(EvidenceQuestion Question, KeySet Keys, JudgingTime Left, CancellationToken Deadline)
    {
        private BroughtStatements? _brought;

        /// <summary>Verified when the first image is judged: that takes of the same time.</summary>
        public BroughtStatements Brought => _brought ??= new BroughtStatements(Question.Evaluated, Keys, Question.Images);

        public List<(LookupResult Result, ImageQuestion Asked, ImageProvenance Proven)> Done { get; } = [];
    }
}

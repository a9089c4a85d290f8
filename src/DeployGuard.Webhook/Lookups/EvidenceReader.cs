using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Snapshots;
using DeployGuard.Registry;
using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.References;
using DeployGuard.Statements;

namespace DeployGuard.Webhook.Lookups;

/// <summary>
/// Looks up what registries hold about the new images of a request, for each policy that asks for it, and has it judged by the keys of that
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

    private readonly ImageJudge _judge = new(time);
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
            if (question.IsImage(image))
            {
                judged.Add(_judge.Judge(judging, image, found[i]));
            }

            if (found[i] is { } result && question.IsLabelled(image))
            {
                labelled.Add(result);
            }
        }

        var facts = new JudgedFacts(question.Policy.Name, judged, question.All, found) { Time = judging.Left };
        return labelled.Count == 0 ? facts : WithClaims(facts, labelled);
    }

    /// <summary>Null if a runtime would not take the name, or its digest is of another algorithm than statements are about.</summary>
    private static LookupRequest? RequestFor(EvidenceQuestion question, string image, CredentialSet credentials) =>
        ImageReference.TryParse(image)?.Pinned is { } pinned && (pinned.Digest.Algorithm == "sha256" || !question.IsImage(image))
            ? new LookupRequest(pinned, credentials)
            {
                Statements = question.IsImage(image),
                Labels = question.IsLabelled(image),
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
}

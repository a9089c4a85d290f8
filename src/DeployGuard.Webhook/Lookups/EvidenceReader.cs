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

    /// <summary>Of a request: claims are stored, and a template may have hundreds of images.</summary>
    private const int MostClaims = 50;

    private readonly VerifiedResults _verified = new();
    private readonly JudgedResults _judged = new();
    private readonly ImageClaims _claims = new();

    public RequiredReads Reads => RequiredReads.SignedEvidence;

    public async Task<ClusterSnapshot> ReadAsync(EvaluatedRequest evaluated, ClusterSnapshot cluster, CancellationToken deadline)
    {
        using var wait = new CancellationTokenSource(s_wait, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(deadline, wait.Token);
        var asked = evaluated
            .Policies.Where(p => p.Mode is Mode.Enforce && p.SignedOrigin is not null)
            .Select(p => QuestionFor(p, evaluated, cluster))
            .Where(q => q.All.Count > 0);
        return cluster with { SignedFacts = await Task.WhenAll(asked.Select(q => OfPolicyAsync(q, limit.Token))) };
    }

    private static Question QuestionFor(SafeguardPolicy policy, EvaluatedRequest evaluated, ClusterSnapshot cluster)
    {
        var ofTemplate = SignedQuestions.TemplateImages(evaluated, policy);
        return new Question(
            evaluated,
            cluster,
            policy,
            ofTemplate.Count > 0 ? ofTemplate : SignedQuestions.NewImages(evaluated, policy),
            SignedQuestions.LabelledImages(evaluated, policy)
        )
        {
            Template =
                ofTemplate.Count > 0 && evaluated.After is { } after ? new ReviewedTemplate($"{after.Ref}", after.Template.Hash) : null,
        };
    }

    private async Task<SignedFacts> OfPolicyAsync(Question question, CancellationToken deadline)
    {
        var signed = question.Signed;
        try
        {
            var (keys, lookup, credentials) = (keySets.Of(signed), registries.Of(signed), registries.CredentialsOf(signed));
            var found = await Task.WhenAll(question.All.Select(i => FindAsync(question, i, lookup, credentials, deadline)));
            var brought = new BroughtStatements(question.Evaluated, keys, question.Images);
            var results = question.All.Zip(found).ToList();
            return WithClaims(
                new SignedFacts(
                    question.Policy.Name,
                    [
                        .. results
                            .Where(r => question.Images.Contains(r.First))
                            .Select(r => Judge(question, r.First, r.Second, keys, brought)),
                    ]
                ),
                [.. results.Where(r => question.Labelled.Contains(r.First)).Select(r => r.Second).OfType<LookupResult>()]
            );
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

    /// <summary>Null if a runtime would not take the name, or its digest is of another algorithm than statements are about.</summary>
    private static async Task<LookupResult?> FindAsync(
        Question question,
        string image,
        RegistryLookup lookup,
        CredentialSet credentials,
        CancellationToken deadline
    ) =>
        ImageReference.TryParse(image)?.Pinned is { } pinned && (pinned.Digest.Algorithm == "sha256" || !question.Images.Contains(image))
            ? await lookup.FindAsync(
                new LookupRequest(pinned, credentials)
                {
                    Statements = question.Images.Contains(image),
                    Labels = question.Labelled.Contains(image),
                },
                deadline
            )
            : null;

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

    private SignedImage Judge(Question question, string image, LookupResult? result, KeySet keys, BroughtStatements brought)
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
                return new SignedImage(image, null) { Unavailable = FoundText.Of(unavailable), Remedy = LookupRemedy.Of(unavailable) };
            default:
                var asked = QuestionOf(question, image, result, keys);
                return new SignedImage(image, Proven(question, result, asked, keys, brought)) { Note = brought.NoteOf(result) };
        }
    }

    private ImageProvenance Proven(Question question, LookupResult result, ImageQuestion asked, KeySet keys, BroughtStatements brought)
    {
        var (verified, now) = (_verified.Of(result, keys), time.GetUtcNow());
        if (brought.AreNone && question.Template is null)
        {
            return _judged.Of(result, question.Policy, keys, asked, verified, now);
        }

        var (own, others) = brought.For(asked.Image);
        return question.Template is { } template
            ? TemplateEvaluator.Evaluate(asked, template, verified.With(own), now, others)
            : OriginEvaluator.Evaluate(asked, verified.With(own), now, others);
    }

    private static ImageQuestion QuestionOf(Question question, string image, LookupResult result, KeySet keys) =>
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
                        .RunningBefore(question.Evaluated, image, question.Cluster)
                        .Select(i => new RunningImage(i, SignedQuestions.CommitOf(i, question.Policy, keys, question.Cluster))),
                ]
        );

    /// <param name="Images">Statements about them are looked for.</param>
    /// <param name="Labelled">What they say of themselves is read.</param>
    private sealed record Question(
        EvaluatedRequest Evaluated,
        ClusterSnapshot Cluster,
        SafeguardPolicy Policy,
        IReadOnlyList<string> Images,
        IReadOnlyList<string> Labelled
    )
    {
        /// <summary>The template alone is asked about, because no image is new; null otherwise.</summary>
        public ReviewedTemplate? Template { get; init; }

        public IReadOnlyList<string> All { get; } = [.. Images.Union(Labelled)];

        public SignedOrigin Signed => Policy.SignedOrigin ?? throw new InvalidOperationException($"policy {Policy.Name} asks no registry");
    }
}

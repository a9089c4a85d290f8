using DeployGuard.Core.Admission;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Snapshots;
using DeployGuard.Evidence;
using DeployGuard.Registry;
using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.References;

namespace DeployGuard.Webhook.Lookups;

/// <summary>
/// Looks up what registries hold about the new images of a request, for each policy that trusts keys, and judges it by these keys. It
/// answers within its share of the deadline; a lookup goes on after that, so that a retry finds its result.
/// </summary>
internal sealed class EvidenceReader(RegistryLookups registries, TrustedKeySets keySets, TimeProvider time) : ILiveReader
{
    /// <summary>Votes are read, and the record is written, in the rest of the request's time.</summary>
    private static readonly TimeSpan s_wait = TimeSpan.FromMilliseconds(1200);

    private readonly VerifiedResults _verified = new();

    public RequiredReads Reads => RequiredReads.SignedEvidence;

    public async Task<ClusterSnapshot> ReadAsync(EvaluatedRequest evaluated, ClusterSnapshot cluster, CancellationToken deadline)
    {
        using var wait = new CancellationTokenSource(s_wait, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(deadline, wait.Token);
        var asked = evaluated
            .Policies.Where(p => p.Mode is Mode.Enforce && p.SignedOrigin is not null)
            .Select(p => (Policy: p, Images: SignedQuestions.NewImages(evaluated, p)))
            .Where(a => a.Images.Count > 0);
        return cluster with
        {
            SignedFacts = await Task.WhenAll(asked.Select(a => OfPolicyAsync(evaluated, cluster, a.Policy, a.Images, limit.Token))),
        };
    }

    private async Task<SignedFacts> OfPolicyAsync(
        EvaluatedRequest evaluated,
        ClusterSnapshot cluster,
        SafeguardPolicy policy,
        IReadOnlyList<string> images,
        CancellationToken deadline
    )
    {
        var signed = policy.SignedOrigin ?? throw new InvalidOperationException($"policy {policy.Name} trusts no keys");
        try
        {
            var (keys, lookup, credentials) = (keySets.Of(signed), registries.Of(signed), registries.CredentialsOf(signed));
            var found = await Task.WhenAll(images.Select(i => FindAsync(i, lookup, credentials, deadline)));
            return new SignedFacts(
                policy.Name,
                [
                    .. images
                        .Zip(found)
                        .Select(f => Judge(QuestionOf(f.First, evaluated, cluster, policy, f.Second), f.First, f.Second, keys)),
                ]
            );
        }
        catch (UnavailableException unavailable)
        {
            return new SignedFacts(policy.Name, [.. images.Select(i => new SignedImage(i, null) { Unavailable = unavailable.Message })]);
        }
    }

    /// <summary>Null if a runtime would not take the name, or its digest is of another algorithm than statements are about.</summary>
    private static async Task<LookupResult?> FindAsync(
        string image,
        RegistryLookup lookup,
        CredentialSet credentials,
        CancellationToken deadline
    ) =>
        ImageReference.TryParse(image)?.Pinned is { Digest.Algorithm: "sha256" } pinned
            ? await lookup.FindAsync(new LookupRequest(pinned, credentials), deadline)
            : null;

    private SignedImage Judge(ImageQuestion? question, string image, LookupResult? result, KeySet keys)
    {
        if (question is null || result is null)
        {
            return new SignedImage(image, null) { Unavailable = $"{image} has no sha256 digest that could be looked up" };
        }

        return result is Unavailable unavailable
            ? new SignedImage(image, null) { Unavailable = FoundText.Of(unavailable) }
            : new SignedImage(image, OriginEvaluator.Evaluate(question, _verified.Of(result, keys), time.GetUtcNow()))
            {
                Note = FoundText.NoteOf(result),
            };
    }

    private static ImageQuestion? QuestionOf(
        string image,
        EvaluatedRequest evaluated,
        ClusterSnapshot cluster,
        SafeguardPolicy policy,
        LookupResult? result
    ) =>
        result is null
            ? null
            : new ImageQuestion(
                new JudgedImage($"{result.Image.Digest}") { Platforms = FoundText.PlatformsOf(result) },
                [.. (policy.SignedOrigin?.SourcesOf(image) ?? []).Select(s => new SourceRule(s.Repository, s.Refs))],
                [
                    .. SignedQuestions
                        .RunningBefore(evaluated, image)
                        .Select(i => new RunningImage(i, SignedQuestions.CommitOf(i, policy, cluster))),
                ]
            )
            {
                PersonOf = (policy.Approval?.Identities ?? KnownPeople.None).PersonOf,
            };
}

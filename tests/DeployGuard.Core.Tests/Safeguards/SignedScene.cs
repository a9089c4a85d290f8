using System.Text.Json.Nodes;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Tests;

/// <summary>A request for a new image beside a running one of which the commit is proven, and what signers say about it.</summary>
internal static class SignedScene
{
    public const string Running = "registry.example.com/shop/web@sha256:2222222222222222222222222222222222222222222222222222222222222222";
    public const string New = "registry.example.com/shop/web@sha256:1111111111111111111111111111111111111111111111111111111111111111";

    public static Signer Forge { get; } = new("forge", KeyRole.SourceReview);

    public static Signer Build { get; } = new("build", KeyRole.Build);

    public static Signer Verifier { get; } = new("verifier", KeyRole.Vsa, Stated.Verifier);

    public static KeySet Keys { get; } = KeySet.Of(Forge.Trusted, Build.Trusted, Verifier.Trusted);

    public static SafeguardPolicy Human() => Policy("AiAssisted");

    public static SafeguardPolicy Always() => Policy("Always");

    public static SafeguardPolicy Policy(string required, string unknown = "AiAssisted") =>
        Some.Policy(
            $$"""
            {"approval": {"required": "{{required}}", "quorum": [{"groups": ["senior-engineers"]}]},
             "origin": {
               "unknown": "{{unknown}}",
               "keys": [{"name": "forge", "role": "SourceReview", "pem": {{Pem(
                Forge
            )}} }, {"name": "build", "role": "Build", "pem": {{Pem(Build)}} },
                 {"name": "verifier", "role": "Vsa", "verifierId": "{{Stated.Verifier}}", "pem": {{Pem(Verifier)}} }],
               "sources": [{"images": ["registry.example.com/shop/web"], "repository": "{{Stated.Repository}}", "refs": ["refs/heads/main"]}],
               "registries": [{"host": "registry.example.com"}]},
             "identities": [
               {"person": "erin", "names": ["github:2002", "erin@example.com"], "groups": ["senior-engineers"]},
               {"person": "dave", "names": ["github:1001"], "groups": ["senior-engineers"]}]}
            """
        );

    private static string Pem(Signer signer) => JsonValue.Create(signer.Key.Public.Pem).ToJsonString();

    public static JsonObject Deployment(string image) => Some.Deployment(image);

    public static ClusterSnapshot Cluster(
        SafeguardPolicy policy,
        IReadOnlyList<SignedFacts> signed,
        Phase phase = Phase.Proven,
        string? commit = "",
        Signer? provenBy = null,
        Func<Change, Change>? record = null
    )
    {
        var running = Some.Change(Deployment(Running), phase);
        record ??= c => c;
        return new ClusterSnapshot
        {
            Policies = [policy],
            LiveHash = running.TemplateHash,
            Changes = [record(running with { ProvenCommits = commit is null ? [] : [Commit(Running, Stated.Running, provenBy)] })],
            SignedFacts = signed,
        };
    }

    /// <summary>A commit on record, as the forge proved it.</summary>
    public static ProvenCommit Commit(string image, string commit, Signer? provenBy = null)
    {
        var key = (provenBy ?? Forge).Trusted;
        return new ProvenCommit(Always().Name, image, Stated.Repository, commit, [key.Name]) { KeyIds = [key.Key.KeyId] };
    }

    public static Verdict Decide(
        SafeguardPolicy policy,
        FoundAttestation[] found,
        JsonObject? after = null,
        Requester? by = null,
        Phase phase = Phase.Proven,
        string? commit = "",
        Approvals.Approval? mine = null,
        Func<Change, Change>? record = null
    )
    {
        var request = Some.Update(Deployment(Running), after ?? Deployment(New), by);
        var cluster = Cluster(policy, [], phase, commit, record: record);
        var origin = policy.SignedOrigin ?? throw new InvalidOperationException("no keys");
        var runs = new RunningImage(Running, SignedQuestions.CommitOf(Running, policy, Keys, cluster));
        var question = OriginQuestion.Of(policy, origin, New, new JudgedImage(Stated.Digest), [runs]);
        var proven = OriginEvaluator.Evaluate(question, AttestationVerifier.Verify(found, Keys), Some.Now);
        return Some.Decide(
            request,
            cluster with
            {
                SignedFacts = [new SignedFacts(policy.Name, [new SignedImage(New, proven)])],
                Approvals = mine is null ? [] : [mine],
            }
        );
    }

    /// <param name="recorded">What an earlier request found.</param>
    public static Verdict Unavailable(SafeguardPolicy policy, Approvals.Approval? approval = null, Approvals.SignedBacking? recorded = null)
    {
        var cluster = Cluster(
            policy,
            [new SignedFacts(policy.Name, [new SignedImage(New, null) { Unavailable = "registry.example.com: no answer" }])]
        );
        return Some.Decide(
            Some.Update(Deployment(Running), Deployment(New)),
            cluster with
            {
                Changes =
                [
                    .. cluster.Changes,
                    Some.Change(Deployment(New), Phase.Pending) with
                    {
                        Backing = recorded is null ? [] : [recorded],
                    },
                ],
                Approvals = approval is null ? [] : [approval],
            }
        );
    }
}

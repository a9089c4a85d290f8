using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using static DeployGuard.Core.Tests.SignedScene;

namespace DeployGuard.Core.Tests;

/// <summary>A key is known by itself and not by its name: another key may get the name of one that left.</summary>
public class SignedKeyTests
{
    private static readonly Signer s_former = new("forge", KeyRole.SourceReview);

    [Test]
    public void WhatAFormerKeyOfTheSameNameProvedIsNoBase()
    {
        var policy = Always();

        Assert.That(SignedQuestions.CommitOf(Running, policy, Keys, Cluster(policy, [])), Is.EqualTo(Stated.Running));
        Assert.That(SignedQuestions.CommitOf(Running, policy, Keys, Cluster(policy, [], provenBy: s_former)), Is.Null);
        Assert.That(
            SignedQuestions.CommitOf(Running, policy, KeySet.Of(s_former.Trusted), Cluster(policy, [], provenBy: s_former)),
            Is.EqualTo(Stated.Running)
        );
    }

    [Test]
    public void TheSameKeyUnderAnotherNameStillCounts() =>
        Assert.That(
            SignedQuestions.CommitOf(Running, Always(), KeySet.Of(Forge.Trusted with { Name = "renamed" }), Cluster(Always(), [])),
            Is.EqualTo(Stated.Running)
        );

    [Test]
    public void WhatAKeyProvedThatMayNotSayItAnyMoreIsNoBase() =>
        Assert.That(
            SignedQuestions.CommitOf(
                Running,
                Always(),
                KeySet.Of(new TrustedKey("summaries", KeyRole.Vsa, Forge.Trusted.Key, Stated.Verifier)),
                Cluster(Always(), [])
            ),
            Is.Null
        );

    /// <summary>No released version wrote it.</summary>
    [Test]
    public void ARecordWithoutKeysCountsNoMore()
    {
        var cluster = Cluster(Always(), [], record: c => c with { ProvenCommits = [Commit(Running, Stated.Running) with { KeyIds = [] }] });

        Assert.That(SignedQuestions.CommitOf(Running, Always(), Keys, cluster), Is.Null);
    }

    [Test]
    public void TheRecordHasTheKeysOfTheCommitAndOfTheEvidence()
    {
        var verdict = Decide(Always(), [Forge.Says(Stated.Change().ReviewedBy("github:2002")), Build.Says(Stated.Build(), "build")]);
        var (forge, build) = (Forge.Key.Public.KeyId, Build.Key.Public.KeyId);

        Assert.That(verdict.SignedFacts.Single().Images.Single().Provenance?.Head?.KeyIds, Is.EquivalentTo(new[] { forge, build }));
        Assert.That(verdict.Backing.Single().KeyIds, Is.EquivalentTo(new[] { forge, build }));
    }

    /// <summary>Between requests too, where the key is in the text of the policy. One in a Secret is read at the next request.</summary>
    [Test]
    public void EvidenceOfAFormerKeyStandsNoMore()
    {
        var found = Decide(Always(), [Forge.Says(Stated.Change().ReviewedBy("github:2002"))]).Backing.Single();
        var change = Some.Change(Deployment(New), Phase.Pending) with { Backing = [found] };

        Assert.That(Reviews(k => k), Is.EqualTo(1));
        Assert.That(Reviews(k => k.Name == "forge" ? k with { Pem = s_former.Key.Public.Pem } : k), Is.Zero);
        Assert.That(
            Reviews(k => k.Name == "forge" ? k with { Pem = null, Secret = new SecretReference("forge", "pub") } : k),
            Is.EqualTo(1)
        );

        int? Reviews(Func<OriginKey, OriginKey> edit)
        {
            var policy = Always();
            var signed = policy.SignedOrigin ?? throw new AssertionException("no keys");
            var edited = policy with { SignedOrigin = signed with { Keys = [.. signed.Keys.Select(edit)] } };
            return StandingEvidence.Of(change, edited, found.RanHash ?? "", Some.Now)?.Reviews.Count;
        }
    }
}

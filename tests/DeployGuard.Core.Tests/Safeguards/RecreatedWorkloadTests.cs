using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using static DeployGuard.Core.Tests.SignedScene;

namespace DeployGuard.Core.Tests;

/// <summary>A workload that was deleted and is created again: what was last proven of it counts as what runs.</summary>
public class RecreatedWorkloadTests
{
    private const string Oldest = "registry.example.com/shop/web@sha256:3333333333333333333333333333333333333333333333333333333333333333";

    private static readonly Change s_old = Recorded(Oldest, Stated.Commit('e'), Phase.Proven, hours: -9);
    private static readonly Change s_last = Recorded(Running, Stated.Running, Phase.Proven, hours: -5);

    /// <summary>An old image, of which every commit was reviewed, has a statement about the whole history too.</summary>
    [Test]
    public void AnOldImageDoesNotComeBackByItsStatementAboutTheWholeHistory()
    {
        var whole = Stated.Change(from: Stated.Commit('0'));

        Assert.That(Create([], whole).IsAllowed, Is.True, "a new workload");
        Assert.That(Create([s_old, s_last], whole).IsAllowed, Is.False);
        Assert.That(Create([s_old, s_last], whole).Reasons(), Does.Contain("StatementHeadOnly"));
        Assert.That(Create([s_old, s_last], Stated.Change()).IsAllowed, Is.True, "reviewed since what was last proven");
    }

    [Test]
    public void ARefusedRequestForAnOldRevisionDoesNotMakeItTheLastOne()
    {
        var asked = s_old with { LastRequestedAt = Some.Now.AddMinutes(-1) };

        Assert.That(RunningBefore([asked, s_last]), Is.EqualTo(new[] { Running }));
    }

    [Test]
    public void ARollbackDoes()
    {
        var returned = s_old with { LastReturnedAt = Some.Now.AddMinutes(-1) };

        Assert.That(RunningBefore([returned, s_last]), Is.EqualTo(new[] { Oldest }));
    }

    /// <summary>An image may not go back to the one that was proven, behind one that was admitted since and ran.</summary>
    [TestCase(Phase.Admitted)]
    [TestCase(Phase.Running)]
    [TestCase(Phase.Completed)]
    public void WhatWasAdmittedSinceThenCountsToo(Phase phase)
    {
        var since = s_last with { Phase = phase };
        var parallel = Stated.Change(from: Stated.Commit('e'));

        Assert.That(RunningBefore([since, s_old]), Is.EqualTo(new[] { Running, Oldest }));
        Assert.That(RunningBefore([since]), Is.EqualTo(new[] { Running }));
        Assert.That(RunningBefore([s_last with { Phase = Phase.Pending }]), Is.Empty);
        Assert.That(Create([s_old], parallel).IsAllowed, Is.True, "it leads from what was proven");
        Assert.That(Create([since, s_old], parallel).IsAllowed, Is.False, "and not from what came since");
    }

    /// <summary>The time of a phase is recorded to the second, and that of a rollback is not.</summary>
    [TestCase(0)]
    [TestCase(900)]
    public void OfTwoInTheSameSecondEitherMayHaveComeLast(int milliseconds)
    {
        var since = s_last with { Phase = Phase.Admitted };
        var returned = s_old with { Since = since.Since, LastReturnedAt = since.Since.AddMilliseconds(milliseconds) };

        Assert.That(RunningBefore([since, returned]), Is.EquivalentTo(new[] { Running, Oldest }));
    }

    /// <summary>An image that stays in the last revision does not hide what was in its place before.</summary>
    [Test]
    public void AnImageThatStaysHidesNothingOfAnotherRevision()
    {
        const string Kept = "registry.example.com/shop/kept@sha256:4444444444444444444444444444444444444444444444444444444444444444";
        var policy = PolicyOf("registry.example.com/shop/*");
        var cluster = new ClusterSnapshot
        {
            Policies = [policy],
            Changes = [s_old with { Phase = Phase.Running }, s_last with { Phase = Phase.Running, Images = [Kept] }],
        };
        var after = Deployment(New).With("spec/template/spec/initContainers", $$"""[{"name": "kept", "image": "{{Kept}}"}]""");
        var evaluated = Some.Evaluator.Classify(Some.Create(after), cluster, Some.Now);

        Assert.That(SignedQuestions.RunningBefore(evaluated, New, policy, cluster), Is.EquivalentTo(new[] { Oldest, Kept }));
    }

    [Test]
    public void WhereNothingIsProvenAllThatWasAdmittedCounts() =>
        Assert.That(
            RunningBefore([s_old with { Phase = Phase.Running }, s_last with { Phase = Phase.Running }]),
            Is.EquivalentTo(new[] { Running, Oldest })
        );

    [Test]
    public void WhatWasAdmittedBeforeThenDoesNotCount() =>
        Assert.That(RunningBefore([s_last, s_old with { Phase = Phase.Completed }]), Is.EqualTo(new[] { Running }));

    /// <summary>A renamed image, or another one of a monorepo: its statement about the whole history is no way around what ran.</summary>
    [Test]
    public void AnImageOfTheSameSourcesUnderAnotherNameRanBefore()
    {
        const string Legacy = "registry.example.com/shop/legacy@sha256:4444444444444444444444444444444444444444444444444444444444444444";
        const string Other = "registry.example.com/other/tool@sha256:4444444444444444444444444444444444444444444444444444444444444444";
        var policy = PolicyOf("registry.example.com/shop/*");

        Assert.That(SignedQuestions.StartsAmong([Legacy], New, policy, []), Is.EqualTo(new[] { Legacy }));
        Assert.That(SignedQuestions.StartsAmong([Running, Legacy], New, policy, []), Is.EqualTo(new[] { Running, Legacy }));
        Assert.That(SignedQuestions.StartsAmong([Running, Legacy], New, policy, [Legacy]), Is.EqualTo(new[] { Running }), "it stays");
        Assert.That(SignedQuestions.StartsAmong([Legacy], New, policy, [Legacy]), Is.EqualTo(new[] { Legacy }), "nothing else is known");
        Assert.That(SignedQuestions.StartsAmong([Other], New, policy, []), Is.Empty);
        Assert.That(SignedQuestions.StartsAmong([Legacy], New, Always(), []), Is.Empty, "of no repository that is known");
    }

    private static SafeguardPolicy PolicyOf(string images) =>
        Always() with
        {
            SignedOrigin = (Always().SignedOrigin ?? throw new AssertionException("no keys")) with
            {
                Sources = [new OriginSource([images], Stated.Repository, ["refs/heads/main"])],
            },
        };

    /// <summary>Its commit is not known, so that the new one needs an approval.</summary>
    [Test]
    public void WhatABreakGlassAdmittedLastIsNoBaseEither()
    {
        var rejected = s_last with { BreakGlassUses = [new BreakGlassUse("emergency", "olga", Some.Now, "alice") { IsRejected = true }] };

        Assert.That(Create([s_old, rejected], Stated.Change()).IsAllowed, Is.False);
        Assert.That(Create([s_old, rejected], Stated.Change(from: Stated.Commit('0'))).IsAllowed, Is.False);
    }

    private static Change Recorded(string image, string commit, Phase phase, int hours) =>
        Some.Change(Deployment(image), phase) with
        {
            Images = [image],
            Since = Some.Now.AddHours(hours),
            ProvenCommits = [Commit(image, commit)],
        };

    private static IReadOnlyList<string> RunningBefore(Change[] records)
    {
        var cluster = new ClusterSnapshot { Policies = [Always()], Changes = records };
        var evaluated = Some.Evaluator.Classify(Some.Create(Deployment(New)), cluster, Some.Now);
        return SignedQuestions.RunningBefore(evaluated, New, Always(), cluster);
    }

    /// <summary>With a reviewed statement that names the whole template.</summary>
    private static Verdict Create(Change[] records, ChangeStatement change)
    {
        var (policy, after) = (Always(), Deployment(New));
        var cluster = new ClusterSnapshot { Policies = [policy], Changes = records };
        var statement = change
            .ReviewedBy("github:2002")
            .About(Stated.Image(), StatementSubject.Of("Deployment shop/web", StatementSubject.TemplateHash, after.Read().Template.Hash));
        var question = OriginQuestion.Of(
            policy,
            policy.SignedOrigin ?? throw new AssertionException("no keys"),
            New,
            new JudgedImage(Stated.Digest),
            [.. RunningBefore(records).Select(i => new RunningImage(i, SignedQuestions.CommitOf(i, policy, Keys, cluster)))]
        );
        var proven = OriginEvaluator.Evaluate(
            question,
            AttestationVerifier.Verify([Forge.Says(statement)], KeySet.Of(Forge.Trusted)),
            Some.Now
        );
        return Some.Decide(
            Some.Create(after),
            cluster with
            {
                SignedFacts = [new SignedFacts(policy.Name, [new SignedImage(New, proven)])],
            }
        );
    }
}

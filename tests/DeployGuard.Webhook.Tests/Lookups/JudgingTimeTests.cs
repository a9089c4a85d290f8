using System.Text;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Registry.References;
using DeployGuard.Webhook.Lookups;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Webhook.Tests.Lookups;

/// <summary>One request is judged for a second: what is left then is unread, and relaxes nothing.</summary>
[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class JudgingTimeTests : EvidenceFixture
{
    /// <summary>The clock is read at least twice for each image.</summary>
    private static readonly TimeSpan s_eachReading = TimeSpan.FromMilliseconds(600);

    [Test]
    public async Task TheImagesOfARequestAreJudgedForASecondTogetherAndARetryGoesOnFromThere()
    {
        var after = Deployment([Image, PushSigned("2"), PushSigned("3")]);
        Clock.AutoAdvanceAmount = s_eachReading;
        var slow = (await ReadAsync(Policy(), after)).Single().Images;
        Clock.AutoAdvanceAmount = TimeSpan.Zero;
        var retry = (await ReadAsync(Policy(), after)).Single().Images;

        Assert.That(slow.Select(IsUnjudged), Is.EqualTo(new[] { false, true, true }));
        Assert.That(slow[0].Provenance?.Head, Is.Not.Null);
        Assert.That(slow.Skip(1).Select(i => i.Provenance?.Head), Has.All.Null);
        Assert.That(retry.Select(IsUnjudged), Has.All.False);
        Assert.That(retry.Select(i => i.Provenance?.Head), Has.All.Not.Null);
    }

    [Test]
    public async Task ThePoliciesOfARequestShareTheSecond()
    {
        SafeguardPolicy[] policies = [Policy(), Policy() with { Name = "tier-2" }];
        Clock.AutoAdvanceAmount = s_eachReading / 8;

        var alone = await JudgedAsync(policies[..1], "alone");
        var together = await JudgedAsync(policies, "together");

        // Both may begin one before the other has spent the last of it.
        Assert.That(together, Is.LessThanOrEqualTo(alone + 1));
        Assert.That(alone, Is.GreaterThan(2).And.LessThan(20), "the second is over before all of 20 images are judged");
    }

    /// <returns>How many of 20 new images are judged in one request, counted for each policy.</returns>
    private async Task<int> JudgedAsync(IReadOnlyList<SafeguardPolicy> policies, string content)
    {
        var after = Deployment([.. Enumerable.Range(0, 20).Select(i => PushSigned($"{content} {i}"))]);
        var facts = await ReadAsync(new ClusterSnapshot { Policies = policies }, null, after);
        return facts.Sum(f => f.Images.Count(i => !IsUnjudged(i)));
    }

    [Test]
    public async Task TheSecondLookHasWhatTheFirstOneLeft()
    {
        var time = new FakeTimeProvider(Clock.GetUtcNow());
        Use(RegistryProxy.None, time);
        var policy = Policy();
        Clock.AutoAdvanceAmount = s_eachReading;
        var first = await ReadAsync(policy);
        Clock.AutoAdvanceAmount = TimeSpan.Zero;
        Attach(Image, with: c => c with { Ai = new AiDeclaration(AiStatus.Unknown, []) });
        time.Advance(TimeSpan.FromSeconds(2));

        var again = await ReadAgainAsync(policy, first);

        Assert.That(IsUnjudged(first.Single().Images.Single()), Is.False);
        Assert.That(IsUnjudged(again.Single().Images.Single()), Is.True);
        Assert.That(IsUnjudged((await ReadAsync(policy)).Single().Images.Single()), Is.False, "the next request has a second of its own");
    }

    /// <summary>Else an author would name images first that take long to judge, and then approve the own change.</summary>
    [Test]
    public async Task WhatWasHeardOfAnImageTightensAlsoWhereThereIsNoTimeToJudgeIt()
    {
        var own = PushSigned("own");
        var authors = (await ReadAsync(Policy(), Deployment([own]))).Single().Images.Single().Provenance?.Authors;
        Clock.AutoAdvanceAmount = s_eachReading;

        var images = (await ReadAsync(Policy(), Deployment([PushSigned("slow"), own]))).Single().Images;

        Assert.That(IsUnjudged(images[1]), Is.True);
        Assert.That(images[1].Provenance?.Authors, Is.Not.Empty.And.EqualTo(authors));
        Assert.That(
            (images[1].Provenance?.Head, images[1].Provenance?.Chain.Count, images[1].Provenance?.Reviews.Count),
            Is.EqualTo(((HeadCommit?)null, 0, 0)),
            "it relaxes nothing"
        );
    }

    [Test]
    public async Task NothingIsJudgedPastTheDeadlineOfTheRequest()
    {
        var policy = Policy();
        await ReadAsync(policy);

        var late = await ReadAsync(policy, new CancellationToken(canceled: true));

        Assert.That(IsUnjudged(late.Single().Images.Single()), Is.True);
    }

    private static bool IsUnjudged(SignedImage image) =>
        image.Provenance?.Findings.Any(f => f.Kind is FindingKind.Unread && f.What.StartsWith("was not judged", StringComparison.Ordinal))
        ?? throw new AssertionException(image.Unavailable);

    /// <returns>The image, as a template names it.</returns>
    private string PushSigned(string content)
    {
        var image = $"{Registry.Host}/acme/web@{Repository.PushImage(content)}";
        Attach(image);
        return image;
    }

    private void Attach(string image, Func<ChangeStatement, ChangeStatement>? with = null)
    {
        var digest = Digest.TryParse(image.Split('@')[1]) ?? throw new InvalidOperationException($"{image} has no digest");
        var signed = Signed(digest.Hex, with: with);
        Repository.AttachReferrer(digest, Encoding.UTF8.GetString(SigstoreBundle.Of(signed, Forge.Public).ToJson()));
    }
}

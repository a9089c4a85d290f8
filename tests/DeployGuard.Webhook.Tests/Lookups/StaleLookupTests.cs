using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using ImageReference = DeployGuard.Registry.References.ImageReference;

namespace DeployGuard.Webhook.Tests.Lookups;

/// <summary>
/// Who follows the advice of a refusal, and pushes the statement that was missing, must not meet the same refusal out of a cache.
/// </summary>
[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class StaleLookupTests : EvidenceFixture
{
    private readonly List<RunningWebhook> _webhooks = [];

    /// <summary>Of the webhook and its lookups.</summary>
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());

    [TearDown]
    public async Task StopAsync()
    {
        foreach (var webhook in _webhooks)
        {
            await webhook.DisposeAsync();
        }
    }

    /// <summary>
    /// What lies beside the image already is about the image alone, as the statement of a build. The dry run that writes the manifest for
    /// <c>attest --manifest</c> looks it up too.
    /// </summary>
    [Test]
    public async Task AStatementThatWasPushedAfterARefusalCountsOnEveryReplica()
    {
        var replicas = new[] { await StartAsync(Policy()), await StartAsync(Policy()) };
        foreach (var replica in replicas)
        {
            await MessageAsync(replica, dryRun: true);
            Assert.That(await MessageAsync(replica), Does.Contain("ApprovalMissing"));
        }

        PushForTheTemplate();
        _time.Advance(TimeSpan.FromSeconds(6));

        foreach (var replica in replicas)
        {
            Assert.That(await MessageAsync(replica), Is.Null);
        }
    }

    /// <summary>
    /// The recipe of the docs: <c>kubectl apply --dry-run=server | deployguard attest --push</c>, and <c>kubectl apply</c> at once.
    /// </summary>
    [Test]
    public async Task ADryRunBeforeThePushDelaysNothing([Values] bool isThereAStatementBefore)
    {
        if (!isThereAStatementBefore)
        {
            Image = $"{Registry.Host}/acme/web@{Repository.PushImage("2")}";
        }

        var webhook = await StartAsync(Policy());
        Assert.That(await MessageAsync(webhook, dryRun: true), Does.Contain("ApprovalMissing"));

        PushForTheTemplate();

        Assert.That(await MessageAsync(webhook), Is.Null);
    }

    [Test]
    public async Task WhoIsRefusedAndPushesCountsASecondLater()
    {
        var webhook = await StartAsync(Policy());
        Assert.That(await MessageAsync(webhook), Does.Contain("ApprovalMissing"));

        PushForTheTemplate();
        _time.Advance(TimeSpan.FromSeconds(1.1));

        Assert.That(await MessageAsync(webhook), Is.Null);
    }

    /// <summary>Who may push may delete, too: also between two looks of one request, and by a dry run that makes the second.</summary>
    [Test]
    public async Task ASignOfAiThatWasSeenIsNotForgottenOnceItIsDeleted([Values] bool dryRunBetween)
    {
        var webhook = await StartAsync(Policy());
        PushForTheTemplate(c => c with { Ai = new AiDeclaration(AiStatus.Assisted, []) });
        Assert.That(await MessageAsync(webhook, dryRun: true), Does.Contain("AI-assisted"));

        Registry.Referrers?.Clear();
        PushForTheTemplate();
        _time.Advance(TimeSpan.FromSeconds(7));
        if (dryRunBetween)
        {
            Assert.That(await MessageAsync(webhook, dryRun: true), Does.Contain("AI-assisted"));
        }

        Assert.That(await MessageAsync(webhook), Does.Contain("AI-assisted"));

        Registry.Contents.TryRemove($"{Repository.Name}/manifests/{Image.Split('@')[1]}", out _);
        _time.Advance(TimeSpan.FromSeconds(7));
        Assert.That(await MessageAsync(webhook), Does.Contain("AI-assisted"), "an image that is gone takes nothing away");
    }

    /// <summary>A statement that was signed by mistake, and deleted, ends.</summary>
    [Test]
    public async Task WhatWasDeletedIsForgottenAfterMinutes()
    {
        var webhook = await StartAsync(Policy());
        PushForTheTemplate(c => c with { Ai = new AiDeclaration(AiStatus.Assisted, []) });
        Assert.That(await MessageAsync(webhook, dryRun: true), Does.Contain("AI-assisted"));

        Registry.Referrers?.Clear();
        PushForTheTemplate();
        _time.Advance(TimeSpan.FromMinutes(8));

        Assert.That(await MessageAsync(webhook), Is.Null);
    }

    [Test]
    public async Task ASignOfAiThatWasPushedAfterARefusalIsSeenToo()
    {
        var webhook = await StartAsync(Policy());
        await MessageAsync(webhook);

        PushForTheTemplate(c => c with { Ai = new AiDeclaration(AiStatus.Assisted, []) });
        _time.Advance(TimeSpan.FromSeconds(6));

        Assert.That(await MessageAsync(webhook), Does.Contain("AI-assisted"));
    }

    [Test]
    public async Task WhoIsRefusedAgainAndAgainMakesOneLookupInASecond()
    {
        var webhook = await StartAsync(Policy());
        await MessageAsync(webhook);
        var calls = Registry.Calls.Count;

        _time.Advance(TimeSpan.FromSeconds(0.9));
        await MessageAsync(webhook);
        Assert.That(Registry.Calls, Has.Count.EqualTo(calls), "it was looked up less than a second ago");

        _time.Advance(TimeSpan.FromSeconds(2));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => MessageAsync(webhook)));
        Assert.That(Registry.Calls, Has.Count.EqualTo(2 * calls), "eight requests at the same time are one lookup");
    }

    [Test]
    public async Task DryRunsMakeOneLookupInFiveSeconds()
    {
        var webhook = await StartAsync(Policy());
        await MessageAsync(webhook, dryRun: true);
        var calls = Registry.Calls.Count;

        _time.Advance(TimeSpan.FromSeconds(4));
        await MessageAsync(webhook, dryRun: true);
        Assert.That(Registry.Calls, Has.Count.EqualTo(calls), "it was looked up four seconds ago");

        _time.Advance(TimeSpan.FromSeconds(2));
        await MessageAsync(webhook, dryRun: true);
        Assert.That(Registry.Calls, Has.Count.EqualTo(2 * calls));
    }

    [Test]
    public async Task WhatIsAllowedByWhatWasFoundBeforeIsNotLookedUpAgain()
    {
        PushForTheTemplate();
        var webhook = await StartAsync(Policy());
        Assert.That(await MessageAsync(webhook), Is.Null);
        var calls = Registry.Calls.Count;

        _time.Advance(TimeSpan.FromMinutes(4));

        Assert.That(await MessageAsync(webhook), Is.Null);
        Assert.That(Registry.Calls, Has.Count.EqualTo(calls));
    }

    [Test]
    public async Task TenThousandDecisionsOnOneDigestAreOneLookup()
    {
        PushForTheTemplate();
        var webhook = await StartAsync(Policy());
        Assert.That(await MessageAsync(webhook), Is.Null);
        var calls = Registry.Calls.Count;

        for (var batch = 0; batch < 200; batch++)
        {
            Assert.That(await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => MessageAsync(webhook))), Has.All.Null);
        }

        Assert.That(Registry.Calls, Has.Count.EqualTo(calls));
    }

    [Test]
    public async Task WhatWasFoundBeforeStandsWhereTheRegistryFailsNow()
    {
        var webhook = await StartAsync(Policy());
        var before = await MessageAsync(webhook);
        _time.Advance(TimeSpan.FromSeconds(6));
        Registry.Misbehave(
            _ => true,
            context =>
            {
                context.Response.StatusCode = StatusCodes.Status403Forbidden;
                return Task.CompletedTask;
            }
        );

        Assert.That(await MessageAsync(webhook), Is.EqualTo(before));
        Assert.That(before, Does.Contain("ApprovalMissing").And.Not.Contain("OriginUnavailable"));
    }

    private async Task<RunningWebhook> StartAsync(SafeguardPolicy policy)
    {
        var webhook = await RunningWebhook.StartAsync(
            new LiteralFacts { Cached = new ClusterSnapshot { Policies = [policy] } },
            time: _time
        );
        _webhooks.Add(webhook);
        return webhook;
    }

    private void PushForTheTemplate(Func<ChangeStatement, ChangeStatement>? with = null)
    {
        var digest = ImageReference.TryParse(Image)?.Pinned?.Digest ?? throw new AssertionException("no digest");
        var template = WorkloadReader.Default.Read(JsonSerializer.SerializeToElement(Requested())).Template.Hash;
        var signed = Signed(digest.Hex, template: template, with: with);
        Repository.AttachReferrer(digest, Encoding.UTF8.GetString(SigstoreBundle.Of(signed, Forge.Public).ToJson()));
    }

    /// <summary>Null if it is allowed; of a dry run, what is warned of.</summary>
    private async Task<string?> MessageAsync(RunningWebhook webhook, bool dryRun = false)
    {
        var review = Reviews.Of("CREATE", "apps", "Deployment", "deployments", "dana", Requested(), dryRun: dryRun);
        var response = await webhook.SendAsync("/admit/workloads?timeout=10s", review);
        return !response.GetProperty("allowed").GetBoolean() ? response.GetProperty("status").GetProperty("message").GetString()
            : dryRun && response.TryGetProperty("warnings", out var warnings) ? $"{warnings}"
            : null;
    }

    /// <summary>Without the annotation by which the requester says that AI had a part.</summary>
    private JsonObject Requested()
    {
        var requested = Reviews.Deployment(Image);
        requested["spec"]?["template"]?["metadata"]?.AsObject().Remove("annotations");
        return requested;
    }
}

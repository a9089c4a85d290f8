using System.Diagnostics;
using System.Text.Json.Nodes;
using DeployGuard.Core.Attestations;
using DeployGuard.Registry.References;
using DeployGuard.Rig;
using static DeployGuard.EndToEnd.Sandbox;
using static DeployGuard.EndToEnd.SignedSource;

namespace DeployGuard.EndToEnd;

/// <summary>Everything since what runs must be judged: ways to leave a part of it out, and statements about templates.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class BypassRangeTests
{
    private const string Always = "range";
    private const string IfAiAssisted = "range-ai";
    private const string TwoKeys = "range-two-keys";
    private static readonly string s_none = new('0', 40);

    /// <summary>That nothing was found is kept for five seconds.</summary>
    private static readonly TimeSpan s_forgotten = TimeSpan.FromSeconds(8);

    private readonly SigningKey _second = NewKey();
    private SignedSource? _source;
    private Sandbox? _sandbox;

    private SignedSource Source => _source ?? throw new InvalidOperationException("not started");

    private Sandbox Shared => _sandbox ?? throw new InvalidOperationException("not started");

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _source = await SignedSource.StartAsync();
        await _source.CreatePolicyAsync(Always, "Always");
        await _source.CreatePolicyAsync(IfAiAssisted, "AiAssisted");
        await _source.CreatePolicyAsync(TwoKeys, "Always");
        _sandbox = await _source.WithProvenCommitAsync(IfAiAssisted);
    }

    [OneTimeTearDown]
    public void Stop() => _source?.Dispose();

    /// <summary>Whatever else the statement may not say, a sign of AI in it is heard.</summary>
    [Test]
    public async Task Threat65_ASignOfAiInTheMiddleOfTheRangeCounts()
    {
        var assisted = Change('b', 'c') with { Ai = new AiDeclaration(AiStatus.Assisted, []), Approvals = [] };
        (string Name, ChangeStatement Change, SigningKey Key)[] signs =
        [
            ("by the build", assisted, Source.Build),
            ("incomplete", assisted with { IsComplete = false }, Source.Forge),
            ("expired", assisted with { ExpiresAt = TimeProvider.System.GetUtcNow().AddMinutes(-1) }, Source.Forge),
        ];
        foreach (var (name, change, key) in signs)
        {
            var image = await Source.ImageAsync($"sign of AI {name}");
            await Source.AttachAsync(image, [.. TwoHumanLinks(image), Signed(change.About(OfCommit('c')), key)]);
            Assert.That(
                await Source.RefusedAsync(Shared, image),
                Does.Contain("AI-assisted change (statement)").And.Contain("ApprovalMissing"),
                name
            );
        }

        var human = await Source.ImageAsync("two human links");
        await Source.AttachAsync(human, TwoHumanLinks(human));
        (await Source.DryRunSetImageAsync(Shared, human)).OrFail();
    }

    [Test]
    public async Task Threat66_AReviewThatWasTakenBackCountsNoMore()
    {
        var sandbox = await Source.WithProvenCommitAsync(Always);
        var dismissed = Change('a', 'c') with
        {
            Approvals =
            [
                new StatedApproval("github:2002", ApproverKind.Human, ReviewState.Dismissed, Commit('c'), TimeProvider.System.GetUtcNow()),
            ],
        };
        var image = await Source.ImageAsync("dismissed for another base");
        await Source.AttachAsync(
            image,
            Signed(Change('b', 'c').About(Subject(image)), Source.Forge),
            Signed(dismissed.About(Subject(image)), Source.Forge)
        );

        Assert.That(await Source.RefusedAsync(sandbox, image), Does.Contain("ApprovalMissing"));
    }

    [Test]
    public async Task Threat64_WhatABreakGlassBroughtIsReviewedBeforeOthersBuildOnIt()
    {
        var sandbox = await Source.WithProvenCommitAsync(Always);
        var unreviewed = await Source.ImageAsync("unreviewed");
        await Source.AttestAsync(unreviewed, Change('b', 'c'), Source.Build);
        (await sandbox.BreakGlassAsync("down", "--waive", "Approval,Canary,Pace")).OrFail();
        (await AnsweredAsync(() => sandbox.SetImageAsync(Source.Name(unreviewed), "olga"))).OrFail();
        await sandbox.IsRolledOutAsync("web");

        var next = await Source.ImageAsync("built on it");
        var asked = Web(Source.Name(next));
        var template = await SignedTemplate.OfRefusedAsync(sandbox, asked);
        await Source.AttachAsync(next, Signed(Change('c', 'd').About(Subject(next), template), Source.Forge));

        await StaysRefusedAsync(sandbox, asked);
    }

    [Test]
    public async Task Threat68_AnOldRevisionIsNotTheFirstOneAfterTheWorkloadWasDeleted()
    {
        var sandbox = await Source.WithProvenCommitAsync(Always);
        var old = await Source.ImageAsync("of the first commit");
        (await sandbox.KubectlAsync("dana", "delete", "deployment/web", "--wait=true")).OrFail();
        var asked = Web(Source.Name(old), replicas: 1);
        var template = await SignedTemplate.OfRefusedAsync(sandbox, asked);
        await Source.AttachAsync(old, Signed(Change(s_none, Commit('a')).About(Subject(old), template), Source.Forge));

        await StaysRefusedAsync(sandbox, asked);
    }

    /// <summary>A change of the template alone, with a statement that the request brings along, and what it does not open.</summary>
    [Test]
    public async Task Threat61_AReviewedTemplateCountsFromTheRevisionThatRuns()
    {
        var sandbox = await Source.WithProvenCommitAsync(Always);
        var running = await Source.ImageAsync($"first of {sandbox.Namespace}");
        JsonObject Asked(string value, DsseEnvelope? statement = null) => SignedTemplate.WithMode(Source.Name(running), value, statement);

        var template = await SignedTemplate.OfRefusedAsync(sandbox, Asked("on"));
        var stale = Signed(Change('a', 'b').About(template), Source.Forge);
        var reviewed = Signed(Change('b', 'c').About(template), Source.Forge);

        await StaysRefusedAsync(sandbox, Asked("on", stale));
        await StaysRefusedAsync(sandbox, Asked("off", reviewed));
        (await AnsweredAsync(() => sandbox.ApplyAsync("dana", Asked("on", reviewed)))).OrFail();
        Assert.That(await VotesAsync(sandbox), Is.EqualTo(1), "the approval of the first image alone");
    }

    /// <summary>Nor does it pass an image of its own off as one of a commit that both keys reviewed.</summary>
    [Test]
    public async Task Threat71_OneKeyOfTwoIsNotEnough()
    {
        var sandbox = await Source.WithProvenCommitAsync(TwoKeys);
        await EditOriginAsync(
            TwoKeys,
            $$"""
            {"reviewThreshold": 2, "keys": [
              {"name": "forge", "role": "SourceReview", "pem": {{Json(Source.Forge.Public.Pem)}} },
              {"name": "second", "role": "SourceReview", "pem": {{Json(_second.Public.Pem)}} }]}
            """
        );

        var image = await Source.ImageAsync("two keys");
        var statement = Change('b', 'c').About(Subject(image));
        await Source.AttachAsync(image, Signed(statement, Source.Forge));
        await Wait.UntilAsync(
            () => Source.DryRunSetImageAsync(sandbox, image),
            run =>
                run.Output.Contains("1 of 2", StringComparison.Ordinal) && run.Output.Contains("ApprovalMissing", StringComparison.Ordinal),
            "the threshold, once the replicas know the policy"
        );

        DsseEnvelope[] both = [Signed(statement, Source.Forge), Signed(statement, _second)];
        await Source.AttachAsync(image, both);
        await Source.PassesAsync(sandbox, image);

        var evil = await Source.ImageAsync("of no commit");
        var link = Change(s_none, Commit('c')) with { IsComplete = false, Approvals = [] };
        await Source.AttachAsync(evil, [.. both, Signed(link.About(Subject(evil)), _second)]);
        Assert.That(await Source.RefusedAsync(sandbox, evil), Does.Contain("1 of 2 keys").And.Contain("ApprovalMissing"));
    }

    /// <summary>The advice of a refusal works at once, although what was found before is kept for minutes.</summary>
    [Test]
    public async Task AStatementThatIsPushedAfterARefusalIsFoundByTheNextTry()
    {
        var sandbox = await Source.WithProvenCommitAsync(Always);
        var image = await Source.ImageAsync("built, and reviewed later");
        var built = Signed(Change('b', 'c').About(Subject(image)), Source.Build);
        await Source.AttachAsync(image, built);
        Assert.That(await Source.RefusedAsync(sandbox, image), Does.Contain("StatementRole").And.Contain("ApprovalMissing"));

        await Source.AttachAsync(image, built, Signed(Change('b', 'c').About(Subject(image)), Source.Forge));
        await Source.PassesAsync(sandbox, image);
    }

    /// <summary>The links b to c and c to d, by humans alone and without a review; the second is about the image.</summary>
    private DsseEnvelope[] TwoHumanLinks(Digest image) =>
        [
            Signed((Change('b', 'c') with { Approvals = [] }).About(OfCommit('c')), Source.Forge),
            Signed((Change('c', 'd') with { Approvals = [] }).About(Subject(image)), Source.Forge),
        ];

    /// <summary>For longer than the registry's answer from before the statement is kept.</summary>
    private static async Task StaysRefusedAsync(Sandbox sandbox, JsonObject asked)
    {
        for (var since = Stopwatch.StartNew(); since.Elapsed < s_forgotten; await Task.Delay(TimeSpan.FromSeconds(1)))
        {
            Assert.That((await AnsweredAsync(() => sandbox.ApplyAsync("dana", asked))).Output, Does.Contain("ApprovalMissing"));
        }
    }
}

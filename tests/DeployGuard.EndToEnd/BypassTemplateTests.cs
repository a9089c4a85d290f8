using System.Text;
using System.Text.Json.Nodes;
using DeployGuard.Core.Attestations;
using DeployGuard.Registry.References;
using DeployGuard.Rig;
using static DeployGuard.EndToEnd.Sandbox;
using static DeployGuard.EndToEnd.SignedSource;

namespace DeployGuard.EndToEnd;

/// <summary>Bypasses by reviewed images and templates in places that nobody reviewed.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class BypassTemplateTests
{
    private const string Policy = "templates";
    private const string Other = "acme/web-next";

    private SignedSource? _source;
    private Sandbox? _sandbox;

    private SignedSource Source => _source ?? throw new InvalidOperationException("not started");

    private Sandbox Shared => _sandbox ?? throw new InvalidOperationException("not started");

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _source = await SignedSource.StartAsync();
        await _source.CreatePolicyAsync(
            Policy,
            "AiAssisted",
            spec => spec["origin"]!["sources"]![0]!["images"]!.AsArray().Add($"{_source.Host}/{Other}")
        );
        _sandbox = await _source.WithProvenCommitAsync(Policy);
    }

    [OneTimeTearDown]
    public void Stop() => _source?.Dispose();

    [Test]
    public async Task Threat57_AReviewedImageOfAnotherRepositoryIsNoNewVersion()
    {
        var debug = await Source.ImageElsewhereAsync(
            Other,
            "for debugging",
            i => [Signed(Human('b', 'c').About(Subject(i)), Source.Forge)]
        );
        var run = await AnsweredAsync(() => Shared.DryRunSetImageAsync(debug));

        Assert.That(run.Output, Does.Contain("takes the place of an image of another repository").And.Contain("ApprovalMissing"));
    }

    [Test]
    public async Task Threat57_ImagesThatRunDoNotChangePlaces()
    {
        var sandbox = await UnguardedAsync();
        var (web, side) = (Source.Name(await Source.ImageAsync("in front")), await ReviewedElsewhereAsync("beside"));
        (await sandbox.ApplyAsync("admin", WithTwo(web, side))).OrFail();
        await sandbox.IsRolledOutAsync("web");
        await sandbox.GuardAsync(Policy);

        var run = await AnsweredAsync(() => sandbox.ApplyAsync("dana", WithTwo(side, web), "--dry-run=server"));

        Assert.That(run.Output, Does.Contain("only the template changed").And.Contain("ApprovalMissing"));
    }

    /// <summary>The first of two steps: the next image of the other repository would be a new version of this one.</summary>
    [Test]
    public async Task Threat57_TheSameContentUnderTheNameOfAnotherRepositoryNeedsAnApproval()
    {
        const string Seed = "to be renamed";
        var sandbox = await UnguardedAsync();
        var before = Source.Name(await Source.ImageAsync("before both"));
        (await sandbox.ApplyAsync("admin", WithTwo(before, before))).OrFail();
        await sandbox.IsRolledOutAsync("web");
        await sandbox.GuardAsync(Policy);
        var (web, side) = (await Source.ImageAsync(Seed), await ReviewedElsewhereAsync("the first beside it"));
        Assert.That((await AppliedAsync(Source.Name(web), side)).Output, Does.Contain("ApprovalMissing"));
        (await sandbox.ApproveAsync("alice", await sandbox.ChangeInPhaseAsync("Pending"))).OrFail();
        (await AppliedAsync(Source.Name(web), side)).OrFail();
        await Wait.UntilAsync(
            sandbox.ChangesAsync,
            changes =>
                changes.Any(c => PhaseOf(c) == "Proven" && c.GetProperty("spec").GetRawText().Contains($"{web}", StringComparison.Ordinal)),
            "both images to be proven"
        );

        var renamed = await Source.ImageElsewhereAsync(Other, Seed, _ => []);
        var next = await Source.ImageElsewhereAsync(
            Other,
            "the next beside it",
            i => [Signed(Human('c', 'd').About(Subject(i)), Source.Forge)]
        );
        Assert.That(renamed, Does.EndWith($"@{web}"));
        Assert.That(
            (await AppliedAsync(renamed, next, "--dry-run=server")).Output,
            Does.Contain("takes the place of an image of another repository").And.Contain("ApprovalMissing")
        );
        await Wait.UntilAsync(
            () => AppliedAsync(Source.Name(web), next, "--dry-run=server"),
            run => run.Succeeded && !run.Output.Contains("ApprovalMissing", StringComparison.Ordinal),
            "the image that stays under its name to pass"
        );

        Task<Run> AppliedAsync(string web, string side, params string[] flags) =>
            AnsweredAsync(() => sandbox.ApplyAsync("dana", WithTwo(web, side), flags));
    }

    [Test]
    public async Task Threat57_AReviewedImageInAnEphemeralContainerNeedsAnApproval()
    {
        Server.SkipIf(
            !await Server.ServesAsync("api/v1", "pods/ephemeralcontainers") || Server.Version < new Version(1, 23),
            "ephemeral containers"
        );
        var image = await Source.ImageAsync("reviewed, for a debugger");
        await Source.AttestAsync(image, Human('b', 'c'));
        (await Source.DryRunSetImageAsync(Shared, image)).OrFail();
        var pod = (await Shared.KubectlAsync("admin", "get", "pods", "-o", "jsonpath={.items[0].metadata.name}")).OrFail().Output;

        var run = await AnsweredAsync(() => Shared.KubectlAsync("admin", "debug", pod, $"--image={Source.Name(image)}", "-c", "debugger"));

        Assert.That(run.Succeeded, Is.False);
        Assert.That(run.Output, Does.Contain("ApprovalMissing"));
    }

    [Test]
    public async Task Threat58_AReviewedTemplateCountsForItsOwnWorkloadAlone()
    {
        var hash = await AskedAsync("elsewhere");
        (string Workload, bool Passes)[] workloads =
        [
            ($"Deployment {Shared.Namespace}-staging/web", false),
            ($"Deployment {Shared.Namespace}/api", false),
            ($"Deployment {Shared.Namespace}/web", true),
        ];
        foreach (var (workload, passes) in workloads)
        {
            var statement = Signed(Human('b', 'c').About(SignedTemplate.Of(workload, hash)), Source.Forge);
            var run = await DryRunAsync("elsewhere", statement);
            Assert.That(run.Succeeded, Is.EqualTo(passes), $"{workload}: {run.Output}");
            Assert.That(run.Output.Contains("ApprovalMissing", StringComparison.Ordinal), Is.Not.EqualTo(passes), workload);
        }
    }

    /// <summary>Nothing of the new repository runs yet, but something of its sources does.</summary>
    [Test]
    public async Task Threat73_AnOldImageUnderAnotherNameIsNotTheFirstOne()
    {
        var old = await OfTemplateAsync("old", Change(new string('0', 40), Commit('a')));
        Assert.That(old.Output, Does.Contain("StatementHeadOnly").And.Contain("ApprovalMissing"));

        (await OfTemplateAsync("renamed", Change('b', 'c'))).OrFail();

        async Task<Run> OfTemplateAsync(string seed, ChangeStatement change)
        {
            var name = await Source.ImageElsewhereAsync(Other, seed, _ => []);
            var template = await SignedTemplate.OfRefusedAsync(Shared, Web(name));
            await Source.ImageElsewhereAsync(Other, seed, i => [Signed(change.About(Subject(i), template), Source.Forge)]);
            return await Wait.UntilAsync(
                () => AnsweredAsync(() => Shared.ApplyAsync("dana", Web(name), "--dry-run=server")),
                run => !run.Output.Contains("no signed statement was found", StringComparison.Ordinal),
                "the statement to be found"
            );
        }
    }

    /// <summary>One was proven, another was admitted since, and then the workload was deleted.</summary>
    [Test]
    public async Task Threat73_WhatWasAdmittedBeforeTheWorkloadWasDeletedIsLedOnFrom()
    {
        var sandbox = await Source.WithProvenCommitAsync(Policy);
        var admitted = await Source.ImageAsync($"admitted in {sandbox.Namespace}");
        await Source.AttestAsync(admitted, Human('b', 'c'));
        await Wait.UntilAsync(() => Source.SetImageAsync(sandbox, admitted), run => run.Succeeded, "the reviewed image to be admitted");
        (await sandbox.KubectlAsync("dana", "delete", "deployment/web", "--wait=true")).OrFail();
        Assert.That((await sandbox.ChangesAsync()).Count(c => PhaseOf(c) == "Proven"), Is.EqualTo(2), "the first two, and not this one");

        var next = await Source.ImageAsync($"next in {sandbox.Namespace}");
        var asked = Web(Source.Name(next), replicas: 1);
        var template = await SignedTemplate.OfRefusedAsync(sandbox, asked);
        await Source.AttachAsync(next, Signed(Human('b', 'd').About(Subject(next), template), Source.Forge));
        await AnswersAsync(run => run.Output.Contains("StatementHeadOnly", StringComparison.Ordinal));

        await Source.AttachAsync(
            next,
            Signed(Human('c', 'd').About(Subject(next), template), Source.Forge),
            Signed(Human('b', 'c').About(OfCommit('c')), Source.Forge)
        );
        await AnswersAsync(run => run.Succeeded);

        Task AnswersAsync(Func<Run, bool> accept) =>
            Wait.UntilAsync(
                () => AnsweredAsync(() => sandbox.ApplyAsync("dana", asked, "--dry-run=server")),
                accept,
                "the new statement to be found"
            );
    }

    /// <summary>One is in the annotation, and the other beside the image, in either order.</summary>
    [Test]
    public async Task Threat75_OfTwoStatementsThatNameATemplateTheSignOfAiCounts()
    {
        var running = await RunningAsync();
        var template = SignedTemplate.Of($"Deployment {Shared.Namespace}/web", await AskedAsync("twice"));
        var human = Signed(Human('b', 'c').About(OfCommit('c'), template), Source.Forge);
        var assisted = Human('b', 'd') with { Ai = new AiDeclaration(AiStatus.Assisted, []) };
        var ai = Signed(assisted.About(OfCommit('d'), template), Source.Forge);
        (await DryRunAsync("twice", human)).OrFail();

        await Source.AttachAsync(running, human);
        await IsAiAssistedAsync(ai);

        // A request that passes rests on what was read before. The statement of a stranger shows that a refused one looked again.
        await Source.AttachAsync(running, ai, Signed(Human('b', 'c').About(Subject(running)), NewKey()));
        var (before, after) = await DirectCall.WebAsync(Shared, Source.Name(running));
        var asked = SignedTemplate.WithMode(Source.Name(running), "twice", ai);
        var env = asked["spec"]!["template"]!["spec"]!["containers"]![0]!["env"]!;
        after["spec"]!["template"]!["spec"]!["containers"]![0]!["env"] = env.DeepClone();
        after["metadata"]!["annotations"] = asked["metadata"]!["annotations"]!.DeepClone();
        await Shared.EveryReplicaAnswersAsync("StatementKey", after, before);
        await IsAiAssistedAsync(human);

        async Task IsAiAssistedAsync(DsseEnvelope brought) =>
            Assert.That(
                (await DryRunAsync("twice", brought)).Output,
                Does.Contain("AI-assisted change (statement)").And.Contain("ApprovalMissing")
            );
    }

    private static ChangeStatement Human(char from, char to) => Change(from, to) with { Approvals = [] };

    private static JsonObject WithTwo(string front, string beside)
    {
        var both = Web(front);
        both["spec"]!["template"]!["spec"]!["containers"]!.AsArray().Add(Parse($$"""{"name": "side", "image": "{{beside}}"}"""));
        return both;
    }

    private Task<string> ReviewedElsewhereAsync(string seed) =>
        Source.ImageElsewhereAsync(Other, seed, i => [Signed(Change('b', 'c').About(Subject(i)), Source.Forge)]);

    /// <summary>The image that runs in the shared namespace.</summary>
    private Task<Digest> RunningAsync() => Source.ImageAsync($"first of {Shared.Namespace}");

    /// <summary>Asks for a template of the image that runs, with another variable, and returns its hash.</summary>
    private async Task<string> AskedAsync(string value) =>
        (await SignedTemplate.OfRefusedAsync(Shared, SignedTemplate.WithMode(Source.Name(await RunningAsync()), value))).Digests[
            StatementSubject.TemplateHash
        ];

    private async Task<Run> DryRunAsync(string value, DsseEnvelope statement)
    {
        var asked = SignedTemplate.WithMode(Source.Name(await RunningAsync()), value, statement);
        return await AnsweredAsync(() => Shared.ApplyAsync("dana", asked, "--dry-run=server"));
    }
}

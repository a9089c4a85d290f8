using System.Text.Json;
using DeployGuard.Core.Attestations;
using DeployGuard.Registry.References;
using static DeployGuard.EndToEnd.SignedSource;

namespace DeployGuard.EndToEnd;

/// <summary>Bypasses that signed evidence could open.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class BypassEvidenceTests
{
    private const string Policy = "threats";
    private const string StolenBuild = "threats-build";
    private const string StolenForge = "threats-forge";

    private SignedSource? _source;
    private Sandbox? _sandbox;

    private SignedSource Source => _source ?? throw new InvalidOperationException("not started");

    private Sandbox Shared => _sandbox ?? throw new InvalidOperationException("not started");

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _source = await SignedSource.StartAsync();
        foreach (var policy in (string[])[Policy, StolenBuild, StolenForge])
        {
            await _source.CreatePolicyAsync(policy, "Always");
        }

        _sandbox = await _source.WithProvenCommitAsync(Policy);
    }

    [OneTimeTearDown]
    public void Stop() => _source?.Dispose();

    [Test]
    public async Task Threat11_ATagOfAnAttestedImageProvesNothing()
    {
        var image = await Source.ImageAsync("tagged");
        await Source.AttestAsync(image, Change('b', 'c'));
        await Source.TagAsync(image, "latest");
        (await Source.DryRunSetImageAsync(Shared, image)).OrFail();

        Assert.That((await Shared.SetImageAsync(Source.Tag("latest"))).Output, Does.Contain("ApprovalMissing"));
    }

    [Test]
    public async Task Threat14_AStatementWithoutAiTakesNoAnnotationBack()
    {
        var image = await Source.ImageAsync("annotated");
        await Source.AttestAsync(image, Change('b', 'c') with { Approvals = [] });
        var web = Sandbox.Web(Source.Name(image), aiAssisted: true);

        Assert.That((await Shared.ApplyAsync("dana", web)).Output, Does.Contain("ApprovalMissing"));
        Assert.That(await OriginAsync(image), Is.EqualTo("AiAssisted"));
        Assert.That(await Source.RefusedAsync(Shared, image), Does.Contain("ApprovalMissing"), "an annotation that is gone is remembered");
    }

    [TestCase("""{"status":{"provenance":[{"policy":"threats","image":"web","commit":"c"}]}}""")]
    [TestCase("""{"status":{"signedEvidence":[{"policy":"threats","human":true}]}}""")]
    public async Task Threat15_UsersCannotWriteWhatEvidenceProved(string status)
    {
        var image = await Source.ImageAsync("not attested");
        await Source.RefusedAsync(Shared, image);
        var change = await Rig.Wait.UntilAsync(() => Shared.ChangeOfAsync(Source.Name(image)), c => c.Length > 0, "the Change");

        Assert.That(
            (await Shared.KubectlAsync("admin", "patch", "change", change, "--type=merge", "-p", status)).Output,
            Does.Contain("ManagedByDeployGuard")
        );
    }

    [Test]
    public async Task Threat18_AReviewOfAnotherCommitOrByItsAuthorIsNoApproval()
    {
        var good = Change('b', 'c');
        var image = await Source.ImageAsync("review of the base");
        await Source.AttestAsync(image, good with { Approvals = [.. good.Approvals.Select(a => a with { Commit = new string('b', 40) })] });
        Assert.That(await Source.RefusedAsync(Shared, image), Does.Contain("StatementReview").And.Contain("ApprovalMissing"));

        var own = await Source.ImageAsync("review by its author");
        await Source.AttestAsync(own, good with { Authors = ["github:2002"] });
        Assert.That(await Source.RefusedAsync(Shared, own), Does.Contain("StatementReview").And.Contain("ApprovalMissing"));
    }

    [Test]
    public async Task Threat49_AStolenBuildKeyApprovesNothingAndEndsWithThePolicysTrust()
    {
        var sandbox = await Source.WithProvenCommitAsync(StolenBuild);
        var image = await Source.ImageAsync("built by a thief");
        await Source.AttestAsync(image, Change('b', 'c'), Source.Build);
        Assert.That(await Source.RefusedAsync(sandbox, image), Does.Contain("StatementRole").And.Contain("ApprovalMissing"));

        // What it can do: pass an image off as one of a commit that others reviewed.
        var passedOff = await Source.ImageAsync("passed off");
        await Source.AttachAsync(
            passedOff,
            Signed(Change('b', 'c').About(Subject(passedOff)), Source.Build),
            Signed(Change('b', 'c').About(StatementSubject.Of("web", StatementSubject.Commit, new string('c', 40))), Source.Forge)
        );
        (await Source.DryRunSetImageAsync(sandbox, passedOff)).OrFail();
        await TrustAsync(StolenBuild, ("forge", "SourceReview", Source.Forge));
        await Source.IsRefusedAsync(sandbox, passedOff, "StatementKey");
    }

    [Test]
    public async Task Threat50_AStolenKeyOfTheForgeEndsWithThePolicysTrust()
    {
        var sandbox = await Source.WithProvenCommitAsync(StolenForge);
        var image = await Source.ImageAsync("approved by a thief");
        await Source.AttestAsync(image, Change('b', 'c'));
        (await Source.DryRunSetImageAsync(sandbox, image)).OrFail();
        // The thief gets no more than the image of the named repository.
        var other = Sandbox.Web(Source.Name(image));
        other["spec"]!["template"]!["spec"]!["containers"]![0]!["command"] = new System.Text.Json.Nodes.JsonArray("sh");
        Assert.That((await sandbox.ApplyAsync("dana", other)).Output, Does.Contain("signed reviews speak for images alone"));

        await TrustAsync(StolenForge, ("next", "SourceReview", NewKey()));
        await Source.IsRefusedAsync(sandbox, image, "StatementKey");
    }

    [Test]
    public async Task Threat51_ADeletedStatementRelaxesNothing()
    {
        var image = await Source.ImageAsync("deleted");
        await Source.AttachAsync(image);

        Assert.That(await Source.RefusedAsync(Shared, image), Does.Contain("ApprovalMissing"));
    }

    [Test]
    public async Task Threat52_AnOldImageWithItsOldStatementIsNoChangeSinceWhatRuns()
    {
        var old = await Source.ImageAsync("old");
        await Source.AttestAsync(old, Change('9', 'a'));

        Assert.That(await Source.RefusedAsync(Shared, old), Does.Contain("StatementHeadOnly").And.Contain("ApprovalMissing"));
    }

    [Test]
    public async Task Threat54_AMovedTagOfStatementsBringsThoseOfAnotherImage()
    {
        var (good, evil) = (await Source.ImageAsync("reviewed"), await Source.ImageAsync("evil"));
        await Source.AttachAsync(evil, Signed(Change('b', 'c').About(Subject(good)), Source.Forge));

        Assert.That(await Source.RefusedAsync(Shared, evil), Does.Contain("StatementReplayed").And.Contain("ApprovalMissing"));
    }

    [Test]
    public async Task Threat55_ALookAlikeRepositoryIsNotTheNamedOne()
    {
        var images = await Source.LookAlikeAsync("look-alike", Change('b', 'c'));
        Assert.That((await SignedSource.AnsweredAsync(() => Shared.SetImageAsync(images))).Output, Does.Contain("ApprovalMissing"));

        foreach (
            var source in (ChangeSource[])[Evil with { Repository = $"git+{Address}.evil" }, Evil with { Ref = "refs/heads/main-evil" }]
        )
        {
            var image = await Source.ImageAsync($"{source}");
            await Source.AttestAsync(image, Change('b', 'c') with { Source = source });
            Assert.That(await Source.RefusedAsync(Shared, image), Does.Contain("StatementRepository").And.Contain("ApprovalMissing"));
        }
    }

    private static ChangeSource Evil => Change('b', 'c').Source;

    private async Task<string?> OriginAsync(Digest image)
    {
        var changes = await Rig.Wait.UntilAsync(
            Shared.ChangesAsync,
            all => all.Any(c => c.GetProperty("spec").GetRawText().Contains($"{image}", StringComparison.Ordinal)),
            "the Change"
        );
        return Of(changes).GetProperty("status").GetProperty("origin").GetProperty("kind").GetString();

        JsonElement Of(IEnumerable<JsonElement> all) =>
            all.First(c => c.GetProperty("spec").GetRawText().Contains($"{image}", StringComparison.Ordinal));
    }
}

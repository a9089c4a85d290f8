using DeployGuard.Registry.References;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>What images in a real registry say of themselves, up to the answer that a real kubectl prints.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class ImageLabelTests
{
    private const string Labelled = "image-labels";

    private SignedSource? _source;

    private SignedSource Source => _source ?? throw new InvalidOperationException("not started");

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _source = await SignedSource.StartAsync();
        await _source.CreateLabelPolicyAsync(Labelled);
    }

    [OneTimeTearDown]
    public void Stop() => _source?.Dispose();

    [Test]
    public async Task ASignOfAiOnAnImageAsksForAnApprovalAndStaysOnRecord()
    {
        var sandbox = await UnguardedAsync();
        (await sandbox.ApplyAsync("admin", Web(V1))).OrFail();
        await sandbox.GuardAsync(Labelled);

        var plain = await Source.ImageAsync("plain");
        (await Source.SetImageAsync(sandbox, plain)).OrFail();

        var marked = await Source.ImageAsync("marked", ("Assisted-by", "Claude:claude-opus-4"));
        var refused = await Source.SetImageAsync(sandbox, marked);
        Assert.That(refused.Output, Does.Contain($"AI-assisted change (mark in image label of {Source.Name(marked)}"));

        // A refusal is recorded after its answer.
        var change = await Rig.Wait.UntilAsync(
            () => sandbox.ChangeOfAsync(Source.Name(marked)),
            name => name.Length > 0,
            "the refused change to be recorded"
        );
        var shown = await sandbox.KubectlAsync("alice", "deployguard", "show", change);
        Assert.That(shown.Output, Does.Contain("Assisted-by: Claude: Claude:claude-opus-4"));
        (await sandbox.ApproveAsync("alice", change)).OrFail();
        (await Source.SetImageAsync(sandbox, marked)).OrFail();
    }
}

using DeployGuard.Chart.Tests;
using DeployGuard.Rig;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>
/// A release from the previous version of the chart to its uninstallation, step by step in one cluster. The replicas run the current
/// binary: no binary of the previous version is available.
/// </summary>
public class ChartLifecycleTests : OwnCluster
{
    private static readonly string s_previous = Path.Combine(AppContext.BaseDirectory, "charts", "previous", "deployguard-0.1.0.tgz");

    private Sandbox? _guarded;
    private Sandbox? _elsewhere;

    private Sandbox Guarded => _guarded ?? throw new InvalidOperationException("not started");

    private Sandbox Elsewhere => _elsewhere ?? throw new InvalidOperationException("not started");

    protected override string? Chart => s_previous;

    protected override bool IsSequence => true;

    protected override async Task PrepareAsync()
    {
        (await Plane.KubectlAsync("admin", "apply", "-f", TestCluster.Manifest("other-operators.yaml"))).OrFail();
        (
            await Plane.KubectlAsync(
                "admin",
                "wait",
                "--for=condition=Established",
                "--timeout=600s",
                "-f",
                TestCluster.Manifest("other-operators.yaml")
            )
        ).OrFail();
        // The replicas are of this version, and write hashes that the previous definitions reject. Helm updates definitions before it
        // replaces pods.
        var definitions = (await Rendered.OfAsync())
            .Objects.Where(o =>
                o.GetProperty("kind").ValueEquals("CustomResourceDefinition")
                // Helm does not adopt definitions that it did not create.
                && !o.GetProperty("metadata").GetProperty("name").ValueEquals("changetemplates.deployguard.io")
            )
            .Select(o => o.GetRawText());
        (
            await Plane.KubectlAsync(
                "admin",
                string.Join("\n---\n", definitions),
                ["apply", "--server-side", "--force-conflicts", "--field-manager=helm", "-f", "-"]
            )
        ).OrFail();
        _guarded = await WithWebRunningAsync();
        _elsewhere = await UnguardedAsync();
    }

    [Test, Step(1)]
    public async Task UpgradeFromThePreviousVersionKeepsEveryEntryAndBlocksNoRequest()
    {
        await using var probe = new AvailabilityProbe(Elsewhere);

        Assert.That(
            (await UpgradeAsync("--reuse-values")).Output,
            Does.Contain("missing properties").And.Contain("networkPolicy"),
            "new values cannot be reused"
        );
        var notes = (await UpgradeAsync("--reset-then-reuse-values")).OrFail().Output;
        Assert.That(notes, Does.Match("These policies enforce, and go on enforcing while replicas are replaced: .*\\bguarded\\b"));
        Assert.That(notes, Does.Match("Other policies refuse nothing. Warn: .*Audit: baseline"));

        await probe.AssertNoOutageAsync();
        await AssertGuardedAsync();
    }

    [Test, Step(2)]
    public async Task ServerAcceptsTheManifestsOfEveryValuesFile()
    {
        var served = (await Plane.KubectlAsync("admin", "api-versions")).OrFail().Output.Split('\n');
        foreach (var way in Rendered.Matrix)
        {
            var rendered = await Rendered.OfAsync(
                "-f",
                Rendered.ValuesFile(way),
                "--namespace",
                Elsewhere.Namespace,
                "--api-versions=monitoring.coreos.com/v1"
            );
            var known = rendered
                .Objects.Where(o => served.Contains(o.GetProperty("apiVersion").GetString()))
                .Select(o => o.GetRawText())
                .ToList();

            Assert.That(
                (await Plane.KubectlAsync("admin", string.Join("\n---\n", known), ["apply", "--dry-run=server", "-f", "-"]))
                    .OrFail()
                    .Output.Split('\n')
                    .Count(l => l.Contains("(server dry run)", StringComparison.Ordinal)),
                Is.EqualTo(known.Count),
                way
            );
        }
    }

    [Test, Step(3)]
    public async Task UpgradeToEveryValuesFileLeavesNoGap()
    {
        foreach (var way in Rendered.Matrix)
        {
            await using var probe = new AvailabilityProbe(Elsewhere);

            (await UpgradeAsync("-f", Rendered.ValuesFile(way))).OrFail();

            await probe.AssertNoOutageAsync();
            await AssertGuardedAsync();
        }
    }

    [Test, Step(4)]
    public async Task RollbackToThePreviousVersionAndUpgradeAgainLeaveNoGap()
    {
        await using var probe = new AvailabilityProbe(Elsewhere);

        (await Plane.HelmAsync("admin", "rollback", "deployguard", "1", "-n", "deployguard-system")).OrFail();
        await AssertGuardedAsync();
        (await UpgradeAsync()).OrFail();

        await probe.AssertNoOutageAsync();
        await AssertGuardedAsync();
    }

    [Test, Step(5)]
    public async Task UninstallWhileReplicasRunLeavesNoWebhookAndKeepsTheRecords()
    {
        await Guarded.ChangeInPhaseAsync("Pending");

        (await UninstallAsync()).OrFail();

        Assert.That(TestCluster.Rig.Installation?.Replicas.Select(r => r.Daemon.Id) ?? [], Has.Exactly(2).Items);
        await Wait.UntilAsync(() => Guarded.SetImageAsync(V3), run => run.Succeeded, "the API server to see that the webhooks are gone");
        await Guarded.ObservedAsync("deployment/web");
        (await Guarded.KubectlAsync("admin", "rollout", "undo", "deployment/web")).OrFail();
        Assert.That(
            (
                await Plane.KubectlAsync("admin", "get", "validatingwebhookconfigurations,mutatingwebhookconfigurations", "-o", "name")
            ).Output,
            Does.Not.Contain("deployguard")
        );
        Assert.That((await Guarded.KubectlAsync("admin", "get", "changes")).OrFail().Output, Does.Contain("Pending"));
    }

    [Test, Step(6)]
    public async Task ReinstallWhileFormerReplicasRunBlocksNoRequestAndGuardsAgain()
    {
        using var former = TestCluster.Rig.Installation;

        var notes = (await Plane.HelmAsync("admin", Installation.HelmArguments(Toolbox.Chart))).OrFail().Output;
        Assert.That(
            notes,
            Does.Match("Nothing is enforced at this moment. As soon as a replica answers, these policies .* will enforce: .*\\bguarded\\b")
        );

        (await Elsewhere.ApplyAsync("dana", Web("web:1"))).OrFail();
        await TestCluster.Rig.RunInstalledAsync(replicas: 2);
        // As their kubelets would. Until then the API server may still call them through an open connection.
        former?.Dispose();
        await Wait.UntilAsync(
            () => Guarded.DryRunSetImageAsync(V3),
            run => run.Output.Contains("ApprovalMissing", StringComparison.Ordinal),
            "the namespace to be guarded again"
        );
        Assert.That((await Guarded.SetImageAsync(V3)).Output, Does.Contain("ApprovalMissing"));
    }

    [Test, Step(7)]
    public async Task UninstallRemovesTheDefinitionsIfTheyAreNotKept()
    {
        (await UpgradeAsync("--set", "crds.keep=false")).OrFail();

        (await UninstallAsync()).OrFail();

        await Wait.UntilAsync(
            () => Plane.KubectlAsync("admin", "get", "crds", "-o", "name"),
            run => !run.Output.Contains("deployguard.io", StringComparison.Ordinal),
            "the definitions to be deleted"
        );
        (await Elsewhere.KubectlAsync("dana", "delete", "deployment", "web")).OrFail();
    }

    private static Task<Run> UpgradeAsync(params IEnumerable<string> arguments) =>
        Plane.HelmAsync("admin", ["upgrade", "deployguard", Toolbox.Chart, "-n", "deployguard-system", "--history-max=0", .. arguments]);

    private static Task<Run> UninstallAsync() => Plane.HelmAsync("admin", "uninstall", "deployguard", "-n", "deployguard-system");

    /// <summary>
    /// An unapproved request is never admitted. A replica that just started may answer once that it could not read in time.
    /// </summary>
    private async Task AssertGuardedAsync() =>
        await Wait.UntilAsync(
            () => Guarded.SetImageAsync(),
            run =>
            {
                Assert.That(run.Succeeded, Is.False);
                return run.Output.Contains("ApprovalMissing", StringComparison.Ordinal);
            },
            "the namespace to be guarded"
        );
}

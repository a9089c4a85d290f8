using DeployGuard.Rig;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>The first page of the runbook: every command as it is printed there, by the person who has the role that it names.</summary>
public class OnCallCardTests : OwnCluster
{
    private static readonly IReadOnlyList<string> s_card =
    [
        .. File.ReadAllLines(Path.Combine(Toolbox.Repository, "docs", "runbook.md"))
            .SkipWhile(l => l != "## On-call card")
            .TakeWhile(l => l != "## Break the glass"),
    ];

    protected override async Task PrepareAsync() =>
        await Plane.KubectlAsync("admin", "create", "clusterrolebinding", "on-call", "--clusterrole=deployguard-doctor", "--group=on-call");

    [Test]
    public async Task EveryCommandDoesWhatTheCardSays()
    {
        var shop = await WithWebRunningAsync();
        await BreakGlassIsMadeReviewedAndEnded(shop);
        await RolloutIsUndone(shop);
        (await CardAsync(shop, "olga", "kubectl deployguard doctor")).OrFail();
        await GateIsOpenedAndClosed(shop);
    }

    private static async Task BreakGlassIsMadeReviewedAndEnded(Sandbox shop)
    {
        Assert.That((await shop.SetImageAsync(user: "olga")).Output, Does.Contain("ApprovalMissing"));
        var made = (await CardAsync(shop, "olga", "kubectl deployguard breakglass")).OrFail();
        (await shop.SetImageAsync(user: "olga")).OrFail();

        var name = (await CardAsync(shop, "olga", "kubectl get breakglasses")).OrFail().Output.Split('\n')[1].Split(' ')[0];
        Assert.That(made.Output, Does.Contain($"BreakGlass {name} waives Approval"));
        (await CardAsync(shop, "olga", "kubectl delete breakglass", name)).OrFail();
        var change = await shop.ChangeOfAsync(V2);
        Assert.That((await CardAsync(shop, "olga", "kubectl deployguard changes")).OrFail().Output, Does.Contain(change));
        await shop.SettleAsync();
        // The card lets a person read and confirm it.
        (await CardAsync(shop, "alice", "kubectl deployguard approve", change, more: " --yes")).OrFail();
        Assert.That((await shop.SetImageAsync(V3, "olga")).Output, Does.Contain("ApprovalMissing"), "it has ended");
    }

    private static async Task RolloutIsUndone(Sandbox shop)
    {
        (await CardAsync(shop, "olga", "kubectl rollout status")).OrFail();
        (await CardAsync(shop, "olga", "kubectl rollout undo")).OrFail();
        (await CardAsync(shop, "olga", "kubectl rollout status")).OrFail();
    }

    private static async Task GateIsOpenedAndClosed(Sandbox shop)
    {
        Assert.That(
            (await ProbeAsync(shop)).OrFail().Output,
            Does.Contain("Warning: ").And.Contain("(server dry run)"),
            "a dry run is answered with warnings"
        );
        (await CardAsync(shop, "admin", "kubectl patch validatingwebhookconfiguration")).OrFail();
        await Wait.UntilAsync(() => shop.SetImageAsync(V3), run => run.Succeeded, "the API server to see the open gate");
        Assert.That((await ProbeAsync(shop)).OrFail().Output, Does.Not.Contain("Warning: ").And.Contain("(server dry run)"));

        (await CardAsync(shop, "admin", "kubectl annotate validatingwebhookconfiguration")).OrFail();
        await Wait.UntilAsync(
            () => CardAsync(shop, "admin", "kubectl get validatingwebhookconfiguration"),
            run => run.OrFail().Output.Contains("workloads.deployguard.io\tFail", StringComparison.Ordinal),
            "the gate to be closed"
        );
        await Wait.UntilAsync(
            () => ProbeAsync(shop),
            run => run.Output.Contains("Warning: ", StringComparison.Ordinal),
            "the probe to be answered again"
        );
    }

    /// <summary>The probe of the runbook, in the namespace of this test.</summary>
    private static Task<Run> ProbeAsync(Sandbox shop) =>
        shop.KubectlAsync("olga", "create", "deployment", "probe", "--image=probe", "--dry-run=server");

    /// <summary>Runs the one line of the card that begins so, in a shell.</summary>
    private static Task<Run> CardAsync(Sandbox shop, string user, string begin, string name = "", string more = "")
    {
        var line = s_card.Single(l => l.StartsWith(begin, StringComparison.Ordinal));
        var command = line.Replace("deploy/NAME", "deploy/web", StringComparison.Ordinal)
            .Replace("NAMESPACE", shop.Namespace, StringComparison.Ordinal)
            .Replace("BREAKGLASS", name, StringComparison.Ordinal)
            .Replace("CHANGE", name, StringComparison.Ordinal);
        return Run.OfAsync("/bin/sh", ["-c", command + more], Plane.Environment(user));
    }
}

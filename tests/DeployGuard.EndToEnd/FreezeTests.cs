using System.Globalization;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>A freeze blocks new revisions, says until when, and admits rollbacks.</summary>
[Parallelizable(ParallelScope.All)]
public class FreezeTests
{
    [Test]
    public async Task FreezeBlocksNewRevisionsAndAdmitsRollbacks()
    {
        var sandbox = await WithWebRunningAsync("exempting");
        (await sandbox.SetImageAsync(V2, "erin")).OrFail();
        (await sandbox.KubectlAsync("dana", "rollout", "status", "deployment/web", "--timeout=600s")).OrFail();
        await sandbox.SettleAsync();
        await FreezeAsync(sandbox, TimeSpan.FromHours(-1), TimeSpan.FromHours(1));

        var refused = await sandbox.SetImageAsync(V3, "erin");
        Assert.That(
            refused.Output,
            Does.Contain("Frozen: policy ").And.Contain(" blocks new revisions until ").And.Contain(": Peak week. See runbook.")
        );
        (await sandbox.KubectlAsync("dana", "rollout", "undo", "deployment/web")).OrFail();
        (await sandbox.KubectlAsync("dana", "rollout", "restart", "deployment/web")).OrFail();
        (await sandbox.KubectlAsync("dana", "scale", "deployment/web", "--replicas=4")).OrFail();
        (
            await sandbox.KubectlAsync(
                "olga",
                "deployguard",
                "breakglass",
                "deployment/web",
                "--incident",
                "INC-1",
                "--reason",
                "orders fail",
                "--waive",
                "Freeze",
                "--waive",
                "Approval"
            )
        ).OrFail();
        (await sandbox.SetImageAsync(V3, "olga")).OrFail();
    }

    [Test]
    public async Task FreezeIsAnnouncedADayAhead()
    {
        var sandbox = await WithWebRunningAsync("exempting");
        await FreezeAsync(sandbox, TimeSpan.FromHours(1), TimeSpan.FromHours(2));

        var warned = await Rig.Wait.UntilAsync(
            () => AlternateAsync(sandbox),
            run => run.Output.Contains("FreezeUpcoming", StringComparison.Ordinal),
            "the warning"
        );
        Assert.That(warned.Succeeded);
        Assert.That(warned.Output, Does.Contain("FreezeUpcoming: new revisions are blocked from "));
    }

    /// <summary>Requests another image on each call.</summary>
    private static Task<Rig.Run> AlternateAsync(Sandbox sandbox) =>
        sandbox.SetImageAsync($"registry.example.com/web@sha256:{Random.Shared.Next():x64}", "erin");

    private static async Task FreezeAsync(Sandbox sandbox, TimeSpan from, TimeSpan until)
    {
        var now = TimeProvider.System.GetUtcNow();
        string At(TimeSpan offset) => (now + offset).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        (
            await TestCluster.Rig.Plane.KubectlAsync(
                "admin",
                $$"""
                {"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"name": "freeze-{{sandbox.Namespace}}"},
                 "spec": {"mode": "Enforce", "match": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "{{sandbox.Namespace}}"} } },
                          "active": {"from": "{{At(from)}}", "until": "{{At(until)}}"}, "freeze": {"message": "Peak week. See runbook."} } }
                """,
                ["create", "-f", "-"]
            )
        ).OrFail();
        await EveryReplicaKnowsAsync($"freeze-{sandbox.Namespace}");
    }
}

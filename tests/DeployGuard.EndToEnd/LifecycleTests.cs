using DeployGuard.Rig;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>Restarts, a lost registration and uninstallation. Each test restores what it removes, except the last.</summary>
public class LifecycleTests : OwnCluster
{
    [Test]
    public async Task BaselineIsCreatedOnlyOnce()
    {
        (await Plane.KubectlAsync("admin", "delete", "safeguardpolicy", "baseline")).OrFail();

        await RestartReplicasAsync();
        await BreakRegistrationAndWaitForTheLeaderAsync();

        var baseline = await Plane.KubectlAsync("admin", "get", "safeguardpolicy", "baseline");
        Assert.That(baseline.Output, Does.Contain("not found"), "the leader has run since, and did not create it again");
    }

    [Test]
    public async Task Threat31_WorkloadsCreatedDuringAnOutageAreFoundAfterwards()
    {
        var sandbox = await WithWebRunningAsync();
        (await Plane.KubectlAsync("admin", "delete", "validatingwebhookconfiguration", "deployguard")).OrFail();
        await Rig.Wait.UntilAsync(() => sandbox.SetImageAsync(), run => run.Succeeded, "the API server to see that nothing is registered");

        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "describe", "deployment", "web"),
            run => run.Output.Contains("RunsWithoutChange", StringComparison.Ordinal),
            "the scan to report it"
        );

        // An ownerReference that a person wrote does not make it a controller's object.
        (await sandbox.KubectlAsync("dana", "create", "configmap", "owner")).OrFail();
        var uid = (await sandbox.KubectlAsync("dana", "get", "configmap", "owner", "-o", "jsonpath={.metadata.uid}")).OrFail().Output;
        (
            await sandbox.CreateAsync(
                "dana",
                Parse(
                    $$"""
                    {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "owned", "ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "{{uid}}", "controller": true}]},
                     "spec": {"selector": {"matchLabels": {"app": "owned"} }, "template": {"metadata": {"labels": {"app": "owned"} }, "spec": {"containers": [{"name": "x", "image": "{{V3}}"}] } } } }
                    """
                )
            )
        ).OrFail();
        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "describe", "replicaset", "owned"),
            run => run.Output.Contains("RunsWithoutChange", StringComparison.Ordinal),
            "the scan to report the ReplicaSet with an owner"
        );
        var made = await sandbox.KubectlAsync("dana", "describe", "replicasets", "-l", "app=web");
        Assert.That(
            made.Output,
            Does.Contain(V1).And.Not.Contain("RunsWithoutChange"),
            "objects that controllers created for an admitted workload are no finding"
        );
        await RegisterAgainAsync();
    }

    [Test]
    public async Task Threat27_ADeletedRegistrationStaysDeletedAndIsReported()
    {
        (await Plane.KubectlAsync("admin", "delete", "validatingwebhookconfiguration", "deployguard")).OrFail();

        await Rig.Wait.UntilAsync(
            async () => string.Concat(await Task.WhenAll(TestCluster.Rig.Installation?.Replicas.Select(r => r.ScrapeAsync()) ?? [])),
            text =>
                text.Split('\n')
                    .Any(l =>
                        l.StartsWith("deployguard_webhook_configuration{kind=\"ValidatingWebhookConfiguration\"", StringComparison.Ordinal)
                        && l.EndsWith(" 0", StringComparison.Ordinal)
                    ),
            "the leader to report that it is gone"
        );
        Assert.That(
            (await Plane.KubectlAsync("admin", "get", "validatingwebhookconfigurations", "-o", "name")).Output,
            Does.Not.Contain("deployguard")
        );
        await RegisterAgainAsync();
    }

    [Test]
    public async Task UninstallWithDeadReplicasLeavesNoWebhookAndBlocksNoRequest()
    {
        var sandbox = await UnguardedAsync();
        MarkClusterUnusable();
        KillReplicas();

        (await Plane.HelmAsync("admin", "uninstall", "deployguard", "-n", "deployguard-system")).OrFail();

        var webhooks = await Plane.KubectlAsync(
            "admin",
            "get",
            "validatingwebhookconfigurations,mutatingwebhookconfigurations",
            "-o",
            "name"
        );
        Assert.That(webhooks.Output, Does.Not.Contain("deployguard"));
        (await Plane.KubectlAsync("admin", "label", "namespace", sandbox.Namespace, "tests=guarded")).OrFail();
        (await sandbox.ApplyAsync("dana", Web("web:1"))).OrFail();
        (await Plane.KubectlAsync("admin", "get", "crd", "changes.deployguard.io")).OrFail();
    }

    /// <summary>Restores the deleted registration as the platform team would.</summary>
    private static async Task RegisterAgainAsync()
    {
        (await Plane.HelmAsync("admin", "upgrade", "deployguard", Toolbox.Chart, "-n", "deployguard-system", "--reuse-values")).OrFail();
        await Installation.WaitUntilInForceAsync();
    }

    private static async Task BreakRegistrationAndWaitForTheLeaderAsync()
    {
        (
            await Plane.KubectlAsync(
                "admin",
                "patch",
                "validatingwebhookconfiguration",
                "deployguard",
                "--type=json",
                "-p",
                """[{"op":"replace","path":"/webhooks","value":[]}]"""
            )
        ).OrFail();
        await Rig.Wait.UntilAsync(
            () => Plane.KubectlAsync("admin", "get", "validatingwebhookconfiguration", "deployguard", "-o", "jsonpath={.webhooks[*].name}"),
            run => run.Output.Contains("records.deployguard.io", StringComparison.Ordinal),
            "the altered registration to be restored"
        );
    }
}

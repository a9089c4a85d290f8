using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>Both replicas are dead: what passes and what waits then, row by row as docs/operations.md has it.</summary>
public class WithoutReplicasTests : OwnWorld
{
    private const string OpenTheGate = """[{"op":"replace","path":"/webhooks","value":[]}]""";

    /// <summary>The replicas are there again, and so are the entries that the runbook has taken away.</summary>
    [TearDown]
    public async Task StartReplicasAgainAsync()
    {
        await RestartReplicasAsync();
        await Installation.IsInForceAsync();
    }

    [Test]
    public async Task TheTableOfOperationsHolds()
    {
        var sandbox = await WayBackWorkloads.StartAsync();
        var unguarded = await UnguardedAsync();
        KillReplicas();

        foreach (var way in WayBackWays.InOrder.Where(w => w.NeedsNoReplica && w.ToString() != "delete"))
        {
            TestContext.Out.WriteLine(way);
            await way.GoAsync(sandbox);
        }

        await NewRevisionsWaitAsync(sandbox);
        await RecordsWaitAsync(sandbox);
        await UnguardedKindsPassAsync(sandbox);
        (await unguarded.ApplyAsync("dana", Web("web:1"))).OrFail();

        // The one command of the runbook; then the way back is open.
        (await World.Rig.Plane.KubectlAsync("admin", "patch", "validatingwebhookconfiguration", "deployguard", "--type=json", "-p", OpenTheGate)).OrFail();
        await Rig.Wait.UntilAsync(() => sandbox.KubectlAsync("dana", "rollout", "undo", "deployment/web"), run => run.Succeeded, "the API server to see the open gate");
        (await WayBackWays.HelmRollbackAsync(sandbox)).OrFail();
    }

    [Test]
    public async Task DeletingPassesAndNamespacesCanBeRelabelled()
    {
        var sandbox = await WayBackWorkloads.StartAsync();
        KillReplicas();

        await WayBackWays.InOrder.Single(w => w.ToString() == "delete").GoAsync(sandbox);
        (await World.Rig.Plane.KubectlAsync("dana", "label", "namespace", sandbox.Namespace, "tests-")).OrFail();
    }

    private static async Task NewRevisionsWaitAsync(Sandbox sandbox)
    {
        foreach (var command in (string[])[
            $"set image deployment/web web={V3}", $"set image statefulset/db db={V3}", $"set image daemonset/agent agent={V3}",
            "rollout undo deployment/web", "rollout undo statefulset/db", "rollout undo daemonset/agent", "rollout restart deployment/web", "rollout pause deployment/web",
            "annotate deployment/web team=a", "patch cronjob/tick -p {\"spec\":{\"suspend\":true}}"])
        {
            await WaitsAsync(command, sandbox.KubectlAsync("dana", command.Split(' ')));
        }

        await WaitsAsync("a new ReplicationController", sandbox.CreateAsync("dana", Parse($$"""
            {"apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "x"}, "spec": {"template": {"metadata": {"labels": {"app": "x"} }, "spec": {"containers": [{"name": "x", "image": "{{V3}}"}] } } } }
            """)));
        await WaitsAsync("helm rollback", WayBackWays.HelmRollbackAsync(sandbox));
    }

    private static async Task RecordsWaitAsync(Sandbox sandbox)
    {
        var change = (await sandbox.KubectlAsync("admin", "get", "changes", "-o", "jsonpath={.items[0].metadata.name}")).OrFail().Output;
        await WaitsAsync("an approval", sandbox.CreateAsync("alice", await Approvals.OfAsync(sandbox, change)));
        await WaitsAsync("a veto", sandbox.CreateAsync("alice", await Approvals.OfAsync(sandbox, change, "Reject")));
        await WaitsAsync("a withdrawal", sandbox.KubectlAsync("alice", "delete", "changeapprovals", "--all"));
        await WaitsAsync("a BreakGlass", sandbox.KubectlAsync("olga", "deployguard", "breakglass", "deployment/web", "--incident", "INC-1", "--reason", "all is down"));
        await WaitsAsync("a policy", World.Rig.Plane.KubectlAsync("admin", "delete", "safeguardpolicy", "guarded"));
    }

    private static async Task UnguardedKindsPassAsync(Sandbox sandbox)
    {
        const string Spec = $$""" {"restartPolicy": "Never", "containers": [{"name": "x", "image": "{{V3}}"}] } """;
        foreach (var manifest in (string[])[
            $$"""{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare"}, "spec": {{Spec}} }""",
            $$"""{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "bare"}, "spec": {"template": {"spec": {{Spec}} } } }""",
            $$"""{"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "bare"}, "spec": {"selector": {"matchLabels": {"app": "bare"} }, "template": {"metadata": {"labels": {"app": "bare"} }, "spec": {"containers": [{"name": "x", "image": "{{V3}}"}] } } } }""",
            """{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "bare"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}] } }"""])
        {
            (await sandbox.CreateAsync("dana", Parse(manifest))).OrFail();
        }

        (await sandbox.KubectlAsync("dana", "patch", "service", "bare", "-p", """{"spec":{"selector":{"app":"bare"}}}""")).OrFail();
        (await sandbox.KubectlAsync("dana", "scale", "deployment/web", "--replicas=5")).OrFail();
    }

    private static async Task WaitsAsync(string what, Task<Rig.Run> asked)
    {
        var run = await asked;
        Assert.That(run.Succeeded, Is.False, what);
        Assert.That(run.Output, Does.Contain("failed calling webhook"), what);
    }
}

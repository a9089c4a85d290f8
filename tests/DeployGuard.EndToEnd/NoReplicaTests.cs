using static DeployGuard.EndToEnd.OutageRows;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>With no replica running: which requests pass and which wait, row by row as in docs/operations.md.</summary>
public class NoReplicaTests : OwnCluster
{
    private const string OpenTheGate = """[{"op":"replace","path":"/webhooks","value":[]}]""";

    /// <summary>Restores the replicas, and the entries that the runbook removed.</summary>
    [TearDown]
    public async Task StartReplicasAgainAsync()
    {
        await RestartReplicasAsync();
        await Installation.WaitUntilInForceAsync();
    }

    [Test]
    public async Task OutageTableOfOperationsHolds()
    {
        var sandbox = await RecoveryWorkloads.StartAsync();
        var unguarded = await UnguardedAsync();
        await HoldAsync(sandbox);
        KillReplicas();

        foreach (var way in RecoveryActions.InOrder.Where(w => w.NeedsNoReplica && w.ToString() != "delete"))
        {
            TestContext.Out.WriteLine(way);
            await way.GoAsync(sandbox);
        }

        await NewRevisionsWaitAsync(sandbox);
        await RecordsWaitAsync(sandbox);
        await FrequentControllerWritesAsync(sandbox);
        await OwnersAndFinalizersAsync(sandbox);
        await LabelsAndStatusAsync(sandbox);
        await SizesAndRevisionsAsync(sandbox);
        await ServicesPassAsync(sandbox);
        (await unguarded.ApplyAsync("dana", Web("web:1"))).OrFail();

        // The one command of the runbook; rollbacks pass after it.
        (
            await Plane.KubectlAsync("admin", "patch", "validatingwebhookconfiguration", "deployguard", "--type=json", "-p", OpenTheGate)
        ).OrFail();
        await Rig.Wait.UntilAsync(
            () => sandbox.KubectlAsync("dana", "rollout", "undo", "deployment/web"),
            run => run.Succeeded,
            "the API server to see the open gate"
        );
        (await RecoveryActions.HelmRollbackAsync(sandbox)).OrFail();
    }

    [Test]
    public async Task DeletingPassesAndNamespacesCanBeRelabelled()
    {
        var sandbox = await RecoveryWorkloads.StartAsync();
        KillReplicas();

        await RecoveryActions.InOrder.Single(w => w.ToString() == "delete").GoAsync(sandbox);
        await IsAsync(
            !Server.HasMatchConditions,
            "a label of the namespace",
            Plane.KubectlAsync("dana", "label", "namespace", sandbox.Namespace, "tests-")
        );
    }

    private static async Task NewRevisionsWaitAsync(Sandbox sandbox)
    {
        foreach (
            var command in (string[])
                [
                    $"set image deployment/web web={V3}",
                    $"set image statefulset/db db={V3}",
                    $"set image daemonset/agent agent={V3}",
                    "rollout undo deployment/web",
                    "rollout undo statefulset/db",
                    "rollout undo daemonset/agent",
                    "rollout pause deployment/web",
                    "patch cronjob/tick -p {\"spec\":{\"suspend\":true}}",
                ]
        )
        {
            await WaitsAsync(command, sandbox.KubectlAsync("dana", command.Split(' ')));
        }

        foreach (var command in (string[])["annotate deployment/web team=a", "rollout restart deployment/web"])
        {
            await IsAsync(Server.HasMatchConditions, command, sandbox.KubectlAsync("dana", command.Split(' ')));
        }

        await WaitsAsync(
            "a new ReplicationController",
            sandbox.CreateAsync(
                "dana",
                Parse(
                    $$"""
                    {"apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "x"}, "spec": {"template": {"metadata": {"labels": {"app": "x"} }, "spec": {"containers": [{"name": "x", "image": "{{V3}}"}] } } } }
                    """
                )
            )
        );
        await WaitsAsync("helm rollback", RecoveryActions.HelmRollbackAsync(sandbox));
    }

    private static async Task RecordsWaitAsync(Sandbox sandbox)
    {
        var change = (await sandbox.KubectlAsync("admin", "get", "changes", "-o", "jsonpath={.items[0].metadata.name}")).OrFail().Output;
        await WaitsAsync("an approval", sandbox.CreateAsync("alice", await Approvals.OfAsync(sandbox, change)));
        await WaitsAsync("a veto", sandbox.CreateAsync("alice", await Approvals.OfAsync(sandbox, change, "Reject")));
        await WaitsAsync("a withdrawal", sandbox.KubectlAsync("alice", "delete", "changeapprovals", "--all"));
        await WaitsAsync(
            "a BreakGlass",
            sandbox.KubectlAsync("olga", "deployguard", "breakglass", "deployment/web", "--incident", "INC-1", "--reason", "all is down")
        );
        await WaitsAsync("a policy", Plane.KubectlAsync("admin", "delete", "safeguardpolicy", "guarded"));
    }

    /// <summary>
    /// Without matchConditions these pass for people too, because kubelets and controllers must not wait; with them only people wait.
    /// </summary>
    private static async Task FrequentControllerWritesAsync(Sandbox sandbox)
    {
        const string Spec = $$""" {"restartPolicy": "Never", "containers": [{"name": "x", "image": "{{V3}}"}] } """;
        foreach (
            var manifest in (string[])
                [
                    $$"""{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare"}, "spec": {{Spec}} }""",
                    $$"""{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "bare"}, "spec": {"template": {"spec": {{Spec}} } } }""",
                    $$"""{"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "bare"}, "spec": {"selector": {"matchLabels": {"app": "bare"} }, "template": {"metadata": {"labels": {"app": "bare"} }, "spec": {"containers": [{"name": "x", "image": "{{V3}}"}] } } } }""",
                ]
        )
        {
            await IsAsync(!Server.HasMatchConditions, manifest, sandbox.CreateAsync("dana", Parse(manifest)));
        }

        await IsAsync(!Server.HasMatchConditions, "scale up", sandbox.KubectlAsync("dana", "scale", "deployment/web", "--replicas=5"));
        if (Server.HasMatchConditions)
        {
            await WaitsAsync("an ephemeral container", KubectlOnPodAsync(sandbox, pod => ["debug", pod, $"--image={V3}"]));
            (await KubectlOnPodAsync(sandbox, pod => ["delete", "pod", pod, "--wait=false"])).OrFail();
            (
                await sandbox.CreateAsync(
                    "admin",
                    Parse(
                        """
                        {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4", "metadata": {"name": "by-hand", "labels": {"kubernetes.io/service-name": "bare"} }, "endpoints": [{"addresses": ["192.0.2.1"]}]}
                        """
                    )
                )
            ).OrFail();
        }
    }

    /// <summary>
    /// As admin: the built-in role edit lacks most of these permissions. Retried, because a restart may be replacing the pod.
    /// </summary>
    internal static Task<Rig.Run> KubectlOnPodAsync(Sandbox sandbox, Func<string, string[]> command) =>
        Rig.Wait.UntilAsync(
            async () =>
            {
                var pod = (await sandbox.KubectlAsync("admin", "get", "pods", "-l", "app=web", "-o", "jsonpath={.items[0].metadata.name}"))
                    .OrFail()
                    .Output;
                return await sandbox.KubectlAsync("admin", command(pod));
            },
            run => !run.Output.Contains("NotFound", StringComparison.Ordinal),
            "a pod that still exists"
        );

    private static async Task ServicesPassAsync(Sandbox sandbox)
    {
        (
            await sandbox.CreateAsync(
                "dana",
                Parse(
                    """{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "bare"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}] } }"""
                )
            )
        ).OrFail();
        (await sandbox.KubectlAsync("dana", "patch", "service", "bare", "-p", """{"spec":{"selector":{"app":"bare"}}}""")).OrFail();
    }
}

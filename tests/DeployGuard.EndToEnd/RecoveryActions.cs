using System.Text.Json;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>A recovery action, with the check that it took effect.</summary>
public sealed class RecoveryAction
{
    private readonly string _name;
    private readonly Func<Sandbox, Task> _go;

    internal RecoveryAction(string name, Func<Sandbox, Task> go, bool needsNoReplica = false) =>
        (_name, _go, NeedsNoReplica) = (name, go, needsNoReplica);

    /// <summary>It passes also while no replica of DeployGuard runs.</summary>
    public bool NeedsNoReplica { get; }

    public Task GoAsync(Sandbox sandbox) => _go(sandbox);

    public override string ToString() => _name;
}

/// <summary>All recovery actions, which must always pass.</summary>
internal static class RecoveryActions
{
    public static IEnumerable<RecoveryAction> InOrder =>
        [
            new(
                "rollout undo",
                async s =>
                {
                    (await s.KubectlAsync("dana", "rollout", "undo", "deployment/web")).OrFail();
                    Assert.That(await ImageAsync(s), Is.EqualTo(V1));
                }
            ),
            new(
                "the old ReplicaSet drains",
                s =>
                    Rig.Wait.UntilAsync(
                        () => s.ListAsync("apis/apps/v1", "replicasets?labelSelector=app=web"),
                        sets =>
                            sets.Select(r => r.GetProperty("spec").GetProperty("replicas").GetInt32()).Order() is var sizes
                            && sizes.SequenceEqual([0, 3]),
                        "one ReplicaSet with all three, the other with none"
                    )
            ),
            new(
                "rollout undo to a revision",
                async s =>
                {
                    (await s.KubectlAsync("dana", "rollout", "undo", "deployment/web", "--to-revision=2")).OrFail();
                    Assert.That(await ImageAsync(s), Is.EqualTo(V2));
                    await AvailableAsync(s, 3);
                }
            ),
            new(
                "restart",
                async s =>
                {
                    (await s.KubectlAsync("dana", "rollout", "restart", "deployment/web")).OrFail();
                    (await s.KubectlAsync("dana", "rollout", "status", "deployment/web", "--timeout=600s")).OrFail();
                }
            ),
            new(
                "helm rollback",
                async s =>
                {
                    (await HelmRollbackAsync(s)).OrFail();
                    Assert.That(await ImageAsync(s, "deployment/shop"), Is.EqualTo(V1));
                }
            ),
            new(
                "scale down",
                async s =>
                {
                    (await s.KubectlAsync("dana", "scale", "deployment/web", "--replicas=2")).OrFail();
                    await AvailableAsync(s, 2);
                },
                needsNoReplica: true
            ),
            new("the autoscaler scales up", ScaleUpAsync, needsNoReplica: true),
            new(
                "a crashed pod is replaced",
                async s =>
                {
                    (await s.KubectlAsync("dana", "delete", "pods", "-l", "app=web", "--wait=false")).OrFail();
                    await AvailableAsync(s, 3);
                },
                needsNoReplica: true
            ),
            new("a node is drained", DrainAsync, needsNoReplica: true),
            new("a Job tries again", s => ReplacedAsync(s, "job-name=work"), needsNoReplica: true),
            new(
                "a StatefulSet pod below the partition comes back as it was",
                async s =>
                {
                    await ReplacedAsync(s, "statefulset.kubernetes.io/pod-name=db-0");
                    Assert.That(
                        (await s.KubectlAsync("dana", "get", "pod", "db-0", "-o", "jsonpath={.spec.containers[0].image}")).Output,
                        Is.EqualTo(V1)
                    );
                },
                needsNoReplica: true
            ),
            new("rollout undo of a StatefulSet", s => UndoAsync(s, "statefulset/db")),
            new("rollout undo of a DaemonSet", s => UndoAsync(s, "daemonset/agent")),
            new("a CronJob ticks", TickAsync, needsNoReplica: true),
            new(
                "delete",
                async s =>
                    (
                        await s.KubectlAsync(
                            "dana",
                            "delete",
                            "deployment/web",
                            "statefulset/db",
                            "daemonset/agent",
                            "cronjob/tick",
                            "job/work"
                        )
                    ).OrFail(),
                needsNoReplica: true
            ),
        ];

    public static Task<Rig.Run> HelmRollbackAsync(Sandbox sandbox) =>
        TestCluster.Rig.Plane.HelmAsync("dana", "rollback", "shop", "1", "-n", sandbox.Namespace);

    public static async Task ScaleUpAsync(Sandbox sandbox)
    {
        var scale =
            $$"""{"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "web", "namespace": "{{sandbox.Namespace}}"}, "spec": {"replicas": 3} }""";
        (
            await TestCluster.Rig.Plane.KubectlAsync(
                "admin",
                scale,
                [
                    "replace",
                    "--raw",
                    $"/apis/apps/v1/namespaces/{sandbox.Namespace}/deployments/web/scale",
                    "-f",
                    "-",
                    "--as=system:serviceaccount:kube-system:horizontal-pod-autoscaler",
                    "--as-group=system:serviceaccounts",
                    "--as-group=system:authenticated",
                ]
            )
        ).OrFail();
        await AvailableAsync(sandbox, 3);
    }

    /// <summary>
    /// Waits until the Deployment has so many pods, and none that is terminating: the status alone changes before the controllers are
    /// done.
    /// </summary>
    public static async Task AvailableAsync(Sandbox sandbox, int pods)
    {
        await sandbox.IsRolledOutAsync("web");
        await Rig.Wait.UntilAsync(
            () => sandbox.ListAsync("api/v1", "pods?labelSelector=app=web"),
            found => found.Count == pods && found.All(IsReady),
            $"{pods} pods, all of them ready"
        );
    }

    private static bool IsReady(JsonElement pod) =>
        !pod.GetProperty("metadata").TryGetProperty("deletionTimestamp", out _)
        && pod.GetProperty("status").TryGetProperty("conditions", out var conditions)
        && conditions.EnumerateArray().Any(c => c.GetProperty("type").ValueEquals("Ready") && c.GetProperty("status").ValueEquals("True"));

    /// <summary>Deletes the pod with a label, and waits until its controller has made another.</summary>
    public static async Task ReplacedAsync(Sandbox sandbox, string label)
    {
        var before = await Rig.Wait.UntilAsync(() => UidsAsync(sandbox, label), uids => uids.Count > 0, $"a pod with {label}");
        (await sandbox.KubectlAsync("dana", "delete", "pods", "-l", label, "--wait=false")).OrFail();
        await Rig.Wait.UntilAsync(
            () => UidsAsync(sandbox, label),
            uids => uids.Count > 0 && !uids.SequenceEqual(before),
            $"another pod with {label}"
        );
    }

    /// <summary>
    /// The request of the CronJob's controller at a tick, under its user name. Real ticks would take a minute for every condition;
    /// another test waits for a real one.
    /// </summary>
    private static async Task TickAsync(Sandbox sandbox)
    {
        var uid = (await sandbox.KubectlAsync("dana", "get", "cronjob", "tick", "-o", "jsonpath={.metadata.uid}")).OrFail().Output;
        var job = await RecoveryWorkloads.TickAsync(uid);
        (
            await TestCluster.Rig.Plane.KubectlAsync(
                "admin",
                job.ToJsonString(),
                [
                    "create",
                    "-f",
                    "-",
                    "-n",
                    sandbox.Namespace,
                    "--as=system:serviceaccount:kube-system:cronjob-controller",
                    "--as-group=system:serviceaccounts",
                    "--as-group=system:authenticated",
                ]
            )
        ).OrFail();
    }

    private static async Task DrainAsync(Sandbox sandbox)
    {
        var version = await Server.EvictionVersionAsync();
        foreach (
            var pod in (await sandbox.KubectlAsync("admin", "get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].metadata.name}"))
                .OrFail()
                .Output.Split(' ')
        )
        {
            var eviction =
                $$"""{"apiVersion": "{{version}}", "kind": "Eviction", "metadata": {"name": "{{pod}}", "namespace": "{{sandbox.Namespace}}"} }""";
            (
                await TestCluster.Rig.Plane.KubectlAsync(
                    "admin",
                    eviction,
                    ["create", "--raw", $"/api/v1/namespaces/{sandbox.Namespace}/pods/{pod}/eviction", "-f", "-"]
                )
            ).OrFail();
        }

        await AvailableAsync(sandbox, 3);
    }

    private static async Task UndoAsync(Sandbox sandbox, string workload)
    {
        Assert.That(await ImageAsync(sandbox, workload), Is.EqualTo(V2));
        (await sandbox.KubectlAsync("dana", "rollout", "undo", workload)).OrFail();
        Assert.That(await ImageAsync(sandbox, workload), Is.EqualTo(V1));
    }

    private static async Task<string> ImageAsync(Sandbox sandbox, string workload = "deployment/web") =>
        (await sandbox.KubectlAsync("dana", "get", workload, "-o", "jsonpath={.spec.template.spec.containers[0].image}")).Output;

    private static async Task<IReadOnlyList<string?>> UidsAsync(Sandbox sandbox, string label) =>
        [
            .. (await sandbox.ListAsync("api/v1", $"pods?labelSelector={label}")).Select(p =>
                p.GetProperty("metadata").GetProperty("uid").GetString()
            ),
        ];
}

using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>
/// Rows of the table "With no replica running" in docs/operations.md: requests, and whether each passes. With matchConditions
/// some requests of people wait that pass without them, and the other way round.
/// </summary>
internal static class OutageRows
{
    private const string Collector = "system:serviceaccount:kube-system:generic-garbage-collector";
    private const string MoreFinalizers = """{"metadata":{"finalizers":["example.com/hold","example.com/more"]}}""";
    private const string NoFinalizers = """{"metadata":{"finalizers":null}}""";
    private const string OtherLabels = """{"metadata":{"labels":{"team":"b"}}}""";

    /// <summary>While DeployGuard is up: gives the DaemonSet a finalizer, which is removed later.</summary>
    public static async Task HoldAsync(Sandbox sandbox) =>
        (await PatchAsync(sandbox, "dana", "daemonset/agent", """{"metadata":{"finalizers":["example.com/hold"]}}""")).OrFail();

    /// <summary>Owners and finalizers, on kinds that people write and on kinds that controllers write often.</summary>
    public static async Task OwnersAndFinalizersAsync(Sandbox sandbox)
    {
        // The owner exists: the garbage collector deletes objects whose owner does not.
        var uid = (await sandbox.KubectlAsync("admin", "get", "serviceaccount", "default", "-o", "jsonpath={.metadata.uid}"))
            .OrFail()
            .Output;
        var owner =
            $$$"""{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ServiceAccount","name":"default","uid":"{{{uid}}}"}]}}""";

        await WaitsAsync("another owner of a Deployment", PatchAsync(sandbox, "dana", "deployment/web", owner));
        await WaitsAsync("a finalizer more of a DaemonSet", PatchAsync(sandbox, "dana", "daemonset/agent", MoreFinalizers));
        await IsAsync(
            Server.HasMatchConditions,
            "a finalizer less of a DaemonSet",
            PatchAsync(sandbox, "dana", "daemonset/agent", NoFinalizers)
        );
        await IsAsync(
            Server.HasMatchConditions,
            "the garbage collector's owner of a DaemonSet",
            PatchAsync(sandbox, "admin", "daemonset/agent", owner, $"--as={Collector}", "--as-group=system:masters")
        );

        await IsAsync(!Server.HasMatchConditions, "a finalizer more of a Job", PatchAsync(sandbox, "dana", "job/work", MoreFinalizers));
        (await PatchAsync(sandbox, "dana", "job/work", NoFinalizers)).OrFail();
        await IsAsync(
            !Server.HasMatchConditions,
            "another owner of a Pod",
            NoReplicaTests.KubectlOnPodAsync(sandbox, pod => ["patch", "pod", pod, "--type=merge", "-p", owner])
        );
    }

    /// <summary>Labels, annotations and status, of the object and through its status.</summary>
    public static async Task LabelsAndStatusAsync(Sandbox sandbox)
    {
        await WaitsAsync("a label of a Deployment", PatchAsync(sandbox, "dana", "deployment/web", OtherLabels));
        (
            await PatchAsync(
                sandbox,
                "dana",
                "deployment/shop",
                """{"status":{"conditions":[{"type":"ReplicaFailure","status":"False"}]}}""",
                "--subresource=status"
            )
        ).OrFail();
        // Of a Deployment the API server keeps the labels that it had.
        await IsAsync(
            !Server.HasMatchConditions,
            "a label through the status of a StatefulSet",
            PatchAsync(sandbox, "dana", "statefulset/db", OtherLabels, "--subresource=status")
        );
        await IsAsync(
            !Server.HasMatchConditions,
            "a label through the status of a Pod",
            NoReplicaTests.KubectlOnPodAsync(
                sandbox,
                pod => ["patch", "pod", pod, "--subresource=status", "--type=merge", "-p", OtherLabels]
            )
        );
    }

    /// <summary>Sizes by edit and by ReplicaSet, and objects that only controllers should write.</summary>
    public static async Task SizesAndRevisionsAsync(Sandbox sandbox)
    {
        await IsAsync(
            Server.HasMatchConditions,
            "fewer replicas by patch",
            PatchAsync(sandbox, "dana", "deployment/web", """{"spec":{"replicas":2}}""")
        );
        await WaitsAsync("more replicas by patch", PatchAsync(sandbox, "dana", "deployment/web", """{"spec":{"replicas":9}}"""));
        var set = (await sandbox.KubectlAsync("admin", "get", "replicasets", "-l", "app=web", "-o", "jsonpath={.items[0].metadata.name}"))
            .OrFail()
            .Output;
        (await PatchAsync(sandbox, "dana", $"replicaset/{set}", """{"spec":{"replicas":0}}""")).OrFail();
        (await sandbox.KubectlAsync("dana", "scale", $"replicaset/{set}", "--replicas=0")).OrFail();

        await WaitsAsync("a new revision of a CronJob", sandbox.KubectlAsync("dana", "set", "image", "cronjob/tick", $"c={V3}"));
        var revision = Parse(
            """{"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": {"name": "by-hand"}, "revision": 1, "data": {"spec": {} } }"""
        );
        await IsAsync(!Server.HasMatchConditions, "a ControllerRevision by hand", sandbox.CreateAsync("dana", revision));
        var endpoints =
            """{"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "by-hand"}, "subsets": [{"addresses": [{"ip": "192.0.2.1"}]}]}""";
        (await sandbox.CreateAsync("admin", Parse(endpoints))).OrFail();
    }

    /// <summary>That a request passes, or that it waits.</summary>
    public static async Task IsAsync(bool passes, string what, Task<Rig.Run> request)
    {
        if (passes)
        {
            Assert.That((await request).Succeeded, Is.True, $"{what}: {(await request).Output}");
        }
        else
        {
            await WaitsAsync(what, request);
        }
    }

    public static async Task WaitsAsync(string what, Task<Rig.Run> request)
    {
        var run = await request;
        Assert.That(run.Succeeded, Is.False, what);
        Assert.That(run.Output, Does.Contain("failed calling webhook"), what);
    }

    private static Task<Rig.Run> PatchAsync(Sandbox sandbox, string user, string what, string patch, params string[] more) =>
        sandbox.KubectlAsync(user, ["patch", .. what.Split('/'), "--type=merge", "-p", patch, .. more]);
}

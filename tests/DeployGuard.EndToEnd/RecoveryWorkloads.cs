using System.Text.Json;
using System.Text.Json.Nodes;

namespace DeployGuard.EndToEnd;

/// <summary>The workloads for the tests of recovery actions.</summary>
internal static class RecoveryWorkloads
{
    /// <summary>
    /// All of them in a namespace that came under a policy then: the Deployment once more as a Helm release, the StatefulSet and the
    /// DaemonSet on their second revision, and Deployment web taken to its second under an approval.
    /// </summary>
    public static async Task<Sandbox> StartAsync()
    {
        var sandbox = await Sandbox.UnguardedAsync();
        (
            await sandbox.ApplyAsync(
                "admin",
                Sandbox.Together(Sandbox.Web(Sandbox.V1), StatefulSet(Sandbox.V1), DaemonSet(Sandbox.V1), await CronJobAsync(), Job)
            )
        ).OrFail();
        (await ReleaseAsync(sandbox, Sandbox.V1)).OrFail();
        (await sandbox.KubectlAsync("admin", "rollout", "status", "statefulset/db", "--timeout=600s")).OrFail();
        await RevisionsAsync(sandbox, 2);
        (await sandbox.ApplyAsync("admin", Sandbox.Together(StatefulSet(Sandbox.V2), DaemonSet(Sandbox.V2)))).OrFail();
        (await ReleaseAsync(sandbox, Sandbox.V2)).OrFail();
        await RevisionsAsync(sandbox, 4);
        await sandbox.IsRolledOutAsync("web");
        await sandbox.IsRolledOutAsync("shop");
        await sandbox.GuardAsync("guarded");
        await RecoveryTests.ApprovedAsync(sandbox, Sandbox.V2);
        return sandbox;
    }

    /// <summary>One tick a minute.</summary>
    public static async Task<JsonObject> CronJobAsync() =>
        Sandbox.Parse(
            $$"""
            {"apiVersion": "{{await Server.CronJobVersionAsync()}}", "kind": "CronJob", "metadata": {"name": "tick"},
             "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "{{Sandbox.V1}}"}] } } } } } }
            """
        );

    /// <summary>The Job of a tick, as the CronJob's controller makes it.</summary>
    public static async Task<JsonObject> TickAsync(string cronJobUid) =>
        Sandbox.Parse(
            $$"""
            {"apiVersion": "batch/v1", "kind": "Job",
             "metadata": {"name": "tick-1", "ownerReferences": [{"apiVersion": "{{await Server.CronJobVersionAsync()}}", "kind": "CronJob", "name": "tick", "uid": "{{cronJobUid}}", "controller": true}]},
             "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "{{Sandbox.V1}}"}] } } } }
            """
        );

    /// <summary>Its pod never becomes ready or ends, so that it can be deleted.</summary>
    public static JsonObject Job =>
        Sandbox.Parse(
            $$"""
            {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "work"},
             "spec": {"backoffLimit": 6, "template": {"metadata": {"labels": {"rig/hold": "yes"} }, "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "{{Sandbox.V1}}"}] } } } }
            """
        );

    public static JsonObject DaemonSet(string image) =>
        Sandbox.Parse(
            $$"""
            {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "agent"},
             "spec": {"selector": {"matchLabels": {"app": "agent"} }, "template": {"metadata": {"labels": {"app": "agent"} }, "spec": {"containers": [{"name": "agent", "image": "{{image}}"}] } } } }
            """
        );

    /// <summary>Every pod is below the partition: a later template reaches none of them.</summary>
    public static JsonObject StatefulSet(string image) =>
        Sandbox.Parse(
            $$"""
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
             "spec": {"serviceName": "db", "replicas": 2, "selector": {"matchLabels": {"app": "db"} }, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2} },
              "template": {"metadata": {"labels": {"app": "db"} }, "spec": {"containers": [{"name": "db", "image": "{{image}}"}] } } } }
            """
        );

    private static Task<Rig.Run> ReleaseAsync(Sandbox sandbox, string image) =>
        TestCluster.Rig.Plane.HelmAsync(
            "admin",
            "upgrade",
            "--install",
            "shop",
            Path.Combine(AppContext.BaseDirectory, "charts", "web"),
            "-n",
            sandbox.Namespace,
            "--set",
            $"name=shop,image={image}"
        );

    private static Task<IReadOnlyList<JsonElement>> RevisionsAsync(Sandbox sandbox, int count) =>
        Rig.Wait.UntilAsync(
            () => sandbox.ListAsync("apis/apps/v1", "controllerrevisions"),
            revisions => revisions.Count == count,
            $"{count} revisions of the StatefulSet and the DaemonSet"
        );
}

using System.Text.Json.Nodes;

namespace DeployGuard.EndToEnd;

/// <summary>What runs besides the Deployment when the way back is tried.</summary>
internal static class WayBackWorkloads
{
    /// <summary>One tick a minute.</summary>
    public static JsonObject CronJob => Sandbox.Parse($$"""
        {"apiVersion": "batch/v1beta1", "kind": "CronJob", "metadata": {"name": "tick"},
         "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "{{Sandbox.V1}}"}] } } } } } }
        """);

    /// <summary>The Job of a tick, as the CronJob's controller makes it.</summary>
    public static JsonObject Tick(string cronJobUid) => Sandbox.Parse($$"""
        {"apiVersion": "batch/v1", "kind": "Job",
         "metadata": {"name": "tick-1", "ownerReferences": [{"apiVersion": "batch/v1beta1", "kind": "CronJob", "name": "tick", "uid": "{{cronJobUid}}", "controller": true}]},
         "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "{{Sandbox.V1}}"}] } } } }
        """);

    /// <summary>Its pod never becomes ready, so that it is there to be lost.</summary>
    public static JsonObject Job => Sandbox.Parse($$"""
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "work"},
         "spec": {"backoffLimit": 6, "template": {"metadata": {"labels": {"rig/hold": "yes"} }, "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "{{Sandbox.V1}}"}] } } } }
        """);

    /// <summary>Every pod is below the partition: a later template reaches none of them.</summary>
    public static JsonObject StatefulSet(string image) => Sandbox.Parse($$"""
        {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
         "spec": {"serviceName": "db", "replicas": 2, "selector": {"matchLabels": {"app": "db"} }, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2} },
          "template": {"metadata": {"labels": {"app": "db"} }, "spec": {"containers": [{"name": "db", "image": "{{image}}"}] } } } }
        """);
}

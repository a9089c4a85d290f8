using System.Text;
using System.Text.Json;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Webhook.Hosting;

/// <summary>What <see cref="Rehearsal"/> decides about: a Deployment of no cluster, guarded by a policy of no cluster.</summary>
internal static class RehearsalReviews
{
    private const string Namespace = "deployguard-rehearsal";
    private const string Old = "registry.example.com/web@sha256:1111111111111111111111111111111111111111111111111111111111111111";
    private const string New = "registry.example.com/web:2";

    private static readonly WorkloadKind s_kind = BuiltInKinds.Deployment;

    private const string Policy = """
        {"metadata": {"name": "rehearsal", "generation": 1}, "spec": {"mode": "Enforce", "images": {"pin": "Digest"},
          "approval": {"quorum": [{"groups": ["approvers"], "count": 1}]},
          "canary": {"steps": [10, 50], "pace": {"percent": 25, "minReady": "1m"} } } }
        """;

    /// <summary>An update that changes nothing that runs, one that the policy refuses, and a new Deployment that it refuses.</summary>
    public static IReadOnlyList<byte[]> All { get; } =
    [
        Review("UPDATE", Deployment(Old, generation: 2), Deployment(Old, generation: 1)),
        Review("UPDATE", Deployment(New, generation: 2), Deployment(Old, generation: 1)),
        Review("CREATE", Deployment(New, generation: 1), "null"),
    ];

    /// <summary>The policy, and the namespace with the Deployment, its ReplicaSet and pods behind a Service.</summary>
    public static ClusterSnapshot Snapshot(WorkloadReader reader)
    {
        using var policy = JsonDocument.Parse(Policy);
        using var deployment = JsonDocument.Parse(Deployment(Old, generation: 1));
        using var set = JsonDocument.Parse(ReplicaSet());
        Workload[] workloads = [reader.Read(deployment.RootElement), reader.Read(set.RootElement)];
        return new ClusterSnapshot
        {
            Policies = [PolicyReader.Read(policy.RootElement)],
            NamespaceLabels = new Dictionary<string, string> { ["kubernetes.io/metadata.name"] = Namespace },
            Namespace = new NamespaceObjects
            {
                Namespace = Namespace,
                Services = [new Service("web", new Dictionary<string, string> { ["app"] = "web" }, false)],
                Workloads = [.. workloads.Select(w => new LiveWorkload { Spec = w.WithoutDocument(), ReadyPods = w.Replicas })],
                Pods = [new PodGroup(new PodShape(workloads[1].Uid, workloads[1].WithoutDocument().Template), [.. Pods()])],
            }.ToSnapshot(),
        };
    }

    private static IEnumerable<LivePod> Pods() =>
        Enumerable
            .Range(0, 3)
            .Select(i => new LivePod
            {
                Name = $"web-1-{i}",
                Node = $"node-{i}",
                CreatedAt = DateTimeOffset.UnixEpoch,
                ReadySince = DateTimeOffset.UnixEpoch,
                StartedAt = DateTimeOffset.UnixEpoch,
            });

    private static string OfKind => $$"""{"group": "{{s_kind.ApiGroup}}", "version": "{{s_kind.Version}}", "kind": "{{s_kind.Name}}"}""";

    private static string OfResource =>
        $$"""{"group": "{{s_kind.ApiGroup}}", "version": "{{s_kind.Version}}", "resource": "{{s_kind.Resource}}"}""";

    private static byte[] Review(string operation, string after, string before) =>
        Encoding.UTF8.GetBytes(
            $$$"""
            {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {"uid": "00000000-0000-0000-0000-000000000000",
             "kind": {{{OfKind}}}, "resource": {{{OfResource}}}, "requestKind": {{{OfKind}}}, "requestResource": {{{OfResource}}},
             "name": "web", "namespace": "{{{Namespace}}}", "operation": "{{{operation}}}",
             "userInfo": {"username": "rehearsal", "groups": ["system:authenticated"]},
             "object": {{{after}}}, "oldObject": {{{before}}}, "dryRun": false,
             "options": {"kind": "UpdateOptions", "apiVersion": "meta.k8s.io/v1", "fieldManager": "kubectl-set"} } }
            """
        );

    private static string Deployment(string image, int generation) =>
        $$$"""
            {"kind": "{{{s_kind.Name}}}", "apiVersion": "{{{s_kind.ApiVersion}}}",
             "metadata": {"name": "web", "namespace": "{{{Namespace}}}", "uid": "rehearsal-web",
             "resourceVersion": "1", "generation": {{{generation}}}, "creationTimestamp": "2026-01-01T00:00:00Z", "labels": {"app": "web"},
             "annotations": {"deployment.kubernetes.io/revision": "1"},
             "managedFields": [{"manager": "kubectl", "operation": "Update", "apiVersion": "apps/v1",
               "time": "2026-01-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:replicas": {} } } }]},
             "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"} }, "template": {{{Template(image)}}},
              "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"} },
              "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600},
             "status": {"observedGeneration": 1, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3} }
            """;

    private static string ReplicaSet() =>
        $$$"""
            {"kind": "{{{BuiltInKinds.ReplicaSet.Name}}}", "apiVersion": "{{{BuiltInKinds.ReplicaSet.ApiVersion}}}",
             "metadata": {"name": "web-1", "namespace": "{{{Namespace}}}", "uid": "rehearsal-web-1", "labels": {"app": "web"},
              "ownerReferences": [{"apiVersion": "{{{s_kind.ApiVersion}}}", "kind": "{{{s_kind.Name}}}", "name": "web",
               "uid": "rehearsal-web", "controller": true}]},
             "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"} }, "template": {{{Template(Old)}}} } }
            """;

    private static string Template(string image) =>
        $$$"""
            {"metadata": {"labels": {"app": "web"}, "annotations": {"example.com/team": "web"} }, "spec": {
              "containers": [{"name": "web", "image": "{{{image}}}", "ports": [{"containerPort": 8080, "protocol": "TCP"}],
               "env": [{"name": "LEVEL", "value": "info"}], "resources": {"requests": {"cpu": "100m"} },
               "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080} }, "imagePullPolicy": "IfNotPresent"}],
              "initContainers": [{"name": "migrate", "image": "{{{Old}}}"}],
              "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
              "securityContext": {}, "schedulerName": "default-scheduler"} }
            """;
}

using System.Globalization;
using System.Text.Json.Nodes;

namespace DeployGuard.Benchmarks.Growth;

/// <summary>The objects of a case as an API server lists them, each workload with a Service, a ReplicaSet and three pods.</summary>
internal sealed class GrowthCluster(GrowthCase @case, GrowthReviews reviews)
{
    /// <summary>The workloads that the reviews are about.</summary>
    public const int Subjects = 20;

    public const string Namespace = "team-0000";

    private const int PodsPerWorkload = 3;

    public static string NameOf(int i) => string.Create(CultureInfo.InvariantCulture, $"web-{i:00000}");

    public static string UidOf(int i) => string.Create(CultureInfo.InvariantCulture, $"1017c3dc-2514-436f-b886-{i:000000000000}");

    public string Answer(string[] path, IQueryCollection query) =>
        path[^1] switch
        {
            "namespaces" => FakeApi.List(Enumerable.Range(0, @case.OtherNamespaces + 1).Select(NamespaceObject)),
            "safeguardpolicies" => FakeApi.List(GrowthPolicies.Of(@case)),
            "deployments" => FakeApi.List(Workloads.Select(w => reviews.LiveObject(w, NamespaceOf(w)))),
            "services" => FakeApi.List(Workloads.Select(Service)),
            "replicasets" => FakeApi.List(Workloads.Select(ReplicaSet)),
            "changes" => FakeApi.List(Changes()),
            "pods" => FakeApi.List(Workloads.Where(w => NamespaceOf(w) == path[^2]).SelectMany(Pods)),
            "v1" => """{"resources": [{"name": "cronjobs"}]}""",
            _ => FakeApi.List([]),
        };

    /// <summary>The namespaces whose pods a replica watches.</summary>
    public IReadOnlyList<string> Namespaces => [.. Workloads.Select(NamespaceOf).Distinct()];

    private IEnumerable<int> Workloads => Enumerable.Range(0, Subjects + @case.WorkloadsInside + @case.WorkloadsOutside);

    private string NamespaceOf(int i) => i < Subjects + @case.WorkloadsInside ? Namespace : Named(1 + (i % @case.OtherNamespaces));

    private static string Named(int i) => string.Create(CultureInfo.InvariantCulture, $"team-{i:0000}");

    private static string NamespaceObject(int i) =>
        $$$"""{"metadata": {"name": "{{{Named(i)}}}", "labels": {"kubernetes.io/metadata.name": "{{{Named(i)}}}", "tier": "1"} } }""";

    private string Service(int i) =>
        $$$"""{"metadata": {"name": "{{{NameOf(i)}}}", "namespace": "{{{NamespaceOf(i)}}}"}, "spec": {"selector": {"app": "{{{NameOf(i)}}}"} } }""";

    private string ReplicaSet(int i) =>
        $$$"""
            {"metadata": {"name": "{{{NameOf(i)}}}-7b44b4fbb", "namespace": "{{{NamespaceOf(i)}}}", "uid": "set-{{{UidOf(i)}}}",
              "labels": {{{PodLabels(i)}}}, "ownerReferences": [{{{Owner("Deployment", NameOf(i), UidOf(i))}}}]},
             "spec": {"replicas": {{{PodsPerWorkload}}}, "selector": {"matchLabels": {{{PodLabels(
                i
            )}}}}, "template": {{{reviews.LiveTemplate(i)}}} },
             "status": {"readyReplicas": {{{PodsPerWorkload}}}} }
            """;

    private IEnumerable<string> Pods(int i)
    {
        var since = PoolFixture.Now.AddHours(-2).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        return Enumerable
            .Range(0, PodsPerWorkload)
            .Select(n =>
                $$$"""
                    {"metadata": {"name": "{{{NameOf(i)}}}-7b44b4fbb-{{{n:00000}}}", "namespace": "{{{NamespaceOf(
                        i
                    )}}}", "uid": "pod-{{{i}}}-{{{n}}}",
                      "resourceVersion": "1", "creationTimestamp": "{{{since}}}", "labels": {{{PodLabels(i)}}},
                      "ownerReferences": [{{{Owner("ReplicaSet", $"{NameOf(i)}-7b44b4fbb", $"set-{UidOf(i)}")}}}]},
                     "spec": {"nodeName": "node-{{{n}}}", "containers": [{"name": "sidecar", "image": "{{{RecordedUpdate.OldImage}}}"}]},
                     "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "{{{since}}}"}],
                      "containerStatuses": [{"name": "sidecar", "restartCount": 0, "ready": true, "state": {"running": {"startedAt": "{{{since}}}"} } }]} }
                    """
            );
    }

    private static string PodLabels(int i) => $$"""{"app": "{{NameOf(i)}}", "pod-template-hash": "7b44b4fbb"}""";

    private static string Owner(string kind, string name, string uid) =>
        $$"""{"apiVersion": "apps/v1", "kind": "{{kind}}", "name": "{{name}}", "uid": "{{uid}}", "controller": true}""";

    private IEnumerable<string> Changes() =>
        Enumerable
            .Range(0, @case.ChangesInside)
            .Select(i => Change(i, Namespace))
            .Concat(Enumerable.Range(0, @case.ChangesOutside).Select(i => Change(i, Named(1 + (i % @case.OtherNamespaces)))));

    /// <summary>Of a workload that none of the reviews is about.</summary>
    private static string Change(int i, string @namespace)
    {
        var change = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = $"worker-{i}",
                ["namespace"] = @namespace,
                ["uid"] = $"change-{i}",
            },
            ["spec"] = new JsonObject
            {
                ["workload"] = new JsonObject
                {
                    ["apiGroup"] = "apps",
                    ["kind"] = "Deployment",
                    ["name"] = $"worker-{i / 10}",
                },
                ["templateHash"] = $"v2:{i:x32}",
                ["images"] = new JsonArray(new JsonObject { ["to"] = $"registry.example.com/worker@sha256:{i:x64}" }),
            },
            ["status"] = new JsonObject
            {
                ["phase"] = "Completed",
                ["policies"] = new JsonArray(new JsonObject { ["name"] = "match-0" }),
                ["conditions"] = new JsonArray(
                    new JsonObject
                    {
                        ["type"] = "Completed",
                        ["status"] = "True",
                        ["lastTransitionTime"] = "2026-11-20T12:00:00Z",
                    }
                ),
            },
        };
        return change.ToJsonString();
    }
}

using System.Globalization;
using System.Text.Json;

namespace DeployGuard.Benchmarks;

/// <summary>
/// A cluster of a thousand Deployments in fifty namespaces, each with a Service, a ReplicaSet and three pods, made from the recorded
/// review, and reviews about them. No two have the same name, uid or template, so that a cache gives no advantage that it would not have.
/// </summary>
internal sealed class Fleet
{
    public const int Workloads = 1000;
    public const int PodsPerWorkload = 3;
    private const int PerNamespace = 20;

    private readonly RecordedUpdate _update;

    public Fleet(string review) => _update = new RecordedUpdate(review, Of);

    public static IReadOnlyList<string> Namespaces { get; } =
    [.. Enumerable.Range(0, Workloads / PerNamespace).Select(i => string.Create(CultureInfo.InvariantCulture, $"team-{i:000}"))];

    public IReadOnlyList<VariedReview> Unchanged() => _update.Unchanged(Indices);

    public IReadOnlyList<VariedReview> NewRevision() => _update.NewRevision(Indices);

    /// <summary>The Deployments as they are before a review.</summary>
    public IEnumerable<string> Live => Indices.Select(i => Of(_update.Live, i));

    /// <summary>What an API server with these objects answers.</summary>
    public string Answer(string[] path, IQueryCollection query) =>
        path[^1] switch
        {
            "namespaces" => FakeApi.List(Namespaces.Select(NamespaceObject)),
            "safeguardpolicies" => FakeApi.List(Policies),
            "deployments" => FakeApi.List(Live),
            "services" => FakeApi.List(Indices.Select(Service)),
            "replicasets" => FakeApi.List(Indices.Select(ReplicaSet)),
            "pods" => FakeApi.List(
                Indices.Where(i => NamespaceOf(i) == path[^2]).SelectMany(i => Enumerable.Range(0, PodsPerWorkload).Select(n => Pod(i, n)))
            ),
            "v1" => """{"resources": [{"name": "cronjobs"}]}""",
            _ => FakeApi.List([]),
        };

    /// <summary>Two of the three match, with every safeguard that needs no window of time.</summary>
    public static IReadOnlyList<string> Policies { get; } =
    [
        """
            {"metadata": {"name": "tier-1", "generation": 2}, "spec": {"mode": "Enforce", "images": {"pin": "Digest"},
              "approval": {"quorum": [{"groups": ["senior-engineers"], "count": 1}, {"groups": ["directors"], "count": 1}]},
              "canary": {"steps": [5, 25, 50], "pace": {"percent": 25, "minReady": "1m"} } } }
            """,
        """
            {"metadata": {"name": "web", "generation": 2}, "spec": {"mode": "Enforce", "match": {"kinds": ["Deployment"], "workloadSelector": {"matchLabels": {"tier": "1"} } },
              "approval": {"required": "Always", "quorum": [{"groups": ["web-owners"], "count": 1}]} } }
            """,
        """
            {"metadata": {"name": "other-teams", "generation": 2}, "spec": {"mode": "Enforce", "match": {"namespaceSelector": {"matchLabels": {"tier": "other"} } },
              "images": {"pin": "Digest"} } }
            """,
    ];

    private static IEnumerable<int> Indices => Enumerable.Range(0, Workloads);

    private static string NamespaceOf(int i) => Namespaces[i / PerNamespace];

    private static string NameOf(int i) => string.Create(CultureInfo.InvariantCulture, $"web-{i:0000}");

    private static string UidOf(int i) => string.Create(CultureInfo.InvariantCulture, $"1017c3dc-2514-436f-b886-{i:000000000000}");

    private static string SetOf(int i) => $"{NameOf(i)}-7b44b4fbb";

    private static string Of(string recorded, int i) => RecordedUpdate.Named(recorded, NameOf(i), NamespaceOf(i), UidOf(i));

    private static string NamespaceObject(string name) =>
        $$$"""{"metadata": {"name": "{{{name}}}", "labels": {"kubernetes.io/metadata.name": "{{{name}}}", "tier": "1"} } }""";

    private static string Service(int i) =>
        $$$"""{"metadata": {"name": "{{{NameOf(i)}}}", "namespace": "{{{NamespaceOf(i)}}}"}, "spec": {"selector": {"app": "{{{NameOf(i)}}}"} } }""";

    private string ReplicaSet(int i)
    {
        using var deployment = JsonDocument.Parse(Of(_update.Live, i));
        var template = deployment.RootElement.GetProperty("spec").GetProperty("template").GetRawText();
        return $$$"""
            {"metadata": {"name": "{{{SetOf(i)}}}", "namespace": "{{{NamespaceOf(i)}}}", "uid": "set-{{{UidOf(
                i
            )}}}", "labels": {"app": "{{{NameOf(i)}}}", "pod-template-hash": "7b44b4fbb"},
              "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "{{{NameOf(i)}}}", "uid": "{{{UidOf(
                i
            )}}}", "controller": true}]},
             "spec": {"replicas": {{{PodsPerWorkload}}}, "selector": {"matchLabels": {"app": "{{{NameOf(
                i
            )}}}", "pod-template-hash": "7b44b4fbb"} }, "template": {{{template}}} },
             "status": {"readyReplicas": {{{PodsPerWorkload}}} } }
            """;
    }

    private static string Pod(int i, int number)
    {
        var since = PoolFixture.Now.AddHours(-2).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        return $$$"""
            {"metadata": {"name": "{{{SetOf(i)}}}-{{{number:00000}}}", "namespace": "{{{NamespaceOf(
                i
            )}}}", "uid": "pod-{{{i}}}-{{{number}}}", "resourceVersion": "1",
              "creationTimestamp": "{{{since}}}", "labels": {"app": "{{{NameOf(i)}}}", "pod-template-hash": "7b44b4fbb"},
              "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "{{{SetOf(i)}}}", "uid": "set-{{{UidOf(
                i
            )}}}", "controller": true}]},
             "spec": {"nodeName": "node-{{{number}}}", "containers": [{"name": "web", "image": "registry.example.com/shop/web@sha256:27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a"}, {"name": "sidecar", "image": "{{{RecordedUpdate.OldImage}}}"}]},
             "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "{{{since}}}"}],
              "containerStatuses": [{"name": "web", "restartCount": 0, "ready": true, "state": {"running": {"startedAt": "{{{since}}}"} } }, {"name": "sidecar", "restartCount": 0, "ready": true, "state": {"running": {"startedAt": "{{{since}}}"} } }]} }
            """;
    }
}

using System.Globalization;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Benchmarks;

/// <summary>
/// The list requests of an API server with namespaces of ten thousand pods each: two Deployments behind one Service, a ReplicaSet of
/// each, and their pods as kubelets and an injector write them. Watches send no events.
/// </summary>
internal sealed class LargeCluster : IAsyncDisposable
{
    public const int PodsPerNamespace = 10_000;
    private const int Nodes = 300;

    private readonly FakeApi _api;

    private LargeCluster(FakeApi api) => _api = api;

    public ApiConnection Connection => _api.Connection;

    public static async Task<LargeCluster> StartAsync(IReadOnlyList<string> namespaces) =>
        new(await FakeApi.StartAsync((path, query) => Answer(path, query, namespaces)));

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    private static string Answer(string[] path, IQueryCollection query, IReadOnlyList<string> namespaces) =>
        path[^1] switch
        {
            "pods" => PageOfPods(path[^2], query),
            "deployments" => FakeApi.List(namespaces.SelectMany(ns => s_tracks.Select(t => Deployment(ns, t)))),
            "replicasets" => FakeApi.List(namespaces.SelectMany(ns => s_tracks.Select(t => ReplicaSet(ns, t)))),
            "services" => FakeApi.List(
                namespaces.Select(ns =>
                    $$"""{"metadata": {"name": "web", "namespace": "{{ns}}"}, "spec": {"selector": {"app": "web"} } }"""
                )
            ),
            "v1" => """{"resources": [{"name": "cronjobs"}]}""",
            _ => FakeApi.List([]),
        };

    private static readonly string[] s_tracks = ["web", "web-canary"];

    private static string PageOfPods(string @namespace, IQueryCollection query)
    {
        var from = int.TryParse(query["continue"], NumberStyles.None, CultureInfo.InvariantCulture, out var at) ? at : 0;
        var until = Math.Min(PodsPerNamespace, from + int.Parse($"{query["limit"]}", CultureInfo.InvariantCulture));
        return FakeApi.List(
            Enumerable.Range(from, until - from).Select(i => Pod(@namespace, s_tracks[i % 2], i)),
            until < PodsPerNamespace ? until.ToString(CultureInfo.InvariantCulture) : ""
        );
    }

    private static string Image(string track) => $"registry.example.com/shop/web@sha256:{new string(track == "web" ? '1' : '2', 64)}";

    private static string Template(string track, string hash) =>
        $$"""
            {"metadata": {"labels": {"app": "web", "track": "{{track}}"{{hash}}} }, "spec": {"containers": [{"name": "web", "image": "{{Image(
                track
            )}}", "ports": [{"containerPort": 8080}]}] } }
            """;

    private static string Deployment(string @namespace, string track) =>
        $$"""
            {"metadata": {"name": "{{track}}", "namespace": "{{@namespace}}", "uid": "uid-{{@namespace}}-{{track}}"},
             "spec": {"replicas": {{PodsPerNamespace / 2}}, "selector": {"matchLabels": {"track": "{{track}}"} }, "template": {{Template(
                track,
                ""
            )}} }, "status": {"readyReplicas": {{PodsPerNamespace / 2}} } }
            """;

    private static string ReplicaSet(string @namespace, string track) =>
        $$"""
            {"metadata": {"name": "{{track}}-5d9f7c6b88", "namespace": "{{@namespace}}", "uid": "uid-{{@namespace}}-{{track}}-set", "labels": {"app": "web", "track": "{{track}}"},
              "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "{{track}}", "uid": "uid-{{@namespace}}-{{track}}", "controller": true}]},
             "spec": {"replicas": {{PodsPerNamespace
                / 2}}, "selector": {"matchLabels": {"track": "{{track}}", "pod-template-hash": "5d9f7c6b88"} },
              "template": {{Template(track, ", \"pod-template-hash\": \"5d9f7c6b88\"")}} }, "status": {"readyReplicas": {{PodsPerNamespace
                / 2}} } }
            """;

    private static string Pod(string @namespace, string track, int number)
    {
        // Within the soak, so that every pod is evaluated.
        var since = PoolFixture.Now.AddSeconds(-number % 500).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        var filler = string.Join(
            ',',
            Enumerable
                .Range(0, 12)
                .Select(i => $$"""{"name": "SETTING_{{i}}", "value": "value-{{i}}-of-a-configuration-that-no-program-reads"}""")
        );
        return $$"""
            {"metadata": {"name": "{{track}}-5d9f7c6b88-{{number
                % 0xfffff:x5}}", "generateName": "{{track}}-5d9f7c6b88-", "namespace": "{{@namespace}}", "uid": "{{Guid.NewGuid()}}", "resourceVersion": "{{number}}",
              "creationTimestamp": "{{since}}", "labels": {"app": "web", "track": "{{track}}", "pod-template-hash": "5d9f7c6b88"}, "annotations": {"prometheus.io/scrape": "true"},
              "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "{{track}}-5d9f7c6b88", "uid": "uid-{{@namespace}}-{{track}}-set", "controller": true}],
              "managedFields": [{"manager": "kube-controller-manager", "operation": "Update", "fieldsV1": {"f:metadata": {"f:labels": {"f:app": {}, "f:track": {} } }, "f:spec": {"f:containers": {} } } }]},
             "spec": {"nodeName": "node-{{number % Nodes}}", "containers": [
               {"name": "web", "image": "{{Image(
                track
            )}}", "ports": [{"containerPort": 8080}], "env": [{{filler}}], "resources": {"limits": {"cpu": "1", "memory": "1Gi"} }, "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080} } },
               {"name": "proxy", "image": "registry.example.com/mesh/proxy@sha256:{{new string('9', 64)}}", "env": [{{filler}}]}],
              "volumes": [{"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "token"} }]} }]},
             "status": {"phase": "Running", "conditions": [{"type": "Initialized", "status": "True", "lastTransitionTime": "{{since}}"}, {"type": "Ready", "status": "True", "lastTransitionTime": "{{since}}"}],
              "containerStatuses": [{"name": "web", "restartCount": 0, "ready": true, "state": {"running": {"startedAt": "{{since}}"} } }, {"name": "proxy", "restartCount": 0, "ready": true, "state": {"running": {"startedAt": "{{since}}"} } }]} }
            """;
    }
}

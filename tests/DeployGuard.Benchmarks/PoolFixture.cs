using System.Globalization;
using System.Text.Json;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Benchmarks;

/// <summary>
/// A pool of many pods as a namespace holds them: two Deployments behind one Service, a ReplicaSet of each, and its pods.
/// </summary>
internal static class PoolFixture
{
    public static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    public static Workload Deployment(string name, int replicas, char digest) =>
        Read(
            $$$"""
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "{{{name}}}", "namespace": "shop", "uid": "uid-{{{name}}}"},
             "spec": {"replicas": {{{replicas}}}, "selector": {"matchLabels": {"track": "{{{name}}}"} }, "template": {{{Template(
                name,
                digest
            )}}} } }
            """
        );

    public static NamespaceObjects Objects(Workload web, Workload canary, IReadOnlyList<Change> changes) =>
        new()
        {
            Namespace = "shop",
            Services = [new Service("web", new Dictionary<string, string> { ["app"] = "web" }, false)],
            Workloads =
            [
                .. new[] { web, canary }
                    .SelectMany(d => new[] { d, Set(d) })
                    .Select(w => new LiveWorkload { Spec = w, ReadyPods = w.Replicas }),
            ],
            Pods = [Group(web), Group(canary)],
            Changes = changes,
        };

    public static Change Change(Workload workload, Phase phase) =>
        new()
        {
            Name = workload.Ref.Name,
            Workload = workload.Ref,
            TemplateHash = workload.Template.Hash,
            Images = workload.Template.ImageNames,
            Phase = phase,
        };

    private static Workload Set(Workload deployment) =>
        Read(
            $$$"""
            {"apiVersion": "apps/v1", "kind": "ReplicaSet",
             "metadata": {"name": "{{{deployment.Ref.Name}}}-1", "namespace": "shop", "uid": "uid-{{{deployment.Ref.Name}}}-1", "labels": {"app": "web", "track": "{{{deployment.Ref.Name}}}"},
              "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "{{{deployment.Ref.Name}}}", "uid": "{{{deployment.Uid}}}", "controller": true}]},
             "spec": {"replicas": {{{deployment.Replicas}}}, "selector": {"matchLabels": {"track": "{{{deployment.Ref.Name}}}"} },
              "template": {{{Template(deployment.Ref.Name, DigestOf(deployment))}}} } }
            """
        );

    /// <summary>No pod is old enough for a step, so that every pod is evaluated.</summary>
    private static PodGroup Group(Workload deployment) =>
        new(
            new PodShape($"uid-{deployment.Ref.Name}-1", deployment.Template),
            [
                .. Enumerable
                    .Range(0, deployment.Replicas)
                    .Select(i => new LivePod
                    {
                        Name = $"{deployment.Ref.Name}-1-{i.ToString(CultureInfo.InvariantCulture)}",
                        Node = $"node-{(i % 300).ToString(CultureInfo.InvariantCulture)}",
                        CreatedAt = Now.AddSeconds(-i % 500),
                        ReadySince = Now.AddSeconds(-i % 500),
                        StartedAt = Now.AddSeconds(-i % 500),
                    }),
            ]
        );

    private static char DigestOf(Workload deployment) => deployment.Template.ImageNames[0][^1];

    private static string Template(string name, char digest) =>
        $$$"""
            {"metadata": {"labels": {"app": "web", "track": "{{{name}}}"} }, "spec": {"containers": [{"name": "web", "image": "registry.example.com/web@sha256:{{{new string(
                digest,
                64
            )}}}"}] } }
            """;

    private static Workload Read(string json) => WorkloadReader.Default.Read(JsonDocument.Parse(json).RootElement);
}

using System.Globalization;
using System.Text;
using System.Text.Json;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Benchmarks;

/// <summary>
/// The objects of a cluster of any size, as large as real ones: Deployments, twenty in a namespace, each with a Service, a ReplicaSet,
/// three pods and the record of its revision. Names, uids and templates differ.
/// </summary>
internal sealed class GeneratedCluster
{
    public const int PodsPerWorkload = 3;
    public const int PerNamespace = 20;

    /// <summary>Of <see cref="SomeRefused"/>, one of so many is refused.</summary>
    public const int RefusedOf = 20;
    private const int Nodes = 300;
    private const string PodHash = "7b44b4fbb";

    /// <summary>The beginning of the digest of the recorded image; each workload has an image of its own.</summary>
    private const string RecordedDigest = "27dd8ed4";

    private readonly RecordedUpdate _update;

    /// <param name="review">The recorded update of a Deployment.</param>
    public GeneratedCluster(string review, int workloads)
    {
        (_update, Workloads) = (new RecordedUpdate(review, Of), workloads);
        var (pod, change) = (Compact("pod.json"), Compact("change.json"));
        var made = Enumerable.Range(0, workloads).Select(i => Objects(_update.Live, pod, change, i)).ToList();
        Resources = new Dictionary<string, Resource>
        {
            ["namespaces"] = new([.. Namespaces.Select(n => Bytes(NamespaceObject(n)))], 1),
            ["safeguardpolicies"] = new([.. Fleet.Policies.Select(Bytes)], 0),
            ["deployments"] = new([.. made.Select(m => Bytes(m.Deployment))], PerNamespace),
            ["replicasets"] = new([.. made.Select(m => Bytes(m.ReplicaSet))], PerNamespace),
            ["services"] = new([.. made.Select(m => Bytes(m.Service))], PerNamespace),
            ["changes"] = new([.. made.Select(m => Bytes(m.Change))], PerNamespace),
            ["pods"] = new([.. made.SelectMany(m => m.Pods.Select(Bytes))], PerNamespace * PodsPerWorkload),
        };
    }

    public int Workloads { get; }

    public IReadOnlyDictionary<string, Resource> Resources { get; }

    public IReadOnlyList<string> Namespaces => [.. Enumerable.Range(0, (Workloads + PerNamespace - 1) / PerNamespace).Select(Named)];

    /// <summary>The place of a namespace; null for another one.</summary>
    public int? PlaceOf(string @namespace) =>
        @namespace.StartsWith("team-", StringComparison.Ordinal)
        && int.TryParse(@namespace.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var place)
        && place * PerNamespace < Workloads
            ? place
            : null;

    public IReadOnlyList<VariedReview> Unchanged() => _update.Unchanged(Reviewed);

    public IReadOnlyList<VariedReview> NewRevision() => _update.NewRevision(Reviewed);

    public IReadOnlyList<VariedReview> SomeRefused() =>
        [.. Unchanged().Zip(NewRevision()).Select((pair, i) => i % RefusedOf == 0 ? pair.Second : pair.First)];

    /// <summary>A thousand workloads are enough, from all over the cluster.</summary>
    private IEnumerable<int> Reviewed =>
        Enumerable.Range(0, Math.Min(1000, Workloads)).Select(i => i * (Workloads / Math.Min(1000, Workloads)));

    private static (string Deployment, string ReplicaSet, string Service, string Change, List<string> Pods) Objects(
        string live,
        string pod,
        string change,
        int i
    )
    {
        var deployment = Of(live, i);
        using var document = JsonDocument.Parse(deployment);
        var set = ReplicaSet(document.RootElement, i);
        var hash = WorkloadReader.Default.Read(document.RootElement).Template.Hash;
        return (
            deployment,
            set,
            $$$"""{"metadata":{"name":"{{{NameOf(i)}}}","namespace":"{{{NamespaceOf(i)}}}"},"spec":{"selector":{"app":"{{{NameOf(
                i
            )}}}"} } }""",
            Filled(change, i, i).Replace("@hash@", hash, StringComparison.Ordinal),
            [.. Enumerable.Range(i * PodsPerWorkload, PodsPerWorkload).Select(n => Filled(pod, i, n))]
        );
    }

    private static string Filled(string text, int i, int number) =>
        new StringBuilder(text)
            .Replace("@name@", string.Create(CultureInfo.InvariantCulture, $"{SetOf(i)}-{number:x5}"))
            .Replace("@app@", NameOf(i))
            .Replace(RecordedDigest, DigestOf(i))
            .Replace("@set@", SetOf(i))
            .Replace("@setuid@", SetUidOf(i))
            .Replace("@namespace@", NamespaceOf(i))
            .Replace("@uid@", string.Create(CultureInfo.InvariantCulture, $"6d0d3f3c-6b3f-4bb4-9d8e-{number:000000000000}"))
            .Replace("@version@", string.Create(CultureInfo.InvariantCulture, $"{100_000 + number}"))
            .Replace("@node@", string.Create(CultureInfo.InvariantCulture, $"node-{number % Nodes:000}.example.internal"))
            .ToString();

    private static string ReplicaSet(JsonElement deployment, int i)
    {
        var template = deployment.GetProperty("spec").GetProperty("template").GetRawText();
        var labels = template.IndexOf("\"labels\":{", StringComparison.Ordinal) + "\"labels\":{".Length;
        return $$$"""
            {"metadata":{"name":"{{{SetOf(i)}}}","namespace":"{{{NamespaceOf(i)}}}","uid":"{{{SetUidOf(
                i
            )}}}","resourceVersion":"{{{i}}}","generation":1,"creationTimestamp":"2026-11-24T10:00:00Z","labels":{"app":"{{{NameOf(
                i
            )}}}","pod-template-hash":"{{{PodHash}}}"},"annotations":{"deployment.kubernetes.io/desired-replicas":"3","deployment.kubernetes.io/max-replicas":"4","deployment.kubernetes.io/revision":"2"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"Deployment","name":"{{{NameOf(
                i
            )}}}","uid":"{{{UidOf(
                i
            )}}}","controller":true,"blockOwnerDeletion":true}],"managedFields":{{{deployment
                .GetProperty("metadata")
                .GetProperty("managedFields")
                .GetRawText()}}}},"spec":{"replicas":3,"selector":{"matchLabels":{"app":"{{{NameOf(
                i
            )}}}","pod-template-hash":"{{{PodHash}}}"} },"template":{{{template.Insert(
                labels,
                $"\"pod-template-hash\":\"{PodHash}\","
            )}}}},"status":{"replicas":3,"fullyLabeledReplicas":3,"readyReplicas":3,"availableReplicas":3,"observedGeneration":1}}
            """;
    }

    private static string NamespaceObject(string name) =>
        $$$"""{"metadata":{"name":"{{{name}}}","labels":{"kubernetes.io/metadata.name":"{{{name}}}","tier":"1"} } }""";

    private static string Of(string recorded, int i) =>
        RecordedUpdate.Named(recorded, NameOf(i), NamespaceOf(i), UidOf(i)).Replace(RecordedDigest, DigestOf(i), StringComparison.Ordinal);

    private static string Compact(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "cluster", file)));
        return JsonSerializer.Serialize(document.RootElement);
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static string Named(int place) => string.Create(CultureInfo.InvariantCulture, $"team-{place:0000}");

    private static string NamespaceOf(int i) => Named(i / PerNamespace);

    private static string NameOf(int i) => string.Create(CultureInfo.InvariantCulture, $"web-{i:00000}");

    private static string DigestOf(int i) => string.Create(CultureInfo.InvariantCulture, $"{i:x8}");

    private static string UidOf(int i) => string.Create(CultureInfo.InvariantCulture, $"1017c3dc-2514-436f-b886-{i:000000000000}");

    private static string SetOf(int i) => $"{NameOf(i)}-{PodHash}";

    private static string SetUidOf(int i) => string.Create(CultureInfo.InvariantCulture, $"8c1f5b1e-6f0e-4d43-a1e2-{i:000000000000}");
}

/// <summary>The objects of one resource, namespace by namespace.</summary>
/// <param name="PerNamespace">0 where they are in none.</param>
internal sealed record Resource(IReadOnlyList<byte[]> Items, int PerNamespace);

using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>
/// A namespace as in a cluster: workloads, their controllers' objects, pods and records. Unless a test says otherwise, 20 pods of proven v1
/// of Deployment web serve behind Service web, and the workloads were adopted a day ago.
/// </summary>
internal static class Shop
{
    public const string V1 = "registry.example.com/shop/web@sha256:1111111111111111111111111111111111111111111111111111111111111111";
    public const string V2 = "registry.example.com/shop/web@sha256:2222222222222222222222222222222222222222222222222222222222222222";
    public const string V3 = "registry.example.com/shop/web@sha256:3333333333333333333333333333333333333333333333333333333333333333";

    /// <summary>Hashes of a Deployment's ReplicaSets.</summary>
    public const string First = "5d9f7";
    public const string Second = "7c6b9";

    public static readonly SafeguardPolicy Policy = Some.Policy(
        """
        {"approval": {"required": "Never", "quorum": [{"groups": ["senior-engineers"]}]},
         "canary": {"steps": [5, 25, 50], "soak": "10m", "pace": {"percent": 5, "minReady": "10m"} } }
        """
    );

    public static readonly DateTimeOffset AdoptedAt = Some.Now.AddDays(-1);

    /// <summary>Holds every name.</summary>
    private static readonly HashSet<string> s_allPods = new([""], EqualityComparer<string>.Create((_, _) => true, _ => 0));

    public static readonly Service WebService = new("web", Labels(("app", "web")), false);

    public static NamespaceObjects Empty =>
        new()
        {
            Namespace = "shop",
            Services = [WebService],
            Adopted = new Dictionary<string, AdoptedPods> { [Policy.Name] = new(AdoptedAt, s_allPods) },
        };

    public static NamespaceObjects Settled => Empty.Running(Web(20), Phase.Proven);

    public static JsonObject Web(int replicas, string image = V1) => Deployment("web", replicas, image);

    public static JsonObject C(int replicas, string image = V2) => Deployment("web-canary", replicas, image);

    public static JsonObject Deployment(string name, int replicas, string image) =>
        Some.Deployment(image, replicas)
            .With("metadata/name", $"\"{name}\"")
            .With("metadata/uid", $"\"uid-{name}\"")
            .With("spec/selector/matchLabels", $$"""{"track": "{{name}}"}""")
            .With("spec/template/metadata/labels", $$"""{"app": "web", "track": "{{name}}"}""");

    /// <summary>A rollout that conforms: one at a time, ten minutes each.</summary>
    public static JsonObject Paced(this JsonObject deployment) =>
        deployment
            .With("spec/minReadySeconds", "600")
            .With("spec/progressDeadlineSeconds", "1200")
            .With("spec/strategy/rollingUpdate", """{"maxSurge": 1, "maxUnavailable": 0}""");

    public static JsonObject StatefulSet(string name, int replicas, string image, int partition = 0) =>
        Deployment(name, replicas, image)
            .With("kind", "\"StatefulSet\"")
            .With("spec/strategy", "null")
            .With("spec/updateStrategy", $$"""{"type": "RollingUpdate", "rollingUpdate": {"partition": {{partition}} } }""")
            .With("spec/minReadySeconds", "600");

    public static JsonObject DaemonSet(string name, int nodes, string image) =>
        Deployment(name, 1, image)
            .With("kind", "\"DaemonSet\"")
            .With("status", $$"""{"desiredNumberScheduled": {{nodes}} }""")
            .With("spec/strategy", "null")
            .With("spec/minReadySeconds", "600")
            .With("spec/updateStrategy", """{"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1} }""");

    public static JsonObject Job(string name, int parallelism, string image, string labels) =>
        Deployment(name, 1, image)
            .With("apiVersion", "\"batch/v1\"")
            .With("kind", "\"Job\"")
            .With("spec/parallelism", $"{parallelism}")
            .With("spec/selector", "null")
            .With("spec/template/metadata/labels", labels);

    /// <param name="concurrency">As in the object: <c>Allow</c>, <c>Forbid</c>, <c>Replace</c>.</param>
    public static JsonObject CronJob(string name, int parallelism, string image, string concurrency) =>
        Job(name, 1, image, """{"app": "web"}""")
            .With("kind", "\"CronJob\"")
            .With(
                "spec",
                $$"""{"concurrencyPolicy": "{{concurrency}}", "jobTemplate": {"spec": {"parallelism": {{parallelism}}, "template": {"metadata": {"labels": {"app": "web"} }, "spec": {"containers": [{"name": "web", "image": "{{image}}"}] } } } } }"""
            );

    /// <summary>The ReplicaSet that the Deployment controller creates.</summary>
    /// <param name="hash">In the letters in which Kubernetes writes them.</param>
    public static JsonObject SetOf(JsonObject deployment, string hash = First, int? replicas = null)
    {
        var owner = $"{deployment["metadata"]?["name"]}";
        var name = $"{owner}-{hash}";
        return deployment
            .DeepClone()
            .AsObject()
            .With("kind", "\"ReplicaSet\"")
            .With("metadata/name", $"\"{name}\"")
            .With("metadata/uid", $"\"uid-{name}\"")
            .With("metadata/labels", $"{deployment["spec"]?["template"]?["metadata"]?["labels"]?.ToJsonString()}")
            .With("metadata/labels/pod-template-hash", $"\"{hash}\"")
            .With("metadata/ownerReferences", OwnerJson("apps/v1", $"{deployment["kind"]}", owner))
            .With("spec/replicas", $"{replicas ?? (int)(deployment["spec"]?["replicas"] ?? 1)}")
            .With("spec/strategy", "null")
            .With("spec/selector/matchLabels/pod-template-hash", $"\"{hash}\"")
            .With("spec/template/metadata/labels/pod-template-hash", $"\"{hash}\"");
    }

    public static string OwnerJson(string apiVersion, string kind, string name, string? uid = null) =>
        $$"""[{"apiVersion": "{{apiVersion}}", "kind": "{{kind}}", "name": "{{name}}", "uid": "{{uid ?? $"uid-{name}"}}", "controller": true}]""";

    /// <summary>A pod as its controller creates it from an object with a template.</summary>
    public static JsonObject PodOf(JsonObject owner, string name = "0") =>
        new()
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Pod",
            ["metadata"] = new JsonObject
            {
                ["name"] = $"{owner["metadata"]?["name"]}-{name}",
                ["namespace"] = "shop",
                ["labels"] = owner["spec"]?["template"]?["metadata"]?["labels"]?.DeepClone(),
                ["ownerReferences"] = JsonNode.Parse(
                    OwnerJson($"{owner["apiVersion"]}", $"{owner["kind"]}", $"{owner["metadata"]?["name"]}")
                ),
            },
            ["spec"] = owner["spec"]?["template"]?["spec"]?.DeepClone(),
        };

    /// <summary>A number of pods like this one, ready for the given time.</summary>
    public static PodGroup Pods(JsonObject like, int count, int minutes = 60)
    {
        var pod = like.Read();
        var since = Some.Now.AddMinutes(-minutes);
        var template = PodTemplate.OfPod(
            pod.Template.Labels,
            pod.Template.Containers,
            pod.Template.Images,
            pod.ControllerUid is null ? pod.Template.Hash : ""
        );
        var name = pod.Ref.Name[..(pod.Ref.Name.LastIndexOf('-') + 1)];
        return new PodGroup(
            new PodShape(pod.ControllerUid, template),
            [
                .. Enumerable
                    .Range(0, count)
                    .Select(i => new LivePod
                    {
                        Name = $"{name}{i}",
                        Node = $"node-{i}",
                        CreatedAt = since,
                        ReadySince = since,
                        StartedAt = since,
                    }),
            ]
        );
    }

    public static LiveWorkload Live(this JsonObject workload, int? ready = null) =>
        new() { Spec = workload.Read(), ReadyPods = ready ?? workload.Read().Replicas };

    public static NamespaceObjects With(this NamespaceObjects objects, params LiveWorkload[] more) =>
        objects with
        {
            Workloads = [.. objects.Workloads, .. more],
        };

    public static NamespaceObjects With(this NamespaceObjects objects, params PodGroup[] more) =>
        objects with
        {
            Pods = [.. objects.Pods, .. more],
        };

    public static NamespaceObjects With(this NamespaceObjects objects, params Change[] more) =>
        objects with
        {
            Changes = [.. objects.Changes, .. more],
        };

    /// <summary>A Deployment that has settled: its ReplicaSet, all pods, and its record.</summary>
    public static NamespaceObjects Running(this NamespaceObjects objects, JsonObject deployment, Phase phase, int minutes = 60)
    {
        var set = SetOf(deployment);
        return objects
            .With(deployment.Live(), set.Live())
            .With(Pods(PodOf(set), set.Read().Replicas, minutes))
            .With(Some.Change(deployment, phase));
    }

    /// <summary>A conforming rollout of web to v2 in progress: 20 old pods and the first new one.</summary>
    public static NamespaceObjects Rolling()
    {
        var (before, after) = (Web(20), Web(20, V2).Paced());
        var (old, young) = (SetOf(before), SetOf(after, Second, 1));
        return Empty
            .With(after.Live(), old.Live(), young.Live())
            .With(Pods(PodOf(old), 20), Pods(PodOf(young), 1, 1))
            .With(Some.Change(before, Phase.Proven), Some.Change(after, Phase.Running));
    }

    /// <summary>The view of the edge, and the verdict in it.</summary>
    public static Verdict Decide(this NamespaceObjects objects, Request request, params SafeguardPolicy[] policies)
    {
        var (before, after) = request is WorkloadRequest workload ? (workload.Before, workload.After) : (null, null);
        return Some.Decide(
            request,
            new ClusterSnapshot
            {
                Policies = policies.Length > 0 ? policies : [Policy],
                Changes = [.. objects.Changes.Where(c => c.Workload == request.Target)],
                Namespace = objects.ToSnapshot(),
                Parent = request is ScaleRequest ? objects.Workloads.FirstOrDefault(w => w.Spec.Ref == request.Target)?.Spec : null,
                LiveHash = before?.Template.Hash,
                History = before is null
                    ? []
                    :
                    [
                        .. objects
                            .Workloads.Where(w => w.Spec.ControllerUid == before.Uid && Ownership.IsOwnerOf(before, w.Spec))
                            .Select(w => new OwnedRevision(w.Spec.Ref.Name, w.Spec.Template.Hash, w.Spec.Uid)),
                    ],
                Owners = [.. OwnersOf(objects, before).Concat(OwnersOf(objects, after)).Distinct()],
            }
        );
    }

    /// <summary>The message of the only refusal; null if there is none.</summary>
    public static string? Refusal(this NamespaceObjects objects, Request request, params SafeguardPolicy[] policies) =>
        objects.Decide(request, policies).Findings.Where(f => f.IsDenial).Select(f => f.Finding.Message).SingleOrDefault();

    public static WorkloadRequest Delete(JsonObject obj, Requester? by = null) =>
        Some.Create(obj, by) with
        {
            Operation = Operation.Delete,
            Before = obj.Read(),
            After = null,
        };

    public static ScaleRequest Scale(JsonObject obj, int replicas, Requester? by = null)
    {
        var workload = obj.Read();
        return new ScaleRequest(workload.Replicas, replicas, workload.ResourceVersion)
        {
            Operation = Operation.Update,
            Requester = by ?? Some.Developer,
            Target = workload.Ref,
        };
    }

    public static ServiceRequest ServiceChange(Service? before, Service? after, Requester? by = null) =>
        new(before, after)
        {
            Operation = before is null ? Operation.Create : Operation.Update,
            Requester = by ?? Some.Developer,
            Target = new WorkloadRef("", "Service", "shop", (after ?? before)?.Name ?? ""),
        };

    public static Dictionary<string, string> Labels(params (string Key, string Value)[] labels) =>
        labels.ToDictionary(l => l.Key, l => l.Value);

    private static IEnumerable<Workload> OwnersOf(NamespaceObjects objects, Workload? made)
    {
        for (var owner = Find(made); owner is not null; owner = Find(owner))
        {
            yield return owner;
        }

        Workload? Find(Workload? of) =>
            of?.ControllerUid is { } uid ? objects.Workloads.FirstOrDefault(w => w.Spec.Uid == uid)?.Spec : null;
    }
}

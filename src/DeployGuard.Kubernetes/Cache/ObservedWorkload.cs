using System.Text.Json;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>What is kept of a live workload: what decisions about it and its neighbours rest on, a few kilobytes.</summary>
internal sealed record ObservedWorkload
{
    private const int DefaultHistoryLimit = 10;

    public required Workload Spec { get; init; }

    public WorkloadRef Ref => Spec.Ref;

    public string Uid => Spec.Uid;

    /// <summary>Uid of the controlling owner; empty if there is none.</summary>
    public string ControllerUid => Spec.ControllerUid ?? "";

    public string TemplateHash => Spec.Template.Hash;

    /// <summary>
    /// The hash to compare with one on record. Whether a Pod's author or the scheduler chose its node cannot be told: either will do.
    /// </summary>
    public string HashLike(string recorded) => Spec.Template.UnboundHash == recorded ? recorded : TemplateHash;

    public IReadOnlyList<string> Images => Spec.Template.ImageNames;

    /// <summary>The same as Core looks at it.</summary>
    public required LiveWorkload Live { get; init; }

    /// <summary>Old revisions that its controller keeps; 10 where it does not say.</summary>
    public required int HistoryLimit { get; init; }

    /// <summary>Its controller has seen the newest spec.</summary>
    public required bool IsObserved { get; init; }

    /// <summary>It runs its template on all desired pods, at least one, available; a Job: succeeded.</summary>
    public required bool IsComplete { get; init; }

    /// <summary>Its rollout is not under way: paused, held at a partition, or given up as its deadline passed.</summary>
    public required bool IsAtRest { get; init; }

    /// <exception cref="MalformedObjectException">It is no workload.</exception>
    public static ObservedWorkload Read(JsonElement item, string apiVersion, string kind, WorkloadReader reader)
    {
        // Items of a list leave their type to the list.
        var workload = reader.Read(WithType(item, apiVersion, kind));
        var status = item.TryGetProperty("status", out var s) && s.ValueKind is JsonValueKind.Object ? s : default;
        var spec = item.TryGetProperty("spec", out var p) && p.ValueKind is JsonValueKind.Object ? p : default;
        var observed = Number(status, "observedGeneration") is not { } seen || seen >= Number(item.GetProperty("metadata"), "generation");
        var slim = workload.Slim();
        return new ObservedWorkload
        {
            Spec = slim,
            Live = new LiveWorkload
            {
                Spec = slim,
                IsObserved = observed,
                Revisions = (Text(status, "currentRevision"), Text(status, "updateRevision")),
                ReadyPods = ReadyPods(kind, status),
                UpdatedPods = (int)(Number(status, kind == "DaemonSet" ? "updatedNumberScheduled" : "updatedReplicas") ?? 0),
            },
            HistoryLimit = (int)(Number(spec, "revisionHistoryLimit") ?? DefaultHistoryLimit),
            IsObserved = observed,
            IsComplete = observed && IsCompleteStatus(kind, workload.Replicas, status),
            IsAtRest = workload.Strategy.Paused || (observed && (IsHeldByPartition(kind, workload, status) || HasGivenUp(kind, status))),
        };
    }

    /// <summary>Servers before 1.24 count the active pods of a Job and not the ready ones.</summary>
    private static int ReadyPods(string kind, JsonElement status) => (int)(kind switch
    {
        "DaemonSet" => Number(status, "numberReady"),
        "Job" => Number(status, "ready") ?? Number(status, "active"),
        _ => Number(status, "readyReplicas"),
    } ?? 0);

    private static bool IsHeldByPartition(string kind, Workload workload, JsonElement status) =>
        kind == "StatefulSet" && workload.Strategy.Partition is > 0 and var partition && Number(status, "updatedReplicas") >= workload.Replicas - partition
        && Number(status, "readyReplicas") == workload.Replicas;

    private static bool HasGivenUp(string kind, JsonElement status) =>
        kind == "Deployment" && Conditions(status).Any(c => c.GetProperty("type").ValueEquals("Progressing") && Text(c, "reason") == "ProgressDeadlineExceeded");

    private static bool IsCompleteStatus(string kind, int desired, JsonElement status) => kind switch
    {
        "Deployment" => desired > 0 && All(status, desired, "replicas", "updatedReplicas", "availableReplicas"),
        "ReplicaSet" or "ReplicationController" => desired > 0 && All(status, desired, "replicas", "availableReplicas"),
        "StatefulSet" => desired > 0 && All(status, desired, "replicas", "readyReplicas")
            && status.TryGetProperty("updateRevision", out var update)
            && status.TryGetProperty("currentRevision", out var current) && current.ValueEquals(update.GetString()),
        "DaemonSet" => Number(status, "desiredNumberScheduled") is > 0 and var nodes && All(status, nodes, "updatedNumberScheduled", "numberAvailable"),
        "Job" => HasCondition(status, "Complete"),
        "Pod" => (status.TryGetProperty("phase", out var phase) && phase.ValueEquals("Succeeded")) || HasCondition(status, "Ready"),
        // Complete with the first of its Jobs that is, which only the cache of Jobs can tell.
        "CronJob" => false,
        // A custom kind is complete if it counts its pods as a Deployment does; one that does not never is, and is no way back.
        _ => desired > 0 && All(status, desired, "replicas", "updatedReplicas", "availableReplicas"),
    };

    private static bool All(JsonElement status, long expected, params ReadOnlySpan<string> numbers)
    {
        foreach (var number in numbers)
        {
            if (Number(status, number) != expected)
            {
                return false;
            }
        }

        return true;
    }

    private static bool HasCondition(JsonElement status, string type) =>
        Conditions(status).Any(c => c.GetProperty("type").ValueEquals(type) && c.GetProperty("status").ValueEquals("True"));

    private static JsonElement.ArrayEnumerator Conditions(JsonElement status) =>
        status.ValueKind is JsonValueKind.Object && status.TryGetProperty("conditions", out var conditions) && conditions.ValueKind is JsonValueKind.Array
            ? conditions.EnumerateArray()
            : default;

    private static string Text(JsonElement owner, string name) =>
        owner.ValueKind is JsonValueKind.Object && owner.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() ?? "" : "";

    private static long? Number(JsonElement owner, string name) =>
        owner.ValueKind is JsonValueKind.Object && owner.TryGetProperty(name, out var value) && value.TryGetInt64(out var number) ? number : null;

    public static JsonElement WithType(JsonElement item, string apiVersion, string kind)
    {
        if (item.TryGetProperty("kind", out _))
        {
            return item;
        }

        var typed = new Dictionary<string, JsonElement>(item.EnumerateObject().Select(p => KeyValuePair.Create(p.Name, p.Value)))
        {
            ["apiVersion"] = JsonSerializer.SerializeToElement(apiVersion),
            ["kind"] = JsonSerializer.SerializeToElement(kind),
        };
        return JsonSerializer.SerializeToElement(typed);
    }
}

/// <summary>A ControllerRevision: a revision that a StatefulSet or DaemonSet can go back to.</summary>
/// <param name="Number">Counts up with every revision of its owner.</param>
/// <param name="PodLabel">The value of <c>controller-revision-hash</c> on its pods.</param>
internal sealed record ObservedRevision(string Name, string ControllerUid, string TemplateHash, IReadOnlyList<string> Images, long Number, string PodLabel)
{
    public string Uid { get; init; } = "";

    public string Namespace { get; init; } = "";

    /// <summary>What it has its pods run, without its body.</summary>
    public required PodTemplate Template { get; init; }

    /// <summary>The same as Core looks at it.</summary>
    /// <param name="owner">With the claims that count in its hash; null where it is not known.</param>
    public LiveRevision Live(ObservedWorkload? owner) => new(Name, ControllerUid, Template, Number, PodLabel) { Uid = Uid, TemplateHash = owner is null ? TemplateHash : Under(owner).TemplateHash };

    /// <summary>What version 0.2 named its template by.</summary>
    public string LegacyHash { get; init; } = "";

    /// <summary>Its restart annotations, where its pods read them.</summary>
    public IReadOnlyDictionary<string, string> RestartTimes { get; init; } = new Dictionary<string, string>();

    /// <summary>The same with the claims of its owner in its hash: it holds the template alone.</summary>
    public ObservedRevision Under(ObservedWorkload owner) =>
        this with { TemplateHash = Core.Workloads.TemplateHash.WithClaims(TemplateHash, owner.Spec.Template.ClaimsDigest) };

    /// <summary>Null where the revision holds no pod template. Its hash is that of the template alone: see <see cref="Under"/>.</summary>
    public static ObservedRevision? Read(JsonElement item, WorkloadReader reader)
    {
        if (!item.TryGetProperty("data", out var data) || data.ValueKind is not JsonValueKind.Object
            || !data.TryGetProperty("spec", out var spec) || !spec.TryGetProperty("template", out var template))
        {
            return null;
        }

        var metadata = item.GetProperty("metadata");
        var owner = metadata.TryGetProperty("ownerReferences", out var owners) && owners.ValueKind is JsonValueKind.Array
            ? owners.EnumerateArray().FirstOrDefault(o => o.TryGetProperty("controller", out var c) && c.ValueKind is JsonValueKind.True)
            : default;
        var uid = owner.ValueKind is JsonValueKind.Object ? owner.GetProperty("uid").GetString() : null;
        var name = metadata.GetProperty("name").GetString() ?? "";
        var read = reader.ReadTemplate(template);
        return new ObservedRevision(
            name,
            uid ?? "",
            read.Hash,
            read.ImageNames,
            item.TryGetProperty("revision", out var number) && number.TryGetInt64(out var revision) ? revision : 0,
            // A StatefulSet's pods carry the revision's name.
            owner.ValueKind is JsonValueKind.Object && owner.GetProperty("kind").ValueEquals("DaemonSet") && metadata.TryGetProperty("labels", out var labels) && labels.TryGetProperty(LiveRevision.Label, out var label)
                ? label.GetString() ?? name
                : name)
        {
            Uid = metadata.TryGetProperty("uid", out var id) ? id.GetString() ?? "" : "",
            Namespace = metadata.TryGetProperty("namespace", out var ns) ? ns.GetString() ?? "" : "",
            Template = read.Slim(_ => false),
            LegacyHash = read.LegacyHash,
            RestartTimes = read.Slim(_ => false).RestartTimes,
        };
    }
}

using System.Text.Json;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cluster.Caches;

/// <summary>What is kept of a live workload: enough to tell what it runs and how far it is, a few hundred bytes.</summary>
/// <param name="ControllerUid">Uid of the controlling owner; empty if there is none.</param>
/// <param name="HistoryLimit">Old revisions that its controller keeps; 10 where it does not say.</param>
/// <param name="IsObserved">Its controller has seen the newest spec.</param>
/// <param name="IsComplete">It runs its template on all desired pods, at least one, available; a Job: succeeded.</param>
internal sealed record ObservedWorkload(
    WorkloadRef Ref, string Uid, string ControllerUid, string TemplateHash, IReadOnlyList<string> Images, int HistoryLimit, bool IsObserved, bool IsComplete)
{
    private const int DefaultHistoryLimit = 10;

    /// <exception cref="MalformedObjectException">It is no workload.</exception>
    public static ObservedWorkload Read(JsonElement item, string apiVersion, string kind, WorkloadReader? reader = null)
    {
        // Items of a list leave their type to the list.
        var workload = (reader ?? WorkloadReader.Default).Read(WithType(item, apiVersion, kind));
        var status = item.TryGetProperty("status", out var s) && s.ValueKind is JsonValueKind.Object ? s : default;
        var observed = Number(status, "observedGeneration") is not { } seen || seen >= Number(item.GetProperty("metadata"), "generation");
        return new ObservedWorkload(
            workload.Ref,
            workload.Uid,
            workload.ControllerUid ?? "",
            workload.Template.Hash,
            [.. workload.Template.Images.Select(i => i.Reference.Text)],
            (int)(item.TryGetProperty("spec", out var spec) ? Number(spec, "revisionHistoryLimit") ?? DefaultHistoryLimit : DefaultHistoryLimit),
            observed,
            observed && IsCompleteStatus(kind, workload.Replicas, status));
    }

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
        status.ValueKind is JsonValueKind.Object && status.TryGetProperty("conditions", out var conditions) && conditions.ValueKind is JsonValueKind.Array
        && conditions.EnumerateArray().Any(c => c.GetProperty("type").ValueEquals(type) && c.GetProperty("status").ValueEquals("True"));

    private static long? Number(JsonElement owner, string name) =>
        owner.ValueKind is JsonValueKind.Object && owner.TryGetProperty(name, out var value) && value.TryGetInt64(out var number) ? number : null;

    private static JsonElement WithType(JsonElement item, string apiVersion, string kind)
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
internal sealed record ObservedRevision(string Name, string ControllerUid, string TemplateHash)
{
    /// <summary>Null where the revision holds no pod template.</summary>
    public static ObservedRevision? Read(JsonElement item)
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
        return new ObservedRevision(
            metadata.GetProperty("name").GetString() ?? "",
            uid ?? "",
            CanonicalTemplate.Of(template, TemplateNoise.Default).Hash);
    }
}

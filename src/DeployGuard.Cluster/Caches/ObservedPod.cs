using System.Text.Json;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cluster.Caches;

/// <summary>Reads from a pod's status how long it has served.</summary>
internal static class ObservedPod
{
    /// <summary>Null for a pod that somebody else owns.</summary>
    public static LivePod? Read(JsonElement pod, WorkloadRef owner, string ownerUid, string templateHash)
    {
        var metadata = pod.GetProperty("metadata");
        if (!Items(metadata, "ownerReferences").Any(o => Flag(o, "controller") && o.GetProperty("uid").ValueEquals(ownerUid)))
        {
            return null;
        }

        var status = pod.TryGetProperty("status", out var s) ? s : default;
        var ready = Items(status, "conditions").FirstOrDefault(c => c.GetProperty("type").ValueEquals("Ready") && c.GetProperty("status").ValueEquals("True"));
        var containers = Items(status, "containerStatuses").ToList();
        return new LivePod
        {
            Owner = owner,
            TemplateHash = templateHash,
            CreatedAt = Time(metadata, "creationTimestamp") ?? DateTimeOffset.MaxValue,
            ReadySince = ready.ValueKind is JsonValueKind.Object ? Time(ready, "lastTransitionTime") : null,
            StartedAt = containers.Select(c => Time(Child(Child(c, "state"), "running"), "startedAt")).Max(),
            RestartedAt = containers.Where(c => c.TryGetProperty("restartCount", out var count) && count.TryGetInt32(out var restarts) && restarts > 0).Select(LastRestart).Max(),
            IsDeleting = metadata.TryGetProperty("deletionTimestamp", out _),
        };
    }

    private static DateTimeOffset? LastRestart(JsonElement container) => new[]
    {
        Time(Child(Child(container, "state"), "running"), "startedAt"),
        Time(Child(Child(container, "state"), "terminated"), "finishedAt"),
        Time(Child(Child(container, "lastState"), "terminated"), "finishedAt"),
    }.Max();

    private static JsonElement Child(JsonElement owner, string name) => owner.ValueKind is JsonValueKind.Object && owner.TryGetProperty(name, out var child) ? child : default;

    private static DateTimeOffset? Time(JsonElement owner, string name) =>
        Child(owner, name) is { ValueKind: JsonValueKind.String } text && text.TryGetDateTimeOffset(out var time) ? time : null;

    private static bool Flag(JsonElement owner, string name) => Child(owner, name).ValueKind is JsonValueKind.True;

    private static JsonElement.ArrayEnumerator Items(JsonElement owner, string name) => Child(owner, name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : default;
}

using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>
/// Reads pods into what little decides whom they serve and for how long. What many of them have in common is kept once.
/// </summary>
internal sealed class LivePodReader(WorkloadReader reader)
{
    private readonly ConcurrentDictionary<string, KnownShape> _shapes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _nodes = new(StringComparer.Ordinal);

    /// <exception cref="MalformedObjectException">It is no pod.</exception>
    public ObservedPod Read(JsonElement item)
    {
        var pod = reader.Read(ObservedWorkload.WithType(item, "v1", "Pod"));
        var spec = Child(item, "spec");
        var status = item.TryGetProperty("status", out var s) ? s : default;
        var containers = Items(status, "containerStatuses").ToList();
        var ready = Items(status, "conditions").FirstOrDefault(c => Text(c, "type") == "Ready" && Text(c, "status") == "True");
        var node = Text(spec, "nodeName");
        return new ObservedPod(
            Known(pod),
            new LivePod
            {
                Name = pod.Ref.Name,
                Node = node.Length == 0 ? "" : _nodes.GetOrAdd(node, node),
                CreatedAt = pod.CreatedAt ?? DateTimeOffset.MaxValue,
                ReadySince = ready.ValueKind is JsonValueKind.Object ? Time(ready, "lastTransitionTime") : null,
                StartedAt = containers.Select(c => Time(Child(Child(c, "state"), "running"), "startedAt")).Max(),
                RestartedAt = containers.Where(HasRestarted).Select(LastRestart).Max(),
                IsDeleting = pod.IsDeleting,
                IsFinished = Text(status, "phase") is "Succeeded" or "Failed",
            });
    }

    /// <summary>Forgets shapes that no pod has any more: every rollout makes another.</summary>
    public void Keep(IReadOnlySet<string> keys)
    {
        foreach (var key in _shapes.Keys.Where(k => !keys.Contains(k)))
        {
            _shapes.TryRemove(key, out _);
        }
    }

    public int Shapes => _shapes.Count;

    private KnownShape Known(Workload pod)
    {
        // Of pods without an owner each may be another revision, so that their hashes are worth their time.
        var hash = pod.ControllerUid is null ? pod.Template.Hash : "";
        var key = KeyOf(pod, hash);
        return _shapes.TryGetValue(key, out var known) ? known
            : _shapes.GetOrAdd(key, new KnownShape(key, new PodShape(pod.ControllerUid, PodTemplate.OfPod(pod.Template.Labels, pod.Template.Containers, pod.Template.Images, hash))));
    }

    private static string KeyOf(Workload pod, string hash)
    {
        var key = new StringBuilder(pod.ControllerUid).Append('\n').Append(hash);
        foreach (var (name, value) in pod.Template.Labels.OrderBy(l => l.Key, StringComparer.Ordinal))
        {
            key.Append('\n').Append(name).Append('=').Append(value);
        }

        foreach (var container in pod.Template.Containers)
        {
            key.Append('\n').Append(container.Name).Append(' ').Append(container.Image);
            container.Ports.ToList().ForEach(p => key.Append(' ').Append(p.Name).Append(':').Append(p.Number).Append('/').Append(p.Protocol));
        }

        pod.Template.Images.ToList().ForEach(i => key.Append('\n').Append(i.Reference.Text));
        return key.ToString();
    }

    private static bool HasRestarted(JsonElement container) =>
        Child(container, "restartCount") is { ValueKind: JsonValueKind.Number } count && count.TryGetInt32(out var restarts) && restarts > 0;

    private static DateTimeOffset? LastRestart(JsonElement container) => new[]
    {
        Time(Child(Child(container, "state"), "running"), "startedAt"),
        Time(Child(Child(container, "state"), "terminated"), "finishedAt"),
        Time(Child(Child(container, "lastState"), "terminated"), "finishedAt"),
    }.Max();

    private static JsonElement Child(JsonElement owner, string name) => owner.ValueKind is JsonValueKind.Object && owner.TryGetProperty(name, out var child) ? child : default;

    private static string Text(JsonElement owner, string name) => Child(owner, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() ?? "" : "";

    private static DateTimeOffset? Time(JsonElement owner, string name) =>
        Child(owner, name) is { ValueKind: JsonValueKind.String } text && text.TryGetDateTimeOffset(out var time) ? time : null;

    private static JsonElement.ArrayEnumerator Items(JsonElement owner, string name) => Child(owner, name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : default;
}

/// <summary>A shape, and the text that is the same for all pods of it: kept once, since it is longer than the rest of a pod.</summary>
internal sealed record KnownShape(string Key, PodShape Shape)
{
    /// <summary>The one group that such pods are in.</summary>
    public IReadOnlyList<string> Index { get; } = [Key];
}

/// <summary>A pod as it is watched.</summary>
internal sealed record ObservedPod(KnownShape Known, LivePod Pod)
{
    public PodShape Shape => Known.Shape;

    public string Key => Known.Key;
}

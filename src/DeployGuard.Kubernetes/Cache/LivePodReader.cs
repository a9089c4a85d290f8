using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>
/// Reads the few fields of pods that decide which Services they serve and for how long. What pods have in common is kept once.
/// </summary>
/// <param name="texts">Shares the texts with the workloads of the pods; null to share none.</param>
internal sealed class LivePodReader(WorkloadReader reader, TextPool? texts = null)
{
    private readonly ConcurrentDictionary<string, KnownShape> _shapes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _nodes = new(StringComparer.Ordinal);

    /// <exception cref="MalformedObjectException">It is not a pod.</exception>
    public ObservedPod Read(JsonElement item)
    {
        var pod = reader.Read(ObservedWorkload.WithType(item, BuiltInKinds.Pod.ApiVersion, BuiltInKinds.Pod.Name));
        var status = item.Member("status") ?? default;
        var containers = status.Items("containerStatuses").ToList();
        var ready = status.Items("conditions").FirstOrDefault(c => c.Text("type") == "Ready" && c.Text("status") == "True");
        var node = item.Member("spec")?.Text("nodeName") ?? "";
        return new ObservedPod(
            Known(pod),
            new LivePod
            {
                Name = pod.Ref.Name,
                Node = node.Length == 0 ? "" : _nodes.GetOrAdd(node, node),
                CreatedAt = pod.CreatedAt ?? DateTimeOffset.MaxValue,
                ReadySince = ready.Time("lastTransitionTime"),
                StartedAt = containers.Select(c => TimeOf(c, "state", "running", "startedAt")).Max(),
                RestartedAt = containers.Where(HasRestarted).Select(LastRestart).Max(),
                IsDeleting = pod.IsDeleting,
                IsFinished = status.Text("phase") is "Succeeded" or "Failed",
            }
        );
    }

    /// <summary>Forgets shapes that no pod has: every rollout adds one.</summary>
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
        // Each pod without an owner may be a revision of its own, so its hash is needed.
        var hash = pod.ControllerUid is null ? pod.Template.Hash : "";
        // A digest: the text would be longer than all that is kept of the pods.
        var key = DigestOf(KeyOf(pod, hash));
        return _shapes.TryGetValue(key, out var known)
            ? known
            : _shapes.GetOrAdd(
                key,
                new KnownShape(
                    key,
                    new PodShape(
                        texts?.SameOrNull(pod.ControllerUid) ?? pod.ControllerUid,
                        PodTemplate.OfPod(pod.Template.Labels, pod.Template.Containers, pod.Template.Images, hash, texts)
                    )
                )
            );
    }

    private static string DigestOf(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

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
            container
                .Ports.ToList()
                .ForEach(p => key.Append(' ').Append(p.Name).Append(':').Append(p.Number).Append('/').Append(p.Protocol));
        }

        pod.Template.Images.ToList().ForEach(i => key.Append('\n').Append(i.Reference.Text));
        return key.ToString();
    }

    private static bool HasRestarted(JsonElement container) => container.Number("restartCount") > 0;

    private static DateTimeOffset? LastRestart(JsonElement container) =>
        new[]
        {
            TimeOf(container, "state", "running", "startedAt"),
            TimeOf(container, "state", "terminated", "finishedAt"),
            TimeOf(container, "lastState", "terminated", "finishedAt"),
        }.Max();

    private static DateTimeOffset? TimeOf(JsonElement container, string state, string kind, string field) =>
        container.Member(state)?.Member(kind)?.Time(field);
}

/// <summary>A shape, and the key of all pods with it. Kept once, because it is longer than the rest of a pod.</summary>
internal sealed record KnownShape(string Key, PodShape Shape)
{
    /// <summary>The index key of such pods.</summary>
    public IReadOnlyList<string> Index { get; } = [Key];
}

/// <summary>A pod as it is watched.</summary>
internal sealed record ObservedPod(KnownShape Known, LivePod Pod)
{
    public PodShape Shape => Known.Shape;

    public string Key => Known.Key;
}

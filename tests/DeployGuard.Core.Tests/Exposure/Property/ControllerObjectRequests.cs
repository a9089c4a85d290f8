namespace DeployGuard.Core.Tests.Serving;

/// <summary>Requests for objects that controllers create: ReplicaSets and pods.</summary>
internal sealed class ControllerObjectRequests(SimulatedNamespace world, Random random)
{
    private static readonly string[] s_keys = ["app", "track", Template.HashLabel, StatefulSetRules.RevisionLabel];

    private string SubResource => random.Next(4) == 0 ? "status" : "";

    public SimulatedRequest? RandomRequest() =>
        Pick(world.Of("ReplicaSet")) is not { } set
            ? null
            : random.Next(4) switch
            {
                0 => Image(set, random.Next(DeveloperRequests.Images)),
                1 when AnyLabels(set.Labels) is { } labels => SimulatedRequests.Change(
                    set,
                    "labels of",
                    s => s.Labels = labels,
                    SubResource
                ),
                2 when AnyLabels(set.Template.Labels) is { } labels && set.Selector.Selects(labels) => SimulatedRequests.Change(
                    set,
                    "labels of the template of",
                    s => s.Template = s.Template with { Labels = labels }
                ),
                _ => SimulatedRequests.Delete(set, random.Next(2) == 0),
            };

    public SimulatedRequest? RandomPodRequest() =>
        Pick(world.Pods) is not { } pod
            ? null
            : random.Next(4) switch
            {
                0 when random.Next(3) == 0 => Image(pod, random.Next(DeveloperRequests.Images)),
                0 or 1 when AnyLabels(pod.Labels) is { } labels => SimulatedRequests.Change(
                    pod,
                    "labels of",
                    p => p.Labels = labels,
                    SubResource
                ),
                _ => SimulatedRequests.Delete(pod, orphan: false),
            };

    public SimulatedRequest? RandomSizeRequest() =>
        Pick(world.Of("ReplicaSet")) is not { } set ? null
        : random.Next(2) == 0 ? SimulatedRequests.Scale(set, Other(set.Replicas), isAutoscaler: false)
        : Size(set, Other(set.Replicas));

    private static SimulatedRequest Image(Controller set, int image) =>
        SimulatedRequests.Change(set, "image of", s => s.Template = s.Template with { Image = image });

    private static SimulatedRequest Image(Pod pod, int image) => SimulatedRequests.Change(pod, "image of", p => p.Image = image);

    private static SimulatedRequest Size(Controller set, int size) => SimulatedRequests.Change(set, "size of", s => s.Replicas = size);

    private int Other(int size) => random.Next(3) == 0 ? 0 : Math.Max(0, size + random.Next(-4, 5));

    private T? Pick<T>(IEnumerable<T> some)
        where T : class => some.ToList() is { Count: > 0 } all ? all[random.Next(all.Count)] : null;

    /// <summary>One label less, or another value: of another object, or of none.</summary>
    private TagSet? AnyLabels(TagSet labels)
    {
        var key = s_keys[random.Next(s_keys.Length)];
        return random.Next(3) switch
        {
            0 => labels[key] is null ? null : labels.Without(key),
            1 => labels.With(
                key,
                key == "app"
                    ? random.Next(2) == 0
                        ? "web"
                        : "api"
                    : $"v{random.Next(3)}"
            ),
            _ => Pick(world.Pods) is { } other && other.Labels[key] is { } value && value != labels[key] ? labels.With(key, value) : null,
        };
    }
}

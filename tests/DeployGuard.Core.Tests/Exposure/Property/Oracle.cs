using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Tests.Serving;

/// <summary>The serving pods of a Service, counted one by one.</summary>
/// <param name="Unproven">Ready pods of revisions that are not proven here; surge pods do not count.</param>
/// <param name="ByImage">Pods of each unproven image.</param>
/// <param name="Surging">Surge pods of each image that are about to be deleted: their workload wants another image.</param>
/// <param name="Proven">Proven pods; surge pods do not count.</param>
/// <param name="Staying">Pods without those beyond the size of their controller, which it is about to delete.</param>
internal sealed record PodCounts(
    int Unproven,
    int Proven,
    int Total,
    int Ready,
    int Staying,
    IReadOnlyDictionary<int, int> ByImage,
    IReadOnlyDictionary<int, int> Surging
)
{
    public static readonly PodCounts Nothing = new(0, 0, 0, 0, 0, new Dictionary<int, int>(), new Dictionary<int, int>());

    /// <summary>All unproven pods with the surge pods, which a rollout may reach at any moment.</summary>
    public int UnprovenWithSurge => ByImage.Values.Sum();

    public int TotalWithSurge => UnprovenWithSurge + Proven;

    public PodCounts Most(PodCounts other) =>
        new(
            Math.Max(Unproven, other.Unproven),
            Math.Max(Proven, other.Proven),
            Math.Max(Total, other.Total),
            Math.Max(Ready, other.Ready),
            Math.Max(Staying, other.Staying),
            ByImage
                .Keys.Union(other.ByImage.Keys)
                .ToDictionary(i => i, i => Math.Max(ByImage.GetValueOrDefault(i), other.ByImage.GetValueOrDefault(i))),
            Surging
        );
}

/// <summary>
/// Counts serving pods by their image and by the Services that select them. It does not know the exposure model: the claims of a pod about
/// itself and its owner do not count.
/// </summary>
internal sealed class Oracle(SimulatedLeader leader, CanaryRules rules)
{
    private readonly Dictionary<string, ServedPool> _served = [];
    private readonly Dictionary<string, (SimulatedService Service, PodCounts Had)> _last = [];

    public CanaryRules Rules => rules;

    public bool IsProven(int image, string service) =>
        image == 0
        || leader.Changes.Exists(c =>
            c.Phase is Phase.Proven
            && !c.IsUnreviewed
            && Is(c, image)
            && c.Served.Any(s =>
                s.Pool == $"Service {service}"
                && (!s.WasOnlyUnproven || c.CompletedSteps.Any(h => h.Pool == s.Pool && rules.Steps.All(step => step <= h.Percent)))
            )
        );

    /// <param name="former">The namespace before the request: its surge pods remain until they are deleted.</param>
    public PodCounts Count(SimulatedNamespace world, SimulatedService service, SimulatedNamespace? former = null)
    {
        var pods = world.Behind(service).ToList();
        if (pods.Count == 0)
        {
            return PodCounts.Nothing;
        }

        var isProven = Enumerable.Range(0, DeveloperRequests.Images).Select(i => IsProven(i, service.Name)).ToArray();
        var (unproven, proven, leaving) = (0, 0, new List<int>());
        foreach (var group in pods.GroupBy(p => RootOf(world, p)))
        {
            var (all, notProven) = (group.Count(), group.Count(p => p.Ready is not null && !isProven[p.Image]));
            var beyond = group.Key is { Kind: "Deployment" } root ? Math.Clamp(all - root.Replicas, 0, SurgeOf(root, former)) : 0;
            unproven += Math.Max(0, notProven - beyond);
            var old = group.Where(p => p.Ready is not null && !isProven[p.Image] && p.Image != group.Key?.Template.Image);
            leaving.AddRange(old.Select(p => p.Image).Take(beyond));
            proven += Math.Max(0, group.Count(p => p.Ready is not null) - beyond - notProven);
        }

        var ready = pods.Where(p => p.Ready is not null).ToList();
        var byImage = ready.Where(p => !isProven[p.Image]).GroupBy(p => p.Image).ToDictionary(g => g.Key, g => g.Count());
        var surging = leaving.CountBy(i => i).ToDictionary();
        return new PodCounts(unproven, proven, pods.Count, ready.Count, Staying(world, pods), byImage, surging);
    }

    private static int SurgeOf(Controller deployment, SimulatedNamespace? former) =>
        Math.Max(DeploymentRules.Surge(deployment), former?.ByUid(deployment.Uid) is { } was ? DeploymentRules.Surge(was) : 0);

    private static int Staying(SimulatedNamespace world, IEnumerable<Pod> pods) =>
        pods.GroupBy(p => RootOf(world, p)).Sum(g => Math.Min(g.Count(), g.Key?.Replicas ?? g.Count()));

    /// <summary>Remembers how many proven pods a Service had.</summary>
    public void Observe(SimulatedNamespace world)
    {
        foreach (var service in world.Services)
        {
            var had = Count(world, service);
            var isKnown = _last.TryGetValue(service.Name, out var last);
            // An alias has the pods of another Service, and not those of its own selector when it is created again.
            if (!isKnown || service.Alias is null)
            {
                _last[service.Name] = (service, isKnown && last.Service == service ? had.Most(last.Had) : had);
            }

            _served[service.Name] = _served.TryGetValue(service.Name, out var served)
                ? served.Seeing(had.Proven, rules.ColdAfter, world.Now)
                : new ServedPool(service.Name, had.Proven, world.Now, IsPresent: true);
        }
    }

    /// <summary>
    /// The maximum of proven pods that a Service had recently, counted or recorded: the two are not updated at the same time.
    /// </summary>
    public int Served(string service, DateTimeOffset now) => Math.Max(Seen(service, now), Recorded(service, now));

    /// <summary>No proven pod was there recently.</summary>
    public bool IsCold(string service, DateTimeOffset now) => Math.Min(Seen(service, now), Recorded(service, now)) == 0;

    private int Seen(string service, DateTimeOffset now) =>
        _served.TryGetValue(service, out var served) && served.IsWithin(rules.ColdAfter, now) ? served.Pods : 0;

    private int Recorded(string service, DateTimeOffset now) =>
        leader
            .Changes.Where(c => c.Phase is Phase.Proven)
            .SelectMany(c => c.Served)
            .Where(s => s.Pool == $"Service {service}" && s.IsWithin(rules.ColdAfter, now))
            .Select(s => s.Pods)
            .DefaultIfEmpty(0)
            .Max();

    /// <summary>Steps that an image completed behind a Service: recorded, or by the age of its pods now.</summary>
    public int Held(SimulatedNamespace world, SimulatedService service, int image)
    {
        var percent = leader
            .Changes.Where(c => Is(c, image))
            .SelectMany(c => c.CompletedSteps)
            .Where(h => h.Pool == $"Service {service.Name}")
            .Select(h => h.Percent)
            .DefaultIfEmpty(0)
            .Max();
        var steps = rules.Steps.Count(s => s <= percent);
        var pods = world.Behind(service).ToList();
        var old = pods.Count(p => p.Image == image && p.Ready is { } since && world.Now - since >= rules.Soak);
        // A canary that is briefly alone is not the whole pool.
        var ready = Staying(world, pods.Where(p => p.Ready is not null));
        ready = Count(world, service).Proven > 0 ? ready : Math.Max(ready, Recorded(service.Name, world.Now));
        while (steps < rules.Steps.Count && old >= Math.Max(1, ready * rules.Steps[steps] * 4 / 500))
        {
            steps++;
        }

        return steps;
    }

    /// <summary>The requested revision completed, and had as many pods behind the Service or was proven there.</summary>
    public bool ServedThere(SimulatedNamespace world, SimulatedService service, SimulatedRequest request)
    {
        var target = request.Request.Target;
        var copy = world.Copy();
        request.Apply(copy);
        return copy.Find(target.Kind, target.Name) is { } after
            && leader.Changes.Exists(c =>
                c.Workload == target
                && Is(c, after.Template.Image)
                && c.HasCompleted
                && (
                    c.Served.Count == 0
                    || c.Served.Any(s =>
                        s.Pool == $"Service {service.Name}"
                        && (after.Replicas <= s.MaxPods || (c.Phase is Phase.Proven && !s.WasOnlyUnproven))
                    )
                )
            );
    }

    /// <summary>The scaled workload recently had as many pods of the same revision there, according to its record.</summary>
    public bool ServedAtThisSize(SimulatedNamespace world, SimulatedService service, SimulatedRequest request)
    {
        var target = request.Request.Target;
        var copy = world.Copy();
        request.Apply(copy);
        return copy.Find(target.Kind, target.Name) is { } after
            && leader.Changes.Exists(c =>
                c.Workload == target
                && Is(c, after.Template.Image)
                && c.HasCompleted
                && c.Served.Any(s =>
                    s.Pool == $"Service {service.Name}" && s.IsWithin(rules.ColdAfter, world.Now) && after.Replicas <= s.Pods
                )
            );
    }

    /// <summary>The last Service of this name, existing or deleted: one that is created again has its users.</summary>
    public SimulatedService? Last(string service) => _last.TryGetValue(service, out var last) ? last.Service : null;

    /// <summary>The last Service of this name had the same selector recently, and as many pods of the image: counted or recorded.</summary>
    public bool WasCreatedAgain(SimulatedService service, int image, int pods, DateTimeOffset now) =>
        (
            _last.TryGetValue(service.Name, out var last)
            && last.Service.Selector == service.Selector
            && pods <= last.Had.ByImage.GetValueOrDefault(image)
        )
        || leader.Changes.Exists(c =>
            Is(c, image) && c.Served.Any(s => s.Pool == $"Service {service.Name}" && pods <= s.Pods && s.IsWithin(rules.ColdAfter, now))
        );

    /// <summary>The controller at the end of a chain of owners that the selectors confirm, as controllers see it.</summary>
    public static Controller? RootOf(SimulatedNamespace world, Pod pod) =>
        world.ByUid(pod.Owner?.Uid) is not { } owner || !owner.Selector.Selects(pod.Labels) ? null
        : owner.Kind == "ReplicaSet"
        && world.ByUid(owner.Owner?.Uid) is { Kind: "Deployment" } above
        && above.Selector.Selects(owner.Labels)
            ? above
        : owner;

    private static bool Is(Change change, int image) => change.Images.Contains(Rendering.Reference(image));
}

using System.Text.Json.Nodes;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>How a rollout replaces pods: how many at once, and with or without minReadySeconds.</summary>
internal sealed record Pacing(int AtOnce, bool IsPercent, bool IsTimed)
{
    public static readonly Pacing AllAtOnce = new(100, IsPercent: true, IsTimed: false);
    public static readonly Pacing OneByOne = new(1, IsPercent: false, IsTimed: true);

    public string Json => IsPercent ? $"\"{AtOnce}%\"" : $"{AtOnce}";

    public int Batch(int size) => Math.Max(1, IsPercent ? ((AtOnce * size) + 99) / 100 : AtOnce);
}

/// <summary>A workload of the model: its spec and the images of its pods. A revision is the number of its image.</summary>
internal sealed record ModelWorkload(
    string Name,
    string Kind,
    IReadOnlyList<string> Services,
    string? CanaryOf,
    int Size,
    int Image,
    int Partition,
    Pacing Pacing
)
{
    public IReadOnlyDictionary<int, int> Pods { get; init; } = new Dictionary<int, int>();

    /// <summary>Its rollout waits until it is resumed.</summary>
    public bool IsPaused { get; init; }

    public bool IsRollingOut => Pods.Any(p => p.Key != Image && p.Value > 0);

    public string OwnPool => $"{Kind} {Name}";

    public bool IsPartitioned => Kind == "StatefulSet" && Partition > 0;

    public int Runs(int image) => Pods.GetValueOrDefault(image);

    public override string ToString() =>
        $"{Kind} {Name} [{string.Join(" ", Services)}]{(CanaryOf is null ? "" : $" canary-of {CanaryOf}")} x{Size} image "
        + $"{Image}{(IsPartitioned ? $" partition {Partition}" : "")} "
        + $"{Pacing.Json}{(Pacing.IsTimed ? " timed" : "")} runs {{{string.Join(", ", Pods.Select(p => $"{p.Key}: {p.Value}"))}}}";
}

/// <summary>
/// A namespace of several Services and workloads, behind one, two or none, some only by a claim, and its records. Image 0 is proven
/// everywhere.
/// </summary>
internal sealed class PooledWorld
{
    public const int Images = 4;

    private static readonly string[] s_services = ["a", "b", "c"];

    private readonly SafeguardPolicy _policy;
    private readonly IReadOnlyList<ModelWorkload> _plans;
    private readonly Dictionary<string, ModelWorkload> _running = [];
    private readonly Dictionary<string, ModelWorkload> _known = [];
    private readonly HashSet<(int Image, string Pool)> _proven = [];
    private readonly Dictionary<(int Image, string Pool), int> _latched = [];
    private readonly Dictionary<string, int> _served = [];
    private readonly Dictionary<(string Name, int Image), int> _completed = [];

    public PooledWorld(Random random)
    {
        Steps = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => random.Next(1, 100)).Distinct().Order()];
        Percent = random.Next(1, 40);
        PodsAreOld = random.Next(2) == 0;
        _policy = Some.Policy(
            $$"""{"canary": {"required": "Always", "steps": [{{string.Join(", ", Steps)}}], "pace": {"percent": {{Percent}}, "minReady": "10m"} } }"""
        );
        var names = Enumerable.Range(0, 6).Select(i => $"w{i}").ToList();
        _plans =
        [
            .. names.Select(name => new ModelWorkload(
                name,
                random.Next(3) == 0 ? "StatefulSet" : "Deployment",
                [.. s_services.Where(_ => random.Next(5) < 2)],
                random.Next(4) > 0 ? null
                    : random.Next(5) == 0 ? "missing"
                    : names[random.Next(names.Count)],
                0,
                0,
                0,
                Pacing.AllAtOnce
            )),
        ];
        foreach (var plan in _plans.Take(3))
        {
            Apply(plan with { Size = random.Next(1, 40) });
            Settle(plan.Name);
        }
    }

    public IReadOnlyList<int> Steps { get; }

    public int Percent { get; }

    /// <summary>Every pod is past its soak as soon as it exists: completed steps are then known before they are recorded.</summary>
    public bool PodsAreOld { get; }

    public IReadOnlyCollection<ModelWorkload> Running => _running.Values;

    public ModelWorkload? Find(string name) => _running.GetValueOrDefault(name);

    public bool IsProven(int image, string pool) => image == 0 || _proven.Contains((image, pool));

    public int Latched(int image, string pool) => _latched.GetValueOrDefault((image, pool));

    /// <summary>The maximum of proven pods that a pool had recently.</summary>
    public int Served(string pool) => _served.GetValueOrDefault(pool);

    /// <summary>The most pods on which a workload completed an image.</summary>
    public int? CompletedOn(ModelWorkload workload, int image) =>
        _completed.TryGetValue((workload.Name, image), out var pods) ? pods : null;

    /// <summary>The verdict for a request.</summary>
    public Verdict Decide(ModelWorkload requested) =>
        Some.Decide(
            Find(requested.Name) is { } before ? Some.Update(Json(before), Json(requested)) : Some.Create(Json(requested)),
            new ClusterSnapshot
            {
                Policies = [_policy],
                Changes = [.. RecordsOf(requested)],
                Namespace = new NamespaceSnapshot
                {
                    Services = [.. s_services.Select(s => new Service(s, new Dictionary<string, string> { [s] = "yes" }, false))],
                    Members =
                    [
                        .. Running.Select(m =>
                            new Member
                            {
                                Spec = Json(m).Read(),
                                Pods = [.. m.Pods.Select(p => new RevisionPods(HashOf(m, p.Key), null, [Reference(p.Key)], p.Value))],
                            }.Seeing(PodsAreOld ? [.. PodsOf(m)] : [])
                        ),
                    ],
                    Changes = [.. _known.Values.SelectMany(RecordsOf), .. Remembered],
                },
            }
        );

    /// <summary>A workload is created, scaled, changed, or several of these at once.</summary>
    public ModelWorkload RandomRequest(Random random)
    {
        var plan = _plans[random.Next(_plans.Count)];
        var requested = Find(plan.Name) ?? plan with { Size = random.Next(1, 12), Image = random.Next(Images) };
        if (random.Next(2) == 0)
        {
            requested = requested with
            {
                Size = random.Next(3) == 0 ? random.Next(0, 60) : Math.Max(0, requested.Size + random.Next(-3, 4)),
            };
        }

        if (random.Next(2) == 0)
        {
            requested = requested with { Image = random.Next(Images) };
        }

        if (random.Next(3) == 0)
        {
            requested = requested with
            {
                Pacing = new Pacing(random.Next(1, 5) * (random.Next(2) == 0 ? 1 : 5), random.Next(3) == 0, random.Next(2) == 0),
            };
        }

        return requested.Kind == "StatefulSet" && random.Next(2) == 0
            ? requested with
            {
                Partition = random.Next(Math.Max(requested.Size, requested.Partition) + 2),
            }
            : requested;
    }

    /// <summary>Stores the request as the API server does; the controller has only scaled so far.</summary>
    public void Apply(ModelWorkload requested)
    {
        var before = Find(requested.Name);
        var isSettled = before is null || before.Size == 0 || (before.Image == requested.Image && !before.IsRollingOut);
        _running[requested.Name] = _known[requested.Name] = requested with
        {
            Pods = isSettled ? new Dictionary<int, int> { [requested.Image] = requested.Size } : Scaled(before!.Pods, requested),
        };
        Observe();
    }

    /// <summary>A rollout continues by at most <paramref name="most"/> pods, and stops at its partition.</summary>
    public void ContinueRollout(string name, int most)
    {
        var workload = _running[name];
        var pods = workload.Pods.ToDictionary();
        var newest = workload.IsPartitioned ? Math.Max(0, workload.Size - workload.Partition) : workload.Size;
        for (
            var i = 0;
            i < most && pods.GetValueOrDefault(workload.Image) < newest && pods.Keys.Any(k => k != workload.Image && pods[k] > 0);
            i++
        )
        {
            pods[pods.Keys.First(k => k != workload.Image && pods[k] > 0)]--;
            pods[workload.Image] = pods.GetValueOrDefault(workload.Image) + 1;
        }

        _running[name] = workload with { Pods = pods.Where(p => p.Value > 0).ToDictionary() };
        Observe();
    }

    public void Settle(string name) => ContinueRollout(name, int.MaxValue);

    /// <summary>
    /// Every rollout continues, partly or to its end; sometimes a workload is deleted, an hour passes, a soak ends, or a revision is
    /// proven.
    /// </summary>
    public void Advance(Random random)
    {
        foreach (var name in _running.Keys.ToList())
        {
            ContinueRollout(
                name,
                random.Next(3) switch
                {
                    0 => 0,
                    1 => random.Next(1, 6),
                    _ => int.MaxValue,
                }
            );
        }

        switch (random.Next(12))
        {
            case 0:
                _running.Remove(_plans[random.Next(_plans.Count)].Name);
                break;
            case 1:
                _served.Clear();
                Observe();
                break;
            case 2 or 3 or 4:
                Soak();
                break;
            case 5:
                _proven.Add((random.Next(1, Images), AllPools[random.Next(s_services.Length + _plans.Count)]));
                Observe();
                break;
        }
    }

    /// <summary>All pods are past their soak: their steps are recorded.</summary>
    public void Soak()
    {
        var page = new ReferenceModel(this);
        foreach (var pool in PoolsNow)
        {
            for (var image = 1; image < Images; image++)
            {
                _latched[(image, pool)] = Math.Max(Latched(image, pool), page.HeldByPods(image, pool));
            }
        }
    }

    public override string ToString() =>
        $"steps [{string.Join(", ", Steps)}], pace {Percent}%, pods {(PodsAreOld ? "past" : "before")} their soak, proven "
        + $"{string.Join(" ", _proven)}, held {string.Join(" ", _latched.Where(l => l.Value > 0))}, "
        + $"served {string.Join(" ", _served)}, completed "
        + $"{string.Join(" ", _completed.Select(c => $"{c.Key.Name}/{c.Key.Image}: {c.Value}"))}\n  {string.Join("\n  ", Running)}\n";

    /// <summary>Fewer: old pods are deleted first. More: pods of the newest revision, as far as the partition allows.</summary>
    private static Dictionary<int, int> Scaled(IReadOnlyDictionary<int, int> before, ModelWorkload requested)
    {
        var pods = before.ToDictionary();
        while (pods.Values.Sum() > requested.Size)
        {
            pods[pods.Keys.FirstOrDefault(k => k != requested.Image && pods[k] > 0, requested.Image)]--;
        }

        var more = requested.Size - pods.Values.Sum();
        var newest = requested.IsPartitioned
            ? Math.Clamp(requested.Size - requested.Partition - pods.GetValueOrDefault(requested.Image), 0, more)
            : more;
        pods[requested.Image] = pods.GetValueOrDefault(requested.Image) + newest;
        pods[pods.Keys.FirstOrDefault(k => k != requested.Image, requested.Image)] += more - newest;
        return pods.Where(p => p.Value > 0).ToDictionary();
    }

    /// <summary>Records what the leader observes.</summary>
    private void Observe()
    {
        var page = new ReferenceModel(this);
        foreach (var pool in PoolsNow)
        {
            _served[pool] = Math.Max(Served(pool), page.ProvenNow(pool));
        }

        foreach (var workload in Running.Where(m => m is { IsRollingOut: false, Size: > 0 }))
        {
            _completed[(workload.Name, workload.Image)] = Math.Max(CompletedOn(workload, workload.Image) ?? 0, workload.Size);
        }
    }

    /// <summary>Records of a former version have no pools: their rollback is allowed everywhere.</summary>
    private const string ServingUnknown = "";

    /// <summary>The Changes of a workload: running, former and completed revisions.</summary>
    private IEnumerable<Change> RecordsOf(ModelWorkload workload) =>
        Enumerable
            .Range(0, Images)
            .Where(i => CompletedOn(workload, i) is not null || (Find(workload.Name) is { } runs && (runs.Image == i || runs.Runs(i) > 0)))
            .Select(i =>
                Some.Change(Json(workload with { Image = i }), CompletedOn(workload, i) is null ? Phase.Running : Phase.Completed) with
                {
                    CompletedPods = CompletedOn(workload, i) ?? 0,
                    LegacyHash = ServingUnknown,
                }
            );

    /// <summary>Proven revisions and completed steps of deleted workloads: they belong to the image and the pool.</summary>
    private IEnumerable<Change> Remembered =>
        Enumerable
            .Range(0, Images)
            .SelectMany(image =>
            {
                var gone = Json(new ModelWorkload("gone", "Deployment", [], null, 1, image, 0, Pacing.AllAtOnce));
                return (Change[])
                    [
                        Some.Change(gone, Phase.Completed) with
                        {
                            CompletedSteps =
                            [
                                .. _latched
                                    .Where(l => l.Key.Image == image && l.Value > 0)
                                    .Select(l => new CompletedStep(_policy.Name, l.Key.Pool, Steps[l.Value - 1], Some.Now)),
                            ],
                        },
                        .. AllPools.Any(p => IsProven(image, p))
                            ?
                            [
                                Some.Change(gone, Phase.Proven) with
                                {
                                    Served = [.. AllPools.Where(p => IsProven(image, p)).Select(p => Memory(image, p))],
                                },
                            ]
                            : (Change[])[],
                    ];
            });

    private IEnumerable<string> PoolsNow => [.. Running.SelectMany(m => ReferenceModel.PoolsOf(m, Running)).Distinct()];

    private IReadOnlyList<string> AllPools => [.. s_services.Select(s => $"Service {s}"), .. _plans.Select(p => p.OwnPool)];

    private ServedPool Memory(int image, string pool) =>
        image == 0 && Served(pool) > 0
            ? new ServedPool(pool, Served(pool), Some.Now.AddMinutes(-4))
            : new ServedPool(pool, 0, Some.Now.AddHours(-2));

    private static IEnumerable<LivePod> PodsOf(ModelWorkload workload) =>
        workload.Pods.SelectMany(p =>
            Enumerable.Repeat(
                new LivePod
                {
                    Name = Some.NameOf(Json(workload with { Image = p.Key }).Read()),
                    CreatedAt = Some.Now.AddHours(-1),
                    ReadySince = Some.Now.AddHours(-1),
                    StartedAt = Some.Now.AddHours(-1),
                },
                p.Value
            )
        );

    private static string HashOf(ModelWorkload workload, int image) => Json(workload with { Image = image }).Read().Template.Hash;

    private static string Reference(int image) => $"registry.example.com/web@sha256:{image:x64}";

    private static JsonObject Json(ModelWorkload workload)
    {
        var labels = string.Concat(workload.Services.Select(s => $", \"{s}\": \"yes\""));
        var json = Some.Deployment(Reference(workload.Image), workload.Size)
            .With("kind", $"\"{workload.Kind}\"")
            .With("metadata/name", $"\"{workload.Name}\"")
            .With("metadata/uid", $"\"uid-{workload.Name}\"")
            .With("spec/template/metadata/labels", $$"""{"app": "{{workload.Name}}"{{labels}}}""")
            .With("spec/minReadySeconds", workload.Pacing.IsTimed ? "600" : "0")
            .With("spec/progressDeadlineSeconds", "1200")
            .With(
                "spec/strategy",
                workload.Kind == "StatefulSet"
                    ? "null"
                    : $$"""{"type": "RollingUpdate", "rollingUpdate": {"maxSurge": {{workload.Pacing.Json}}, "maxUnavailable": 0} }"""
            );
        if (workload.Kind == "StatefulSet")
        {
            json.With(
                "spec/updateStrategy",
                $$"""{"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": {{workload.Pacing.Json}}, "partition": {{workload.Partition}} } }"""
            );
        }

        return workload.CanaryOf is null
            ? json
            : json.With("metadata/annotations", $$"""{"deployguard.io/canary-of": "{{workload.CanaryOf}}"}""");
    }
}

using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Replay;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Tests.Serving;

/// <summary>A simulated namespace under its policy. Each step depends on its number alone, so that any step can be left out.</summary>
internal sealed class ServingWorld
{
    /// <summary>Serialising a whole namespace costs more than the decision: one of this many decisions is replayed.</summary>
    private const int ReplayedEach = 40;

    private readonly SimulatedNamespace _world = new();
    private readonly SimulatedLeader _leader;
    private readonly Oracle _oracle;
    private readonly Tally _tally;
    private readonly int _seed;

    public ServingWorld(int seed, Tally tally)
    {
        (_seed, _tally) = (seed, tally);
        var random = new Random(seed);
        var steps = (IReadOnlyList<int>)[.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.Next(1, 80)).Distinct().Order()];
        _leader = new SimulatedLeader(
            Some.Policy(
                $$"""{"canary": {"required": "Always", "steps": [{{string.Join(", ", steps)}}], "pace": {"percent": {{random.Next(1, 30)}}, "minReady": "10m"} } }"""
            )
        );
        _oracle = new Oracle(_leader, _leader.Policy.Canary ?? throw new InvalidOperationException("no canary"));
        foreach (var name in (string[])["web", "api"])
        {
            _world.Services.Add(new SimulatedService(name, TagSet.None.With("app", name), null));
            AddWorkload(name, random.Next(3) == 0 ? "StatefulSet" : "Deployment", random.Next(1, 17));
        }

        _world.Settle();
        _leader.Adopt(_world);
        _leader.Advance(_world);
        _oracle.Observe(_world);
    }

    public List<string> Log { get; } = [];

    /// <summary>A break-glass was used: its exposure is not checked any more.</summary>
    public bool IsOver { get; private set; }

    private void AddWorkload(string name, string kind, int size)
    {
        var labels = TagSet.None.With("app", name).With("track", name);
        _world.Controllers.Add(
            new Controller
            {
                Kind = kind,
                Name = name,
                Uid = _world.NewUid(),
                Labels = labels,
                Created = _world.Now,
                Selector = labels,
                Template = new Template(0, labels),
                Replicas = size,
                Pacing = Pacing.OneByOne,
            }
        );
    }

    /// <returns>The violation; null if there is none.</returns>
    public string? Step(int index)
    {
        var random = new Random((_seed * 10_007) + index);
        _world.Now += TimeSpan.FromSeconds(1);
        var violation = random.Next(10) switch
        {
            0 => AdvanceTime(random),
            1 when random.Next(3) == 0 => Evict(random),
            _ => Request(random),
        };
        if (random.Next(2) == 0)
        {
            _leader.Advance(_world);
        }

        _oracle.Observe(_world);
        return violation is null ? null : $"{violation}\n{this}";
    }

    public override string ToString() =>
        $"{_world}\n  {string.Join("\n  ", _leader.Changes.Select(c => $"{c.Workload.Kind} {c.Workload.Name} {c.TemplateHash[3..9]} image {c.Images[0][^1]} {c.Phase} on {c.CompletedPods}, held {string.Join(' ', c.CompletedSteps.Select(h => $"{h.Pool} {h.Percent}%"))}, served {string.Join(' ', c.Served.Select(s => $"{s.Pool} {s.Pods}"))}"))}";

    private string? Request(Random random)
    {
        var request = new DeveloperRequests(_world, random).RandomRequest();
        if (request is null)
        {
            return null;
        }

        var cluster = View(request);
        var verdict = Some.Evaluator.Evaluate(request.Request, cluster, _world.Now);
        if (Log.Count % ReplayedEach == 0)
        {
            Some.IsReplayed(verdict, new EvaluationInput(request.Request, cluster, _world.Now));
        }

        Log.Add(
            $"{request.What}{(request.WithBreakGlass ? " by break-glass" : "")}: {verdict.Evaluated.ChangeType}, "
                + $"{(verdict.IsAllowed ? "passes" : string.Join("; ", verdict.Denials.Select(d => d.Finding.Message)))}"
        );
        _tally.Add(verdict.IsAllowed ? $"passes: {verdict.Evaluated.ChangeType}" : $"refused: {verdict.Evaluated.ChangeType}");
        if (!verdict.IsAllowed)
        {
            return request.IsRollback ? "a rollback or scale-down was refused" : null;
        }

        var violation = new Invariant(_oracle, _tally).FindViolation(_world, request, verdict);
        IsOver |= verdict.Waived.Any();
        _leader.Admit(verdict, _world.Now);
        request.Apply(_world);
        React(random);
        return violation;
    }

    /// <summary>Some rounds of the controllers, or all until they settle.</summary>
    private void React(Random random)
    {
        if (random.Next(2) == 0)
        {
            _world.Settle();
            return;
        }

        for (var i = random.Next(4); i > 0; i--)
        {
            _world.Round();
        }
    }

    private string? AdvanceTime(Random random)
    {
        _world.Settle();
        var count = random.Next(8) switch
        {
            0 => 8,
            1 or 2 or 3 => 3,
            _ => 1,
        };
        for (var i = 0; i < count; i++)
        {
            if (Batch() is { } violation)
            {
                return violation;
            }

            _leader.Advance(_world);
        }

        Log.Add($"time passes, {count} times 10 minutes");
        return null;
    }

    /// <summary>Ten minutes pass: rollouts in progress continue by one batch, and nothing else grows.</summary>
    private string? Batch()
    {
        var before = _world.Services.Where(s => s.Alias is null).ToDictionary(s => s, s => (_oracle.Count(_world, s), RollingBehind(s)));
        _world.Now += TimeSpan.FromMinutes(10);
        _world.Settle();
        _oracle.Observe(_world);
        foreach (var (service, (had, batch)) in before)
        {
            var has = _oracle.Count(_world, service);
            if (has.Unproven > had.Unproven + batch)
            {
                return $"in 10 minutes {has.Unproven} of {has.Total} unproven behind {service}, were {had.Unproven} of {had.Total}; "
                    + $"the batches of all rollouts are {batch} pods";
            }
        }

        return null;
    }

    private int RollingBehind(SimulatedService service) =>
        _world
            .Controllers.Where(c =>
                c.Kind is "Deployment" or "StatefulSet"
                && (service.Selector.Selects(c.Template.Labels) || _world.Behind(service).Any(p => Oracle.RootOf(_world, p) == c))
            )
            .Sum(c => Math.Max(1, c.Kind == "StatefulSet" ? c.Pacing.Batch(c.Replicas) : DeploymentRules.Surge(c)));

    /// <summary>A drained node: an eviction sends no request that DeployGuard sees.</summary>
    private string? Evict(Random random)
    {
        if (_world.Pods.Count > 0)
        {
            var pod = _world.Pods[random.Next(_world.Pods.Count)];
            Log.Add($"evicted: {pod}");
            _world.Pods.Remove(pod);
            React(random);
        }

        return null;
    }

    private ClusterSnapshot View(SimulatedRequest request)
    {
        var target = request.Request.Target;
        var found = _world.Find(target.Kind, target.Name);
        var before = request.Request is WorkloadRequest { Before: not null } ? found : null;
        return new ClusterSnapshot
        {
            Policies = [_leader.Policy],
            Changes = [.. _leader.Changes.Where(c => c.Workload == target)],
            History = before is null ? [] : [.. Histories.Of(_world, before)],
            HadRecords = before is null || before.Created <= _leader.Adopted[_leader.Policy.Name].At,
            Owners = [.. Owners(request.Request, found)],
            Parent = request.Request is ScaleRequest ? found?.ToWorkload() : null,
            LiveHash = before?.ToWorkload().Template.Hash,
            Namespace = _leader.Observe(_world).ToSnapshot(),
            BreakGlasses = request.WithBreakGlass ? [Glass()] : [],
        };
    }

    private IEnumerable<Workloads.Workload> Owners(Request request, Controller? found)
    {
        var claims = request is WorkloadRequest workload
            ? [.. workload.Before?.OwnerReferences ?? [], .. workload.After?.OwnerReferences ?? []]
            : found?.ToWorkload().OwnerReferences ?? [];
        foreach (var owner in claims.Select(c => _world.ByUid(c.Uid)).OfType<Controller>().Distinct().ToList())
        {
            yield return owner.ToWorkload();
            if (_world.ByUid(owner.Owner?.Uid) is { } above)
            {
                yield return above.ToWorkload();
            }
        }
    }

    private BreakGlass Glass() =>
        new()
        {
            Name = "glass",
            Namespace = Rendering.Namespace,
            Waives = ["Canary", "Pace"],
            Incident = "INC-1",
            Reason = "down",
            CreatedAt = _world.Now,
            ExpiresAt = _world.Now.AddHours(1),
            RequestedBy = Some.Developer,
        };
}

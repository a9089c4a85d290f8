using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;

namespace DeployGuard.Kubernetes.Reservations;

/// <summary>
/// Places in the budgets of policies. A place is reserved by compare-and-swap on a ConfigMap of ours before the rollout is let in, so that
/// rollouts asked for at the same instant of several replicas cannot both have the last one; it is dropped once its Change says that it was let in, or once
/// nothing came of it.
/// </summary>
internal sealed class BudgetReservations(ApiConnection api, ClusterCaches caches, RecentObjects came, ClusterOptions options, TimeProvider time, TimeSpan? longest = null)
{
    private static readonly TimeSpan s_reserveTimeout = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a budget that was found spent is not looked at again: whoever is refused asks again by himself.</summary>
    private static readonly TimeSpan s_spentFor = TimeSpan.FromMilliseconds(200);

    /// <summary>Where no budget says so.</summary>
    private static readonly TimeSpan s_hangAfter = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, Gate> _gates = new();

    private string Path => $"api/v1/namespaces/{options.Namespace}/configmaps";

    /// <summary>
    /// What every budget of a namespace is spent on, as the caches know it. What should have come by now is left out: whether it did is asked when a place is
    /// taken, and a refusal must not rest on what nobody asked for but at our port.
    /// </summary>
    public IReadOnlyDictionary<string, BudgetUse> Cached(WorkloadRef target, IEnumerable<SafeguardPolicy> policies) => policies
        .Where(p => p.Budget is not null)
        .ToDictionary(p => p.Name, p => Use(p, [.. Translated(ChangesOf(p, target.Namespace)).Where(c => !ShouldHaveCome(c))], [], target));

    /// <summary>Rollouts in flight by namespace, whether a budget counts them or not; one that hangs in the eyes of every budget that does is none.</summary>
    public IReadOnlyDictionary<string, int> InFlightByNamespace
    {
        get
        {
            var hangs = caches.Policies.All().Select(p => p.Policy).Where(p => p.Budget is not null).ToDictionary(p => p.Name, p => p.Budget?.HangAfter ?? s_hangAfter);
            return Translated(caches.Changes.All())
                .Where(c => Holds(c, c.Policies.Where(hangs.ContainsKey).Select(p => hangs[p]).DefaultIfEmpty(s_hangAfter).Max()))
                .GroupBy(c => c.Workload.Namespace).ToDictionary(g => g.Key, g => g.Count());
        }
    }

    /// <exception cref="UnavailableException">No place could be had or refused in time.</exception>
    public async Task<IReadOnlyDictionary<string, BudgetUse>> ReserveAsync(Verdict verdict, CancellationToken deadline)
    {
        using var cap = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        cap.CancelAfter(longest ?? s_reserveTimeout);
        try
        {
            var policies = verdict.Policies.Where(p => p is { Mode: Mode.Enforce, Budget: not null }).ToList();
            var uses = new Dictionary<string, BudgetUse>();
            // Where there are several, all are looked at before a place is taken in any.
            foreach (var policy in policies.Count > 1 ? policies : [])
            {
                using var stored = await api.FindAsync($"{Path}/{NameOf(policy, verdict.Evaluated.Request.Target.Namespace)}", cap.Token);
                uses[policy.Name] = (await LookAsync(policy, verdict.Evaluated, stored?.RootElement, cap.Token)).Use;
            }

            foreach (var policy in policies.TakeWhile(_ => policies.All(p => !IsSpent(p, uses))))
            {
                uses[policy.Name] = await ReserveAsync(policy, verdict.Evaluated, cap.Token);
            }

            return uses;
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException or OperationCanceledException or JsonException)
        {
            throw new UnavailableException("the budget of rollouts could not be read and written in time", fault);
        }
    }

    private static bool IsSpent(SafeguardPolicy policy, Dictionary<string, BudgetUse> uses) =>
        policy.Budget is { } rules && uses.TryGetValue(policy.Name, out var use) && use.IsSpent(rules);

    private async Task<BudgetUse> ReserveAsync(SafeguardPolicy policy, EvaluatedRequest evaluated, CancellationToken cancel)
    {
        var gate = _gates.GetOrAdd(NameOf(policy, evaluated.Request.Target.Namespace), _ => new Gate());
        // One of this replica at a time: two hundred that swap against each other get nowhere in half a second.
        await gate.Turn.WaitAsync(cancel);
        try
        {
            // Whoever has a place already is not kept from mending what he rolls out.
            if (gate.Spent is { } spent && time.GetUtcNow() - spent.At < s_spentFor && !spent.Use.Rollouts.Contains(evaluated.Request.Target))
            {
                return spent.Use;
            }

            var use = await SwapAsync(policy, evaluated, cancel);
            gate.Spent = policy.Budget is { } rules && use.IsSpent(rules) ? (use, time.GetUtcNow()) : null;
            return use;
        }
        finally
        {
            gate.Turn.Release();
        }
    }

    private async Task<BudgetUse> SwapAsync(SafeguardPolicy policy, EvaluatedRequest evaluated, CancellationToken cancel)
    {
        var (rules, after) = (RulesOf(policy), AfterOf(evaluated));
        var name = NameOf(policy, after.Ref.Namespace);
        BudgetUse? found = null;
        await api.SwapAsync(
            Path,
            name,
            async stored =>
            {
                (var use, var places) = await LookAsync(policy, evaluated, stored, cancel);
                found = use;
                var now = time.GetUtcNow();
                return use.IsSpent(rules) ? null
                    : ReservationMap.Document(name, options.Namespace, $"places in the budget of policy {policy.Name}", stored, [.. places, new Reservation(after.Ref, after.Template.Hash, now, now + InFlight.SeenWithin)]);
            },
            cancel);
        return found ?? throw new InvalidOperationException("the budget was not looked at");
    }

    /// <summary>What a budget is spent on now, and the places of others in it.</summary>
    /// <param name="stored">Read before: a place that was dropped from it is seen as a Change in what is read now.</param>
    private async Task<(BudgetUse Use, IReadOnlyList<Reservation> Places)> LookAsync(SafeguardPolicy policy, EvaluatedRequest evaluated, JsonElement? stored, CancellationToken cancel)
    {
        var after = AfterOf(evaluated);
        var changes = await ReadChangesAsync(RulesOf(policy), after.Ref.Namespace, cancel);
        var now = time.GetUtcNow();
        var places = ReservationMap.Read<Reservation>(stored).Where(p => p.Until > now && !IsSeen(p, changes) && !(p.Workload == after.Ref && p.TemplateHash == after.Template.Hash)).ToList();
        var missing = await NeverCameAsync(changes, places, now, cancel);
        places.RemoveAll(p => missing.Contains((p.Workload, p.TemplateHash)));
        return (Use(policy, [.. changes.Where(c => c.Phase is not Phase.Admitted || !missing.Contains((c.Workload, c.TemplateHash)))], places, after.Ref), places);
    }

    /// <summary>What was let in some seconds ago, and is not what the workload is to run: the API server never asked, or dropped it.</summary>
    private async Task<IReadOnlySet<(WorkloadRef Workload, string TemplateHash)>> NeverCameAsync(
        IReadOnlyList<Change> changes, IReadOnlyList<Reservation> places, DateTimeOffset now, CancellationToken cancel)
    {
        var asked = changes.Where(c => c.Phase is Phase.Admitted && now - c.LastAskedAt < InFlight.SeenWithin).Select(c => (c.Workload, c.TemplateHash, At: c.LastAskedAt))
            .Concat(places.Select(p => (p.Workload, p.TemplateHash, p.At)));
        // Asked for again is let in again.
        var late = asked.GroupBy(a => (a.Workload, a.TemplateHash)).Where(g => g.All(a => now - a.At >= RecentObjects.WrittenWithin)).Select(g => g.Key);
        return await came.MissingAsync(late, a => a.Workload, (a, live) => live?.Template.Hash == a.TemplateHash, cancel);
    }

    private BudgetUse Use(SafeguardPolicy policy, IReadOnlyList<Change> changes, IReadOnlyList<Reservation> places, WorkloadRef asking)
    {
        var hangAfter = policy.Budget?.HangAfter ?? s_hangAfter;
        // Those which the policy does not match are no business of its budget.
        var others = changes.Where(c => c.Workload != asking && c.Phase is Phase.Admitted or Phase.Running && c.Policies.Contains(policy.Name)).ToList();
        return new BudgetUse(
            [.. others.Where(c => Holds(c, hangAfter)).Select(c => c.Workload).Concat(places.Where(p => p.Workload != asking).Select(p => p.Workload)).Distinct()],
            [.. others.Where(c => InFlight.IsHanging(c, LiveOf(c.Workload), IsAtRest(c.Workload), hangAfter, time.GetUtcNow())).Select(c => c.Workload).Distinct()]);
    }

    private bool Holds(Change change, TimeSpan hangAfter) => InFlight.Holds(change, LiveOf(change.Workload), IsAtRest(change.Workload), hangAfter, time.GetUtcNow());

    private bool ShouldHaveCome(Change change) =>
        change.Phase is Phase.Admitted && time.GetUtcNow() - change.LastAskedAt >= RecentObjects.WrittenWithin && LiveOf(change.Workload)?.TemplateHash != change.TemplateHash;

    private async Task<IReadOnlyList<Change>> ReadChangesAsync(BudgetRules rules, string @namespace, CancellationToken cancel) =>
        Translated(await caches.Changes.ReadLiveAsync(rules.Per is BudgetScope.Namespace ? @namespace : "", cancel));

    private IReadOnlyList<Change> ChangesOf(SafeguardPolicy policy, string @namespace) =>
        policy.Budget?.Per is BudgetScope.Cluster ? caches.Changes.All() : caches.Changes.Under(@namespace);

    private IReadOnlyList<Change> Translated(IReadOnlyList<Change> stored) => HashTranslation.Of(caches).Changes(stored);

    /// <summary>Its Change says that the request which reserved it was let in, or is through: that counts from now on.</summary>
    private static bool IsSeen(Reservation place, IReadOnlyList<Change> changes) => changes.Any(c =>
        c.Workload == place.Workload && c.TemplateHash == place.TemplateHash
        && ((c.Phase is not (Phase.Pending or Phase.Rejected) && c.LastAskedAt >= Whole(place.At)) || (c.HasCompleted && c.Since >= Whole(place.At))));

    private static string NameOf(SafeguardPolicy policy, string @namespace) =>
        $"deployguard-budget-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{policy.Name}/{(policy.Budget?.Per is BudgetScope.Namespace ? @namespace : "")}")).AsSpan(0, 8))}";

    private static BudgetRules RulesOf(SafeguardPolicy policy) => policy.Budget ?? throw new InvalidOperationException($"policy {policy.Name} has no budget");

    private static Workload AfterOf(EvaluatedRequest evaluated) => evaluated.After ?? throw new InvalidOperationException("nothing is rolled out");

    /// <summary>Times in records are of whole seconds.</summary>
    private static DateTimeOffset Whole(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerSecond));

    private Observation? LiveOf(WorkloadRef workload) => Find(workload) is { } found ? new Observation(found.TemplateHash, found.IsObserved, found.IsComplete) : null;

    private bool IsAtRest(WorkloadRef workload) => Find(workload) is { IsAtRest: true };

    private ObservedWorkload? Find(WorkloadRef workload) => caches.Workloads.TryGetValue(workload.Kind, out var cache) ? cache.Find(ObjectKey.Of(workload.Namespace, workload.Name)) : null;

    /// <summary>A place that one revision of one workload has taken, and until when it holds if nothing is seen of it.</summary>
    private sealed record Reservation(WorkloadRef Workload, string TemplateHash, DateTimeOffset At, DateTimeOffset Until);

    /// <summary>Of one budget in one replica.</summary>
    private sealed class Gate
    {
        public SemaphoreSlim Turn { get; } = new(1);

        /// <summary>When it was last found spent, and on what.</summary>
        public (BudgetUse Use, DateTimeOffset At)? Spent { get; set; }
    }
}

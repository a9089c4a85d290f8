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
/// Places in the budgets of policies. A place is reserved in a ConfigMap by compare-and-swap before the rollout is admitted, so that two
/// requests at the same moment on two replicas cannot both take the last one. It is dropped once the Change says that the rollout was
/// admitted, or when the object was not written.
/// </summary>
internal sealed class BudgetReservations(
    ApiConnection api,
    ClusterCaches caches,
    RecentObjects recent,
    ClusterOptions options,
    TimeProvider time,
    TimeSpan? timeout = null
)
{
    private static readonly TimeSpan s_reserveTimeout = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a budget counts as exhausted without another read: a refused client retries anyway.</summary>
    private static readonly TimeSpan s_exhaustedFor = TimeSpan.FromMilliseconds(200);

    /// <summary>If the budget does not set it.</summary>
    private static readonly TimeSpan s_hangAfter = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, Gate> _gates = new();

    private string Folder => ApiPaths.ConfigMaps(options.Namespace);

    /// <summary>
    /// What uses every budget of a namespace, from the caches. Leaves out rollouts whose object should have been written by now: whether it
    /// was is read when a place is reserved, and reviews that did not come from the API server must not cause a refusal.
    /// </summary>
    public IReadOnlyDictionary<string, BudgetUse> Cached(WorkloadRef target, IEnumerable<SafeguardPolicy> policies) =>
        policies
            .Where(p => p.Budget is not null)
            .ToDictionary(p => p.Name, p => Use(p, [.. InFlightOf(p, target.Namespace).Where(c => !IsOverdue(c))], [], target));

    /// <summary>
    /// Rollouts in flight by namespace, with or without a budget; those that hang under every budget that counts them are left out.
    /// </summary>
    public IReadOnlyDictionary<string, int> InFlightByNamespace
    {
        get
        {
            var hangs = caches
                .SortedPolicies.All.Where(p => p.Budget is not null)
                .ToDictionary(p => p.Name, p => p.Budget?.HangAfter ?? s_hangAfter);
            return Translated(caches.Changes.All())
                .Where(c => Holds(c, c.Policies.Where(hangs.ContainsKey).Select(p => hangs[p]).DefaultIfEmpty(s_hangAfter).Max()))
                .GroupBy(c => c.Workload.Namespace)
                .ToDictionary(g => g.Key, g => g.Count());
        }
    }

    /// <exception cref="UnavailableException">No place could be reserved or refused in time.</exception>
    public async Task<IReadOnlyDictionary<string, BudgetUse>> ReserveAsync(Verdict verdict, CancellationToken deadline)
    {
        using var cap = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        cap.CancelAfter(timeout ?? s_reserveTimeout);
        try
        {
            var policies = verdict.Policies.Where(p => p is { Mode: Mode.Enforce, Budget: not null }).ToList();
            var uses = new Dictionary<string, BudgetUse>();
            // If there are several, all are read before a place is reserved in any.
            foreach (var policy in policies.Count > 1 ? policies : [])
            {
                using var stored = await api.FindAsync(
                    ApiPaths.One(Folder, NameOf(policy, verdict.Evaluated.Request.Target.Namespace)),
                    cap.Token
                );
                uses[policy.Name] = (await ReadUseAsync(policy, verdict.Evaluated, stored?.RootElement, cap.Token)).Use;
            }

            foreach (var policy in policies.TakeWhile(_ => policies.All(p => !IsExhausted(p, uses))))
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

    private static bool IsExhausted(SafeguardPolicy policy, Dictionary<string, BudgetUse> uses) =>
        policy.Budget is { } rules && uses.TryGetValue(policy.Name, out var use) && use.IsExhausted(rules);

    private async Task<BudgetUse> ReserveAsync(SafeguardPolicy policy, EvaluatedRequest evaluated, CancellationToken cancel)
    {
        var gate = _gates.GetOrAdd(NameOf(policy, evaluated.Request.Target.Namespace), _ => new Gate());
        // One at a time in this replica: hundreds of concurrent writers would conflict until the timeout.
        await gate.Turn.WaitAsync(cancel);
        try
        {
            // A rollout that has a place may be fixed.
            if (
                gate.Spent is { } spent
                && time.GetUtcNow() - spent.At < s_exhaustedFor
                && !spent.Use.Rollouts.Contains(evaluated.Request.Target)
            )
            {
                return spent.Use;
            }

            var use = await SwapAsync(policy, evaluated, cancel);
            gate.Spent = policy.Budget is { } rules && use.IsExhausted(rules) ? (use, time.GetUtcNow()) : null;
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
            Folder,
            name,
            async stored =>
            {
                (var use, var places) = await ReadUseAsync(policy, evaluated, stored, cancel);
                found = use;
                var now = time.GetUtcNow();
                return use.IsExhausted(rules)
                    ? null
                    : ReservationMap.Document(
                        name,
                        options.Namespace,
                        $"places in the budget of policy {policy.Name}",
                        stored,
                        [.. places, new Reservation(after.Ref, after.Template.Hash, now, now + InFlight.VisibleWithin)]
                    );
            },
            cancel
        );
        return found ?? throw new InvalidOperationException("the budget was not read");
    }

    /// <summary>What uses a budget now, and the places of others in it.</summary>
    /// <param name="stored">Read before the Changes, so that a place that was dropped from it is among them.</param>
    private async Task<(BudgetUse Use, IReadOnlyList<Reservation> Places)> ReadUseAsync(
        SafeguardPolicy policy,
        EvaluatedRequest evaluated,
        JsonElement? stored,
        CancellationToken cancel
    )
    {
        var after = AfterOf(evaluated);
        var changes = await ReadChangesAsync(RulesOf(policy), after.Ref.Namespace, cancel);
        var now = time.GetUtcNow();
        var places = ReservationMap
            .Read<Reservation>(stored)
            .Where(p => p.Until > now && !IsSeen(p, changes) && !(p.Workload == after.Ref && p.TemplateHash == after.Template.Hash))
            .ToList();
        var missing = await NotWrittenAsync(changes, places, now, cancel);
        places.RemoveAll(p => missing.Contains((p.Workload, p.TemplateHash)));
        return (
            Use(
                policy,
                [.. changes.Where(c => c.Phase is not Phase.Admitted || !missing.Contains((c.Workload, c.TemplateHash)))],
                places,
                after.Ref
            ),
            places
        );
    }

    /// <summary>
    /// Rollouts that were admitted some seconds ago and are not in the workload's spec: the API server did not send the review, or dropped
    /// the request.
    /// </summary>
    private async Task<IReadOnlySet<(WorkloadRef Workload, string TemplateHash)>> NotWrittenAsync(
        IReadOnlyList<Change> changes,
        IReadOnlyList<Reservation> places,
        DateTimeOffset now,
        CancellationToken cancel
    )
    {
        var admitted = changes
            .Where(c => c.Phase is Phase.Admitted && now - c.LastRequestedAt < InFlight.VisibleWithin)
            .Select(c => (c.Workload, c.TemplateHash, At: c.LastRequestedAt))
            .Concat(places.Select(p => (p.Workload, p.TemplateHash, p.At)));
        // A repeated request was admitted again.
        var late = admitted
            .GroupBy(a => (a.Workload, a.TemplateHash))
            .Where(g => g.All(a => now - a.At >= RecentObjects.WrittenWithin))
            .Select(g => g.Key);
        return await recent.MissingAsync(late, a => a.Workload, (a, live) => live?.Template.Hash == a.TemplateHash, cancel);
    }

    private BudgetUse Use(SafeguardPolicy policy, IReadOnlyList<Change> changes, IReadOnlyList<Reservation> places, WorkloadRef requested)
    {
        var hangAfter = policy.Budget?.HangAfter ?? s_hangAfter;
        // Only Changes that the policy matched use its budget.
        var others = changes
            .Where(c => c.Workload != requested && c.Phase is Phase.Admitted or Phase.Running && c.Policies.Contains(policy.Name))
            .ToList();
        return new BudgetUse(
            [
                .. others
                    .Where(c => Holds(c, hangAfter))
                    .Select(c => c.Workload)
                    .Concat(places.Where(p => p.Workload != requested).Select(p => p.Workload))
                    .Distinct(),
            ],
            [
                .. others
                    .Where(c => InFlight.IsHanging(c, LiveOf(c.Workload), IsAtRest(c.Workload), hangAfter, time.GetUtcNow()))
                    .Select(c => c.Workload)
                    .Distinct(),
            ]
        );
    }

    private bool Holds(Change change, TimeSpan hangAfter) =>
        InFlight.Holds(change, LiveOf(change.Workload), IsAtRest(change.Workload), hangAfter, time.GetUtcNow());

    private bool IsOverdue(Change change) =>
        change.Phase is Phase.Admitted
        && time.GetUtcNow() - change.LastRequestedAt >= RecentObjects.WrittenWithin
        && LiveOf(change.Workload)?.TemplateHash != change.TemplateHash;

    private async Task<IReadOnlyList<Change>> ReadChangesAsync(BudgetRules rules, string @namespace, CancellationToken cancel) =>
        Translated(await caches.Changes.ReadLiveAsync(rules.Per is BudgetScope.Namespace ? @namespace : "", cancel));

    /// <summary>All Changes of each workload that has one in flight under a policy: those of one revision are combined first.</summary>
    private IEnumerable<Change> InFlightOf(SafeguardPolicy policy, string @namespace) =>
        caches
            .Changes.Under(ChangeIndex.InFlight(policy.Name))
            .Select(c => c.Workload)
            .Where(w => policy.Budget?.Per is BudgetScope.Cluster || w.Namespace == @namespace)
            .Distinct()
            .SelectMany(w => Translated(caches.Changes.Under(ChangeIndex.OfWorkload(w))));

    private IReadOnlyList<Change> Translated(IReadOnlyList<Change> stored) => caches.Translation.Changes(stored);

    /// <summary>The Change says that the rollout was admitted, or has completed: the Change counts from now on.</summary>
    private static bool IsSeen(Reservation place, IReadOnlyList<Change> changes) =>
        changes.Any(c =>
            c.Workload == place.Workload
            && c.TemplateHash == place.TemplateHash
            && (
                (c.Phase is not (Phase.Pending or Phase.Rejected or Phase.Withdrawn) && c.LastRequestedAt >= Whole(place.At))
                || (c.HasCompleted && c.Since >= Whole(place.At))
            )
        );

    private static string NameOf(SafeguardPolicy policy, string @namespace)
    {
        var scope = policy.Budget?.Per is BudgetScope.Namespace ? @namespace : "";
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes($"{policy.Name}/{scope}"));
        return $"deployguard-budget-{Convert.ToHexStringLower(digest.AsSpan(0, 8))}";
    }

    private static BudgetRules RulesOf(SafeguardPolicy policy) =>
        policy.Budget ?? throw new InvalidOperationException($"policy {policy.Name} has no budget");

    private static Workload AfterOf(EvaluatedRequest evaluated) =>
        evaluated.After ?? throw new InvalidOperationException("nothing is rolled out");

    /// <summary>Times in records have whole seconds.</summary>
    private static DateTimeOffset Whole(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerSecond));

    private Observation? LiveOf(WorkloadRef workload) =>
        Find(workload) is { } found ? new Observation(found.TemplateHash, found.IsObserved, found.IsComplete) : null;

    private bool IsAtRest(WorkloadRef workload) => Find(workload) is { IsAtRest: true };

    private ObservedWorkload? Find(WorkloadRef workload) =>
        caches.Workloads.TryGetValue(workload.Kind, out var cache) ? cache.Find(ObjectKey.Of(workload.Namespace, workload.Name)) : null;

    /// <summary>A place of one revision of a workload, and until when it holds without a Change.</summary>
    private sealed record Reservation(WorkloadRef Workload, string TemplateHash, DateTimeOffset At, DateTimeOffset Until);

    /// <summary>The state of one budget in this replica.</summary>
    private sealed class Gate
    {
        public SemaphoreSlim Turn { get; } = new(1);

        /// <summary>When it was last exhausted, and by what.</summary>
        public (BudgetUse Use, DateTimeOffset At)? Spent { get; set; }
    }
}

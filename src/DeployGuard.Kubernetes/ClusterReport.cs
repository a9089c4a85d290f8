using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Kubernetes.Leader;
using DeployGuard.Kubernetes.LeaderTasks;
using DeployGuard.Kubernetes.Reservations;
using DeployGuard.Kubernetes.Webhooks;

namespace DeployGuard.Kubernetes;

/// <summary>The state of a replica, and of the leader, for metrics.</summary>
public sealed class ClusterReport
{
    private readonly ClusterCaches _caches;
    private readonly OwnSecrets _secrets;
    private readonly ChangeRecorder _recorder;
    private readonly Registration _registration;
    private readonly LeaderLoop _leader;
    private readonly UnrecordedWorkloadScan _audit;
    private readonly CanaryWatch _canaries;
    private readonly BudgetReservations _budgets;
    private readonly TimeProvider _time;

    internal ClusterReport(
        ClusterCaches caches,
        OwnSecrets secrets,
        ChangeRecorder recorder,
        Registration registration,
        LeaderLoop leader,
        UnrecordedWorkloadScan audit,
        CanaryWatch canaries,
        BudgetReservations budgets,
        TimeProvider time
    ) =>
        (_caches, _secrets, _recorder, _registration, _leader, _audit, _canaries, _budgets, _time) = (
            caches,
            secrets,
            recorder,
            registration,
            leader,
            audit,
            canaries,
            budgets,
            time
        );

    /// <summary>Records that were lost since the start.</summary>
    public long RecordsFailed => _recorder.Failed;

    /// <summary>Changes for which the inbox had no room since the start.</summary>
    public long ChangesOverflowed => _recorder.Overflowed;

    /// <summary>Whole templates for which their namespace had no room since the start.</summary>
    public long TemplatesOverflowed => _recorder.TemplatesOverflowed;

    /// <summary>Changes that were admitted by break-glass and await review.</summary>
    public IEnumerable<Change> Unreviewed => _caches.Changes.Under(ChangeIndex.Unreviewed);

    /// <summary>Which of the two webhook configurations existed when the leader last read them; empty on other replicas.</summary>
    public IReadOnlyDictionary<string, bool> Registered => _registration.Found;

    private static readonly IReadOnlyDictionary<(string Namespace, string Policy), double> s_noExposure =
        new Dictionary<(string, string), double>();

    /// <summary>How many changes of the webhook configurations by others this replica undid, by kind.</summary>
    public IReadOnlyDictionary<string, long> RegistrationAltered => _registration.Altered;

    /// <summary>Whether the gate is open; null on replicas that do not lead.</summary>
    public bool? GateIsOpen => _registration.GateIsOpen;

    public bool IsLeader => _leader.IsLeading;

    /// <summary>Workloads without an admitted Change, by namespace; null on replicas that do not lead.</summary>
    public IReadOnlyDictionary<string, int>? Unrecorded => _audit.ByNamespace;

    /// <summary>
    /// The largest share of a pool that unproven revisions have now, by namespace and policy; empty on replicas that do not lead.
    /// </summary>
    public IReadOnlyDictionary<(string Namespace, string Policy), double> Exposure => _leader.IsLeading ? _canaries.Exposure : s_noExposure;

    /// <summary>Every cache, and that of Secrets once a policy names one.</summary>
    public IEnumerable<(string Resource, bool IsSynced, TimeSpan Silence)> Synced =>
        _caches.All.Concat(_secrets.Watched is { } secrets ? [secrets] : []).Select(c => (c.Name, c.IsSynced, c.Silence));

    /// <summary>The time since a moment; zero for one in the future.</summary>
    public TimeSpan AgeOf(DateTimeOffset time) => _time.GetUtcNow() - time is var age && age > TimeSpan.Zero ? age : TimeSpan.Zero;

    /// <summary>Changes that wait for approval, by namespace: their number, and since when the oldest waits.</summary>
    public IReadOnlyDictionary<string, (int Count, DateTimeOffset Since)> Waiting =>
        _caches
            .Changes.All()
            .Where(c => NeedsAPerson(StandingVotes.WithPresentDenials(c, _caches.PoliciesOf(c.Workload.Namespace), _time.GetUtcNow())))
            .GroupBy(c => c.Workload.Namespace)
            .ToDictionary(g => g.Key, g => (g.Count(), g.Min(c => c.Since)));

    /// <summary>An approver can let it pass: it is neither approved already, nor refused for what only another template resolves.</summary>
    internal static bool NeedsAPerson(Change change) =>
        change is { Phase: Phase.Pending, IsApproved: false }
        && !change.Denials.Any(d => Reasons.All.Any(r => r.Code == d.Reason && r.Fix is Fix.Template));

    public IEnumerable<(Phase Phase, int Count)> ChangesByPhase =>
        _caches.Changes.All().GroupBy(c => c.Phase).Select(g => (g.Key, g.Count()));

    /// <summary>Rollouts in flight by namespace.</summary>
    public IReadOnlyDictionary<string, int> InFlight => _budgets.InFlightByNamespace;

    /// <summary>When the last key of a role expires that a policy trusts; nothing for a role with a key that does not.</summary>
    public IEnumerable<(string Policy, KeyRole Role, DateTimeOffset End)> KeyEnds =>
        _caches.SortedPolicies.All.SelectMany(p => p.SignedOrigin?.Ends ?? [], (p, e) => (p.Name, e.Role, e.End));

    /// <summary>Every policy, and whether it is active now.</summary>
    public IEnumerable<(string Policy, bool IsActive)> Policies =>
        _caches.SortedPolicies.All.Select(p => (p.Name, p.Active.Contains(_time.GetUtcNow())));
}

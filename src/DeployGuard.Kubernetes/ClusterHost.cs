using System.Threading.Channels;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Records;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Certificates;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Kubernetes.Controllers;
using DeployGuard.Kubernetes.Events;
using DeployGuard.Kubernetes.Leader;
using DeployGuard.Kubernetes.LiveReads;
using DeployGuard.Kubernetes.Reservations;
using DeployGuard.Kubernetes.Webhooks;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes;

/// <summary>Everything of DeployGuard that talks to the API server, put together: what a replica knows, writes, and does when it leads.</summary>
public sealed class ClusterHost
{
    /// <summary>The server says something of every resource each minute or so, and ends a watch after five; a replica that hears nothing is cut off.</summary>
    private static readonly TimeSpan s_maxSilence = TimeSpan.FromMinutes(7);

    private readonly ClusterCaches _caches;
    private readonly LiveFacts _live;
    private readonly LiveNamespace _serving;
    private readonly ChangeRecorder _recorder;
    private readonly AccessReviews _access;
    private readonly Inbox _inbox;
    private readonly LeaderLoop _leader;
    private readonly BudgetReservations _budgets;
    private readonly PendingExposureStore _reach;
    private readonly ControllersSeen _controllers;
    private readonly TimeProvider _time;

    /// <param name="given">A certificate from files; null for the one that DeployGuard keeps itself.</param>
    public ClusterHost(ApiConnection api, ClusterOptions options, ICertificateSource? given, TimeProvider time, ILogger logger)
    {
        _time = time;
        _caches = new ClusterCaches(api, options.Reader, time, logger);
        _live = new LiveFacts(api, HashTranslation.Of(_caches), options.Reader);
        _serving = new LiveNamespace(api, _caches);
        var came = new RecentObjects(api, _caches);
        _budgets = new BudgetReservations(api, _caches, came, options, time);
        _reach = new PendingExposureStore(api, came, options, time);
        var writer = new ChangeWriter(api, time);
        var events = new EventWriter(api, time);
        var custom = new CustomWorkloads(api, options.CustomKinds, options.Reader, logger);
        _controllers = new ControllersSeen(api, options, new OwnerLookup(api, _caches, custom, options).AskAsync, time, logger);
        _access = new AccessReviews(api);
        _inbox = new Inbox(_caches.Changes);
        _recorder = new ChangeRecorder(writer, new TemplateWriter(api, new TemplateStore(api, _caches, time), time), events, _inbox, time, logger);
        var managed = given is null ? new ManagedCertificate(api, options, time, logger) : null;
        Certificate = given ?? managed ?? throw new InvalidOperationException("no certificate");
        var registration = new Registration(api, _caches, options, () => Certificate.CaBundle, events, time, logger);
        var canaries = new CanaryWatch(_caches, time);
        var audit = new UnrecordedWorkloadScan(_caches, custom, events, time);
        _leader = new LeaderLoop(
            api,
            _caches,
            options,
            [
                new Baseline(api, options, logger),
                // What runs is adopted before its namespace can be refused anything.
                new Adoption(api, _caches, custom, writer, options, time, logger),
                registration,
                .. managed is null ? (ILeaderTask[])[] : [new CertificateRenewal(managed, registration, time, logger)],
                new Rehash(_caches, writer),
                new LostRecords(_caches, writer, events, time),
                new ServerUpgrade(api, _caches, writer, options.Noise, time),
                new Observer(api, _caches, custom, canaries, writer, events, time),
                audit,
                new Housekeeping(api, _caches, custom, writer, time),
            ],
            time,
            logger);
        Report = new ClusterReport(_caches, _recorder, registration, _leader, audit, canaries, _budgets, time);
    }

    public ICertificateSource Certificate { get; }

    /// <summary>What there is to tell of it, for metrics.</summary>
    public ClusterReport Report { get; }

    /// <summary>Changes that came in by break-glass and wait for somebody else's look.</summary>
    public IEnumerable<Change> Unreviewed => Report.Unreviewed;

    /// <summary>What decisions must wait for; empty when there is nothing.</summary>
    public IReadOnlyList<string> NotReady =>
    [
        .. Report.Synced.Where(c => !c.IsSynced).Select(c => $"{c.Resource} not in sync"),
        .. Report.Synced.Where(c => c.IsSynced && c.Silence > s_maxSilence).Select(c => $"nothing heard of {c.Resource} for {c.Silence.TotalSeconds:0} s"),
        .. Certificate.Current is null ? (string[])[$"no certificate: {Certificate.Problem ?? "not read yet"}"] : [],
    ];

    /// <summary>Runs until it is cancelled, then writes the records that wait.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var recording = _recorder.RunAsync(CancellationToken.None);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task[] loops = [.. _caches.All.Select(c => c.RunAsync(ending.Token)), Certificate.RunAsync(ending.Token), _controllers.RunAsync(ending.Token), FollowPodsAsync(ending.Token), LeadOnceReadyAsync(ending.Token)];
        try
        {
            // None of them ends by itself. If one does it was a bug, and the program must not go on half alive: whoever runs us starts it anew.
            await await Task.WhenAny(loops);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The end that was asked for.
        }
        finally
        {
            await ending.CancelAsync();
            await Task.WhenAll(loops).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            _recorder.Complete();
            await recording;
        }
    }

    /// <summary>What the caches know about a request. Waits only for a namespace so new that no cache has it yet.</summary>
    public async ValueTask<ClusterSnapshot> ViewAsync(Request request, CancellationToken cancel)
    {
        var target = request.Target;
        var key = ClusterCaches.WorkloadKey(target);
        IReadOnlyList<SafeguardPolicy> policies = [.. _caches.Policies.All().Select(p => p.Policy).OrderBy(p => p.Name, StringComparer.Ordinal)];
        var labels = _caches.Namespaces.Find(ObjectKey.Of("", target.Namespace))?.Labels ?? await _live.NamespaceLabelsAsync(target.Namespace, cancel);
        var hasPools = policies.Any(p => p.Canary is not null && p.Match.IncludesNamespace(labels));
        var live = request is WorkloadRequest { Before: { } before } ? FindLive(before) : null;
        var translation = TranslationFor(request);
        return new ClusterSnapshot
        {
            Policies = policies,
            NamespaceLabels = labels,
            SnapshotWhenAsked = hasPools ? () => SnapshotOf(request, translation) : null,
            Owners = OwnersOf(request),
            HadRecords = live is null || HadRecords(live, policies, labels),
            BudgetsWhenAsked = () => _budgets.Cached(target, policies),
            Parent = request is ScaleRequest && _caches.Workloads.TryGetValue(target.Kind, out var parents) ? parents.Find(ObjectKey.Of(target.Namespace, target.Name))?.Spec : null,
            Changes = translation.Changes(_caches.Changes.Under(key)),
            History = live is null ? [] : LiveHistory.Of(live, _caches),
            LiveHash = live?.TemplateHash,
            Approvals = translation.Approvals(_caches.Approvals.Under(key)),
            BreakGlasses = _caches.BreakGlasses.Under(target.Namespace),
        };
    }

    /// <summary>The view with what makes the refusal for want of an approval easier to understand. Never fails: no decision rests on it.</summary>
    public async Task<ClusterSnapshot> ExplainAsync(Request request, ClusterSnapshot cluster, CancellationToken deadline) => request is WorkloadRequest { After: { } asked }
        ? cluster with { ApprovedOther = await _live.FindApprovedOtherAsync(asked, cluster, deadline) }
        : cluster;

    /// <summary>What a gated decision rests on, as it is now; and whether its Change would find a place.</summary>
    /// <exception cref="UnavailableException">It could not be had in time.</exception>
    public async Task<ClusterSnapshot> ReadLiveAsync(Request request, ClusterSnapshot cached, RequiredReads needs, CancellationToken deadline)
    {
        var cluster = needs.HasFlag(RequiredReads.Parent) && request is ScaleRequest scale ? cached with { Parent = await ParentAsync(scale, cached.Parent, deadline) } : cached;
        if (needs.HasFlag(RequiredReads.Approvals))
        {
            var asked = request is WorkloadRequest workload ? workload.After : cluster.Parent;
            cluster = asked is null
                ? cluster with { BreakGlasses = await _live.BreakGlassesAsync(request.Target.Namespace, deadline) }
                : await _live.RefreshAsync(asked, (request as WorkloadRequest)?.Before, cluster, deadline);
            var hasRoom = asked is null || _inbox.HasRoom(asked.Ref, ChangeName.Within(cluster.Changes, asked), request.Requester.Username);
            cluster = hasRoom ? cluster : cluster with { ApproveBy = ApproveBy.Hash };
        }

        if (cluster.Namespace is not { } snapshot)
        {
            return cluster;
        }

        if (needs.HasFlag(RequiredReads.Exposure))
        {
            var elsewhere = snapshot.Elsewhere;
            snapshot = Translated(await _serving.ReadAsync(request.Target.Namespace, snapshot, deadline), TranslationFor(request)) with { Elsewhere = elsewhere };
        }

        snapshot = needs.HasFlag(RequiredReads.Nodes) ? snapshot with { Nodes = await _serving.NodesAsync(deadline) } : snapshot;
        snapshot = needs.HasFlag(RequiredReads.Pods) ? await _serving.WithPodsAsync(request.Target.Namespace, snapshot, deadline) : snapshot;
        return cluster with { Namespace = await WithNodeOfAsync(request, snapshot, needs, deadline) };
    }

    /// <summary>Before the deletion of a pod is refused: whether its node is drained, which is a person's work and must go on.</summary>
    private async Task<NamespaceSnapshot> WithNodeOfAsync(Request request, NamespaceSnapshot snapshot, RequiredReads needs, CancellationToken deadline)
    {
        if (!needs.HasFlag(RequiredReads.Exposure) || request is not { Operation: Operation.Delete, Target.Kind: "Pod" } || snapshot.Objects is not { } objects)
        {
            return snapshot;
        }

        var node = objects.Pods.SelectMany(g => g.Pods).FirstOrDefault(p => p.Name == request.Target.Name)?.Node ?? "";
        return node.Length > 0 && await _serving.IsCordonedAsync(node, deadline) ? snapshot with { Objects = objects with { CordonedNodes = new HashSet<string> { node } } } : snapshot;
    }

    /// <summary>Whether somebody has a verb on one of our resources.</summary>
    /// <exception cref="UnavailableException">It could not be asked in time.</exception>
    public async Task<bool> MayAsync(Requester who, string verb, string resource, string @namespace, string name, CancellationToken deadline)
    {
        try
        {
            return await _access.MayAsync(who, verb, resource, @namespace, name, deadline);
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException or OperationCanceledException)
        {
            throw new UnavailableException($"the API server did not say in time whether {who.Username} may {verb} {resource}", fault);
        }
    }

    /// <summary>
    /// How many ChangeApprovals or BreakGlasses one person has in a namespace. Far from the limit the caches are good enough; near it they are counted now, which
    /// takes older API servers some time where a namespace has many.
    /// </summary>
    /// <exception cref="UnavailableException">They could not be counted in time.</exception>
    public async Task<int> CountRecordsAsync(string resource, string @namespace, string username, CancellationToken deadline)
    {
        var known = resource == "breakglasses"
            ? _caches.BreakGlasses.Under(@namespace).Count(g => g.RequestedBy.Username == username)
            : _caches.Approvals.Under(@namespace).Count(a => a.Approver.Username == username);
        return known < RecordLimits.MaxRecords / 2 ? known : await _live.CountAsync(resource, @namespace, RecordLabels.OfMaker(username), deadline);
    }

    /// <summary>Takes note of a controller at work; never waits.</summary>
    public void Saw(Request request, bool isLetIn) => _controllers.Note(request, isLetIn);

    public bool NamespaceEnds(string name) => _caches.Namespaces.Find(ObjectKey.Of("", name)) is { Ends: true };

    /// <summary>Takes a place in the enforced budgets of a verdict, where there is one.</summary>
    /// <exception cref="UnavailableException">It could not be had in time.</exception>
    public Task<IReadOnlyDictionary<string, BudgetUse>> ReserveAsync(Verdict verdict, CancellationToken deadline) => _budgets.ReserveAsync(verdict, deadline);

    /// <summary>The view with what others were let reach a moment ago; what the request is let reach is known to them from then on.</summary>
    /// <param name="ask">What it reaches in such a view; nothing where it is refused there.</param>
    /// <exception cref="UnavailableException">It could not be had in time.</exception>
    public async Task<ClusterSnapshot> ReachAsync(Request request, ClusterSnapshot cluster, Func<ClusterSnapshot, IReadOnlyList<PendingExposure>> ask, CancellationToken deadline)
    {
        if (cluster.Namespace is not { } snapshot)
        {
            return cluster;
        }

        ClusterSnapshot With(IReadOnlyList<PendingExposure> others) => cluster with { Namespace = snapshot with { Reached = others } };
        // The API server may make the same name up for nobody else: each is one of its own.
        PendingExposure Named(PendingExposure pods) => request is WorkloadRequest { IsNameGenerated: true } ? pods with { Workload = pods.Workload with { Name = $"{pods.Workload.Name}{Guid.NewGuid():N}" } } : pods;
        return With(await _reach.TakeAsync(request.Target.Namespace, request.Requester.Username, others => [.. ask(With(others)).Select(Named)], deadline));
    }

    /// <exception cref="UnavailableException">It could not be written in time.</exception>
    public Task RecordAdmittedAsync(Verdict verdict, CancellationToken deadline) => _recorder.RecordAdmittedAsync(verdict, deadline);

    public void RecordAfterwards(Verdict verdict) => _recorder.RecordAfterwards(verdict);

    /// <summary>The parent of a <c>/scale</c>: as cached, if that is the version that is scaled, else read now.</summary>
    private async Task<Workload?> ParentAsync(ScaleRequest scale, Workload? cached, CancellationToken deadline)
    {
        var target = scale.Target;
        if ((cached is not null && cached.ResourceVersion == scale.ResourceVersion) || !_caches.Workloads.TryGetValue(target.Kind, out var cache))
        {
            return cached;
        }

        var version = target.ApiGroup.Length == 0 ? "v1" : $"{target.ApiGroup}/v1";
        var root = target.ApiGroup.Length == 0 ? "api" : "apis";
        return await _live.FindAsync($"{root}/{version}/namespaces/{target.Namespace}/{cache.Name}/{target.Name}", version, target, deadline);
    }

    /// <summary>
    /// The object that the request says it changes, as we see it; null where that is another. Whoever sends reviews past the API server could name another
    /// workload's uid, and pass its history off as his own.
    /// </summary>
    private ObservedWorkload? FindLive(Workload before) => _caches.FindWorkload(before.Ref) is { } live && live.Uid == before.Uid ? live : null;

    private NamespaceSnapshot SnapshotOf(Request request, HashTranslation translation)
    {
        var snapshot = Translated(NamespaceReader.Cached(request.Target.Namespace, _caches).ToSnapshot(), translation);
        return request is ServiceRequest { After.Target: { } target } && target.Namespace != request.Target.Namespace
            ? snapshot with { Elsewhere = NamespaceReader.Cached(target.Namespace, _caches).ToSnapshot() }
            : snapshot;
    }

    /// <summary>The live workloads that an object names as its owners, and those that they name: what a claim can only tighten.</summary>
    private IReadOnlyList<Workload> OwnersOf(Request request)
    {
        var claims = request switch
        {
            WorkloadRequest workload => (workload.Before?.OwnerReferences ?? []).Concat(workload.After?.OwnerReferences ?? []),
            ScaleRequest when _caches.FindWorkload(request.Target) is { } parent => parent.Spec.OwnerReferences,
            _ => [],
        };
        var owners = claims.Distinct().Select(c => Named(c, request.Target.Namespace)).OfType<Workload>().ToList();
        return owners.Count == 0 ? [] : [.. owners, .. owners.SelectMany(o => o.OwnerReferences).Distinct().Select(c => Named(c, request.Target.Namespace)).OfType<Workload>()];
    }

    private Workload? Named(OwnerReference claim, string @namespace) =>
        _caches.Workloads.GetValueOrDefault(claim.Kind)?.Find(ObjectKey.Of(@namespace, claim.Name)) is { } found && found.Uid == claim.Uid ? found.Spec : null;

    /// <summary>
    /// Whether a workload was there when every policy that adopted its namespace did: it was put on record then. To a policy that has adopted nothing there, what
    /// runs is all that is known.
    /// </summary>
    private bool HadRecords(ObservedWorkload live, IReadOnlyList<SafeguardPolicy> policies, IReadOnlyDictionary<string, string>? labels) =>
        AdoptedBefore.Covers(live, _caches.Policies.All().Where(p => policies.Contains(p.Policy) && p.Policy.Match.IncludesNamespace(labels)));

    /// <summary>For a <c>/scale</c>, what is live says it all.</summary>
    private HashTranslation TranslationFor(Request request) =>
        HashTranslation.Of(_caches).For((request as WorkloadRequest)?.Before, (request as WorkloadRequest)?.After);

    private static NamespaceSnapshot Translated(NamespaceSnapshot snapshot, HashTranslation translation) =>
        snapshot with { Changes = translation.Changes(snapshot.Changes), Votes = translation.Approvals(snapshot.Votes) };

    /// <summary>Watches the pods of the namespaces in which a policy asks for a canary, as policies and namespaces come and go.</summary>
    private async Task FollowPodsAsync(CancellationToken cancel)
    {
        var changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        void Wake() => changed.Writer.TryWrite(true);
        _caches.Policies.Changed += Wake;
        _caches.Namespaces.Changed += Wake;
        Wake();
        while (await changed.Reader.WaitToReadAsync(cancel))
        {
            changed.Reader.TryRead(out _);
            _caches.Pods.Follow(_caches.WithCanary(), cancel);
        }
    }

    private async Task LeadOnceReadyAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200), _time);
        while (NotReady.Count > 0)
        {
            await timer.WaitForNextTickAsync(cancel);
        }

        await _leader.RunAsync(cancel);
    }
}

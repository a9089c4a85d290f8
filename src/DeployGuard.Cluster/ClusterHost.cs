using DeployGuard.Cluster.Access;
using DeployGuard.Cluster.Caches;
using DeployGuard.Cluster.Certificates;
using DeployGuard.Cluster.Leader;
using DeployGuard.Cluster.Records;
using DeployGuard.Cluster.Webhooks;
using DeployGuard.Core;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Pools;
using DeployGuard.Core.Workloads;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Cluster;

/// <summary>Everything of DeployGuard that talks to the API server, put together: what a replica knows, writes, and does when it leads.</summary>
public sealed class ClusterHost
{
    /// <summary>The server says something of every resource each minute or so, and ends a watch after five; a replica that hears nothing is cut off.</summary>
    private static readonly TimeSpan s_longestSilence = TimeSpan.FromMinutes(7);

    private readonly ClusterCaches _caches;
    private readonly LiveFacts _live;
    private readonly LiveServing _serving;
    private readonly ChangeRecorder _recorder;
    private readonly AccessReviews _access;
    private readonly Inbox _inbox;
    private readonly LeaderLoop _leader;
    private readonly Budgets _budgets;
    private readonly ReachPlaces _reach;
    private readonly ControllersSeen _controllers;
    private readonly TimeProvider _time;

    /// <param name="given">A certificate from files; null for the one that DeployGuard keeps itself.</param>
    public ClusterHost(ApiConnection api, ClusterOptions options, ICertificateSource? given, TimeProvider time, ILogger logger)
    {
        _time = time;
        _caches = new ClusterCaches(api, time, logger);
        _live = new LiveFacts(api, HashTranslation.Of(_caches));
        _serving = new LiveServing(api, _caches);
        _budgets = new Budgets(api, _caches, options, time);
        _reach = new ReachPlaces(api, options, time);
        _controllers = new ControllersSeen(api, options, time, logger);
        var writer = new ChangeWriter(api, time);
        var events = new EventWriter(api, time);
        var custom = new CustomWorkloads(api, options.CustomKinds, logger);
        _access = new AccessReviews(api);
        _inbox = new Inbox(_caches.Changes);
        _recorder = new ChangeRecorder(writer, events, _inbox, time, logger);
        var managed = given is null ? new ManagedCertificate(api, options, time, logger) : null;
        Certificate = given ?? managed ?? throw new InvalidOperationException("no certificate");
        var registration = new Registration(api, _caches, options, () => Certificate.CaBundle, events, time, logger);
        var canaries = new CanaryWatch(api, _caches, time);
        var audit = new Audit(_caches, custom, events, time);
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
    public IEnumerable<RecordedChange> Unreviewed => Report.Unreviewed;

    /// <summary>What decisions must wait for; empty when there is nothing.</summary>
    public IReadOnlyList<string> NotReady =>
    [
        .. Report.Synced.Where(c => !c.IsSynced).Select(c => $"{c.Resource} not in sync"),
        .. Report.Synced.Where(c => c.IsSynced && c.Silence > s_longestSilence).Select(c => $"nothing heard of {c.Resource} for {c.Silence.TotalSeconds:0} s"),
        .. Certificate.Current is null ? (string[])[$"no certificate: {Certificate.Problem ?? "not read yet"}"] : [],
    ];

    /// <summary>Runs until it is cancelled, then writes the records that wait.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var recording = _recorder.RunAsync(CancellationToken.None);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task[] loops = [.. _caches.All.Select(c => c.RunAsync(ending.Token)), Certificate.RunAsync(ending.Token), _controllers.RunAsync(ending.Token), LeadOnceReadyAsync(ending.Token)];
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
    public async ValueTask<ClusterView> ViewAsync(Request request, CancellationToken cancel)
    {
        var target = request.Target;
        var key = ClusterCaches.WorkloadKey(target);
        IReadOnlyList<SafeguardPolicy> policies = [.. _caches.Policies.All().Select(p => p.Policy).OrderBy(p => p.Name, StringComparer.Ordinal)];
        var labels = _caches.Namespaces.Find(ObjectKey.Of("", target.Namespace))?.Labels ?? await _live.NamespaceLabelsAsync(target.Namespace, cancel);
        var hasPools = policies.Any(p => p.Canary is not null && (labels is null || p.Match.Namespaces.Matches(labels)));
        var live = request is WorkloadRequest { Before: { } before } ? FindLive(before) : null;
        var translation = TranslationFor(request);
        return new ClusterView
        {
            Policies = policies,
            NamespaceLabels = labels,
            ServingWhenAsked = hasPools ? () => Translated(Neighbourhood.Cached(target.Namespace, _caches).ToServing(), translation) : null,
            BudgetsWhenAsked = () => _budgets.Cached(target, policies),
            Parent = request is ScaleRequest && _caches.Workloads.TryGetValue(target.Kind, out var parents) ? parents.Find(ObjectKey.Of(target.Namespace, target.Name))?.Spec : null,
            Changes = translation.Changes(_caches.Changes.Under(key)),
            History = live is null ? [] : LiveHistory.Of(live, _caches),
            LiveHash = live?.TemplateHash,
            Approvals = translation.Approvals(_caches.Approvals.Under(key)),
            BreakGlasses = _caches.BreakGlasses.Under(target.Namespace),
        };
    }

    /// <summary>What a gated decision rests on, as it is now; and whether its Change would find a place.</summary>
    /// <exception cref="UnavailableException">It could not be had in time.</exception>
    public async Task<ClusterView> ReadLiveAsync(Request request, ClusterView cached, Facts needs, CancellationToken deadline)
    {
        var view = needs.HasFlag(Facts.Parent) && request is ScaleRequest scale ? cached with { Parent = await ParentAsync(scale, cached.Parent, deadline) } : cached;
        if (needs.HasFlag(Facts.Approvals))
        {
            var asked = request is WorkloadRequest workload ? workload.After : view.Parent;
            view = asked is null
                ? view with { BreakGlasses = await _live.BreakGlassesAsync(request.Target.Namespace, deadline) }
                : await _live.RefreshAsync(asked, (request as WorkloadRequest)?.Before, view, deadline);
            var hasRoom = asked is null || _inbox.HasRoom(asked.Ref, ChangeName.Within(view.Changes, asked), request.Requester.Username);
            view = hasRoom ? view : view with { ApproveBy = ApproveBy.Hash };
        }

        if (view.Serving is not { } serving || (needs & (Facts.Exposure | Facts.Nodes | Facts.Strays)) is Facts.None)
        {
            return view;
        }

        serving = Translated(await _serving.ReadAsync(request.Target.Namespace, serving, deadline), TranslationFor(request));
        serving = needs.HasFlag(Facts.Nodes) ? serving with { Nodes = await _serving.NodesAsync(deadline) } : serving;
        return view with { Serving = needs.HasFlag(Facts.Strays) ? serving with { Members = [.. serving.Members, .. await _serving.StraysAsync(request.Target.Namespace, deadline)] } : serving };
    }

    /// <summary>The view with the pods of some revisions as they are now.</summary>
    public async Task<ClusterView> ReadPodsAsync(Request request, ClusterView view, IReadOnlyList<(WorkloadRef Owner, string TemplateHash)> wanted, CancellationToken deadline) =>
        view.Serving is not { } serving || wanted.Count == 0 ? view : view with { Serving = await _serving.WithPodsAsync(request.Target.Namespace, serving, wanted, deadline) };

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

    /// <summary>Takes note of a controller at work; never waits.</summary>
    public void Saw(Request request) => _controllers.Note(request);

    public bool NamespaceEnds(string name) => _caches.Namespaces.Find(ObjectKey.Of("", name)) is { Ends: true };

    /// <summary>Takes a place in the enforced budgets of a verdict, where there is one.</summary>
    /// <exception cref="UnavailableException">It could not be had in time.</exception>
    public Task<IReadOnlyDictionary<string, BudgetUse>> ReserveAsync(Verdict verdict, CancellationToken deadline) => _budgets.ReserveAsync(verdict, deadline);

    /// <summary>The view with what others were let reach a moment ago; what the request is let reach is known to them from then on.</summary>
    /// <param name="ask">What it reaches in such a view; nothing where it is refused there.</param>
    /// <exception cref="UnavailableException">It could not be had in time.</exception>
    public async Task<ClusterView> ReachAsync(Request request, ClusterView view, Func<ClusterView, IReadOnlyList<ReachedPods>> ask, CancellationToken deadline)
    {
        if (view.Serving is not { } serving)
        {
            return view;
        }

        ClusterView With(IReadOnlyList<ReachedPods> others) => view with { Serving = serving with { Reached = others } };
        // The API server may make the same name up for nobody else: each is one of its own.
        ReachedPods Named(ReachedPods pods) => request is WorkloadRequest { IsNameGenerated: true } ? pods with { Workload = pods.Workload with { Name = $"{pods.Workload.Name}{Guid.NewGuid():N}" } } : pods;
        return With(await _reach.TakeAsync(request.Target.Namespace, others => [.. ask(With(others)).Select(Named)], deadline));
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

    /// <summary>For a <c>/scale</c>, what is live says it all.</summary>
    private HashTranslation TranslationFor(Request request) =>
        HashTranslation.Of(_caches).For((request as WorkloadRequest)?.Before, (request as WorkloadRequest)?.After);

    private static Serving Translated(Serving serving, HashTranslation translation) =>
        serving with { Changes = translation.Changes(serving.Changes), Votes = translation.Approvals(serving.Votes) };

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

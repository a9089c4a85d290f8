using System.Threading.Channels;
using DeployGuard.Core.Ports;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Certificates;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Kubernetes.Controllers;
using DeployGuard.Kubernetes.Decisions;
using DeployGuard.Kubernetes.Events;
using DeployGuard.Kubernetes.Leader;
using DeployGuard.Kubernetes.LeaderTasks;
using DeployGuard.Kubernetes.LiveReads;
using DeployGuard.Kubernetes.Reservations;
using DeployGuard.Kubernetes.Webhooks;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes;

/// <summary>
/// Everything of DeployGuard that talks to the API server, put together: what a replica knows, writes, and does when it leads.
/// </summary>
public sealed class ClusterHost : IClusterAccess
{
    /// <summary>
    /// The server says something of every resource each minute or so, and ends a watch after five; a replica that hears nothing is cut off.
    /// </summary>
    private static readonly TimeSpan s_maxSilence = TimeSpan.FromMinutes(7);

    private readonly ClusterCaches _caches;
    private readonly ChangeRecorder _recorder;
    private readonly OwnSecrets _secrets;
    private readonly LeaderLoop _leader;
    private readonly ControllersSeen _controllers;
    private readonly TimeProvider _time;

    /// <param name="given">A certificate from files; null for the one that DeployGuard keeps itself.</param>
    public ClusterHost(ApiConnection api, ClusterOptions options, ICertificateSource? given, TimeProvider time, ILogger logger)
    {
        _time = time;
        _caches = new ClusterCaches(api, options.Reader, time, logger);
        _secrets = new OwnSecrets(api, options.Namespace, time, logger);
        var live = new LiveFacts(api, _caches.Translation, options.Reader);
        var liveNamespace = new LiveNamespace(api, _caches);
        var recent = new RecentObjects(api, _caches);
        var budgets = new BudgetReservations(api, _caches, recent, options, time);
        var writer = new ChangeWriter(api, time);
        var events = new EventWriter(api, time);
        var custom = new CustomWorkloads(api, options.CustomKinds, options.Reader, logger);
        _controllers = new ControllersSeen(api, options, new OwnerLookup(api, _caches, custom, options).FindAsync, time, logger);
        var inbox = new Inbox(_caches.Changes, _caches.Approvals, time);
        _recorder = new ChangeRecorder(
            writer,
            new TemplateWriter(api, new TemplateStore(api, _caches, time), time),
            events,
            inbox,
            _caches.ChangesVotedOn,
            time,
            logger
        );
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
                // Before the modes are written: a policy that was never changed enforces since it was created.
                new PolicyStatus(api, _caches, options, time),
                new PolicyModes(api, _caches, events, logger),
                // What runs is adopted before its namespace can be refused anything.
                new Adoption(api, _caches, custom, writer, options, time, logger),
                registration,
                .. managed is null ? (ILeaderTask[])[] : [new CertificateRenewal(managed, registration, time, logger)],
                new Rehash(_caches, writer),
                new RequesterColumn(_caches, writer, time),
                new LostRecords(_caches, writer, events, time),
                new ServerUpgrade(api, _caches, writer, options.Noise, time),
                new VoteRecording(api, _caches, writer, events, time, logger),
                new Observer(api, _caches, custom, canaries, writer, events, time),
                audit,
                new Housekeeping(api, _caches, custom, writer, time),
            ],
            time,
            logger
        );
        Snapshots = new SnapshotSource(_caches, live, budgets);
        LiveReaders =
        [
            new ParentReader(_caches, live),
            new VotesReader(live, inbox),
            new LiveNamespaceReader(_caches, liveNamespace),
            new NodesReader(liveNamespace),
            new PodsReader(liveNamespace),
        ];
        Reservations = new ReplicaReservations(new PendingExposureStore(api, recent, options, time), budgets);
        var report = new ClusterReport(_caches, _secrets, _recorder, registration, _leader, audit, canaries, budgets, time);
        RecordFacts = new RecordFacts(_caches, live, new AccessReviews(api), inbox, () => report.Unreviewed);
        PolicyFacts = new PolicyFacts(api, _caches, new DeletedPolicies(_caches.Policies, time), options, time);
        Report = report;
    }

    public ICertificateSource Certificate { get; }

    /// <summary>What there is to tell of it, for metrics.</summary>
    public ClusterReport Report { get; }

    public ISnapshotSource Snapshots { get; }

    public IReadOnlyList<ILiveReader> LiveReaders { get; }

    public IReservations Reservations { get; }

    public IChangeRecords Records => _recorder;

    public IMachineObserver Machines => _controllers;

    public IRecordFacts RecordFacts { get; }

    public IPolicyFacts PolicyFacts { get; }

    public IOwnSecrets? Secrets => _secrets;

    /// <summary>What decisions must wait for; empty when there is nothing.</summary>
    public IReadOnlyList<string> NotReady =>
        [
            .. _caches.All.Where(c => !c.IsSynced).Select(c => $"{c.Name} not in sync"),
            .. _caches
                .All.Where(c => c.IsSynced && c.Silence > s_maxSilence)
                .Select(c => $"nothing heard of {c.Name} for {c.Silence.TotalSeconds:0} s"),
            .. Certificate.Current is null ? (string[])[$"no certificate: {Certificate.Problem ?? "not read yet"}"] : [],
        ];

    /// <summary>Runs until it is cancelled, then writes the records that wait.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var recording = _recorder.RunAsync(CancellationToken.None);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task[] loops =
        [
            .. _caches.All.Select(c => c.RunAsync(ending.Token)),
            Certificate.RunAsync(ending.Token),
            _controllers.RunAsync(ending.Token),
            FollowPodsAsync(ending.Token),
            LeadOnceReadyAsync(ending.Token),
        ];
        try
        {
            // None of them ends by itself. If one does, that is a bug: the program ends, and the kubelet restarts it.
            await await Task.WhenAny([.. loops, recording]);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The requested end.
        }
        finally
        {
            await ending.CancelAsync();
            await Task.WhenAll(loops)
                .ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            _recorder.Complete();
            await recording;
        }
    }

    /// <summary>
    /// Watches the pods of the namespaces in which a policy requires a canary, and Secrets once a policy names one, as policies and
    /// namespaces change.
    /// </summary>
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
            _secrets.Follow(_caches.NamesSecrets(), cancel);
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

using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Events;
using DeployGuard.Kubernetes.Leader;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.Webhooks;

/// <summary>
/// Keeps the two webhook configurations as required. The chart installs them empty; their entries follow the policies, and changes by
/// others are undone. While the gate is open, only DeployGuard's own records are registered, so that no rollout waits for it.
/// </summary>
internal sealed class Registration : ILeaderTask
{
    private static readonly TimeSpan s_fresh = TimeSpan.FromMinutes(1);

    /// <summary>Rollouts begin and end all the time in a large cluster, and every write makes the API server reload its webhooks.</summary>
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(1);

    private readonly ClusterCaches _caches;
    private readonly ClusterOptions _options;
    private readonly Func<byte[]?> _caBundle;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly WebhookConfiguration _validating;
    private readonly WebhookConfiguration _mutating;
    private readonly MatchConditionsSupport _matchConditions;
    private DateTimeOffset _keptAt;
    private (string CaBundle, DateTimeOffset Since)? _published;
    private bool _isOpen;
    private (IReadOnlyList<string> Namespaces, DateTimeOffset At) _rollingOut = ([], DateTimeOffset.MinValue);

    public Registration(
        ApiConnection api,
        ClusterCaches caches,
        ClusterOptions options,
        Func<byte[]?> caBundle,
        EventWriter events,
        TimeProvider time,
        ILogger logger
    )
    {
        (_caches, _options, _caBundle, _time, _logger) = (caches, options, caBundle, time, logger);
        _validating = new WebhookConfiguration("ValidatingWebhookConfiguration", options.WebhookConfiguration, api, events, logger);
        _mutating = new WebhookConfiguration("MutatingWebhookConfiguration", options.WebhookConfiguration, api, events, logger);
        _matchConditions = new MatchConditionsSupport(api, time, logger);
    }

    public string Name => "webhook registration";

    public TimeSpan RunsAgainIn { get; private set; } = ILeaderTask.Round;

    /// <summary>Whether each configuration existed when it was last read; empty on a replica that does not lead.</summary>
    public IReadOnlyDictionary<string, bool> Found =>
        IsFresh ? new Dictionary<string, bool> { [_validating.Kind] = _validating.IsFound, [_mutating.Kind] = _mutating.IsFound } : [];

    /// <summary>How many changes by others were undone, by kind.</summary>
    public IReadOnlyDictionary<string, long> Altered =>
        new Dictionary<string, long> { [_validating.Kind] = _validating.Altered, [_mutating.Kind] = _mutating.Altered };

    /// <summary>Whether the gate is open; null on a replica that does not lead.</summary>
    public bool? GateIsOpen => IsFresh ? _isOpen : null;

    private bool IsFresh => _time.GetUtcNow() - _keptAt is var age && age < s_fresh && age >= TimeSpan.Zero;

    /// <summary>How long both configurations have had a bundle; null while they do not.</summary>
    public TimeSpan? PublishedFor(byte[] caBundle) =>
        IsFresh && _published is { } published && published.CaBundle == Convert.ToBase64String(caBundle)
            ? _time.GetUtcNow() - published.Since
            : null;

    public async Task RunAsync(CancellationToken cancel)
    {
        if (_caBundle() is not { } bundle)
        {
            return;
        }

        if (!IsFresh)
        {
            // Another replica has led in between, and has written them.
            _validating.Forget();
            _mutating.Forget();
        }

        var ca = Convert.ToBase64String(bundle);
        // Independently: if the server refuses one of them, the other is kept nevertheless.
        var kept = await Task.WhenAll(KeepValidatingAsync(ca, cancel), KeepMutatingAsync(ca, cancel));
        _published =
            kept.Contains(false) ? null
            : _published?.CaBundle == ca ? _published
            : (ca, _time.GetUtcNow());
        _keptAt = _time.GetUtcNow();
    }

    /// <returns>Whether it exists.</returns>
    private async Task<bool> KeepValidatingAsync(string ca, CancellationToken cancel)
    {
        if (await _validating.ReadAsync(cancel) is not { } stored)
        {
            return false;
        }

        await ReportGateAsync(stored, cancel);
        var scope = ScopeNow();
        var best = new WebhookEntries(_options, ca, hasMatchConditions: true);
        var entries = await _matchConditions.DetectAsync(
            _validating.Path,
            WebhookConfiguration.PatchTo(stored, best.Validating(scope)),
            cancel
        )
            ? best
            : new WebhookEntries(_options, ca, hasMatchConditions: false);
        if (stored.GateIsOpen)
        {
            // The command that opens the gate removes the entries too: that is not an alteration.
            _validating.Forget();
        }

        await _validating.KeepAsync(stored, stored.GateIsOpen ? entries.ForRecords() : entries.Validating(scope), cancel);
        return true;
    }

    private async Task<bool> KeepMutatingAsync(string ca, CancellationToken cancel)
    {
        if (await _mutating.ReadAsync(cancel) is not { } stored)
        {
            return false;
        }

        await _mutating.KeepAsync(stored, new WebhookEntries(_options, ca, hasMatchConditions: false).Mutating(), cancel);
        return true;
    }

    private async Task ReportGateAsync(StoredConfiguration stored, CancellationToken cancel)
    {
        if (stored.GateIsOpen != _isOpen)
        {
            _isOpen = stored.GateIsOpen;
            var what = _isOpen
                ? $"the gate is open: nothing is guarded. To close it, remove the annotation {ClusterOptions.GateAnnotation}"
                : "the gate is closed again";
            _logger.LogWarning("{What}", what);
            await _validating.ReportAsync(stored.Uid, _isOpen ? "GateOpened" : "GateClosed", what, cancel);
        }
    }

    private WebhookScope ScopeNow()
    {
        var now = _time.GetUtcNow();
        var policies = _caches.Policies.All().Select(p => p.Policy).ToList();
        var namespaces = _caches.Namespaces.All().Select(n => (n.Name, n.Labels)).ToList();
        var canaried = RolloutNamespaces.Canaried(policies, namespaces, _options, now);
        return new WebhookScope(
            GuardedNamespaces.Of(policies, namespaces, _options, now),
            GuardedNamespaces.Of(policies.Where(p => p.Approval is { Required: not Required.Never }), namespaces, _options, now),
            canaried,
            Settled(canaried.Count == 0 ? [] : RolloutNamespaces.In(canaried, _caches.Changes.All(), IsRunningYet), now),
            // Only then can a status write, which may change labels, matter outside of guarded namespaces.
            policies.Any(p => p.Match.Workloads.Requirements.Count > 0)
        );
    }

    /// <summary>The namespaces, or the previous ones: they change at most once a second.</summary>
    private IReadOnlyList<string> Settled(IReadOnlyList<string> rollingOut, DateTimeOffset now)
    {
        var since = now - _rollingOut.At;
        RunsAgainIn = ILeaderTask.Round;
        if (rollingOut.SequenceEqual(_rollingOut.Namespaces))
        {
            return rollingOut;
        }

        if (since >= TimeSpan.Zero && since < s_settle)
        {
            RunsAgainIn = s_settle - since;
            return _rollingOut.Namespaces;
        }

        _rollingOut = (rollingOut, now);
        return rollingOut;
    }

    private bool IsRunningYet(Change change) =>
        _caches.FindWorkload(change.Workload) is { IsComplete: false } live && live.TemplateHash == change.TemplateHash;
}

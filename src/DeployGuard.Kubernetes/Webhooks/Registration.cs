using DeployGuard.Core.Changes;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Events;
using DeployGuard.Kubernetes.Leader;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.Webhooks;

/// <summary>
/// Keeps the two webhook configurations as they must be: fills in what the chart installed empty, follows the policies, and restores what was altered. While
/// the gate is open, nothing but our own records is registered: nobody's rollout waits for us.
/// </summary>
internal sealed class Registration : ILeaderTask
{
    private static readonly TimeSpan s_fresh = TimeSpan.FromMinutes(1);

    /// <summary>Rollouts begin and end all the time in a large cluster; the API server reads its webhooks again after every write of them.</summary>
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(1);

    private readonly ClusterCaches _caches;
    private readonly ClusterOptions _options;
    private readonly Func<byte[]?> _caBundle;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Configuration _validating;
    private readonly Configuration _mutating;
    private readonly Capability _capability;
    private DateTimeOffset _lookedAt;
    private (string CaBundle, DateTimeOffset Since)? _published;
    private bool _isOpen;
    private (IReadOnlyList<string> Namespaces, DateTimeOffset At) _rollingOut = ([], DateTimeOffset.MinValue);

    public Registration(ApiConnection api, ClusterCaches caches, ClusterOptions options, Func<byte[]?> caBundle, EventWriter events, TimeProvider time, ILogger logger)
    {
        (_caches, _options, _caBundle, _time, _logger) = (caches, options, caBundle, time, logger);
        _validating = new Configuration("ValidatingWebhookConfiguration", options.WebhookConfiguration, api, events, logger);
        _mutating = new Configuration("MutatingWebhookConfiguration", options.WebhookConfiguration, api, events, logger);
        _capability = new Capability(api, time, logger);
    }

    public string Name => "webhook registration";

    public TimeSpan RunsAgainIn { get; private set; } = ILeaderTask.Round;

    /// <summary>Whether each configuration was there when it was last looked for; empty where that was long ago: another replica leads.</summary>
    public IReadOnlyDictionary<string, bool> Found => IsFresh ? new Dictionary<string, bool> { [_validating.Kind] = _validating.IsFound, [_mutating.Kind] = _mutating.IsFound } : [];

    /// <summary>How often the changes of somebody else were undone, by kind.</summary>
    public IReadOnlyDictionary<string, long> Altered => new Dictionary<string, long> { [_validating.Kind] = _validating.Altered, [_mutating.Kind] = _mutating.Altered };

    /// <summary>Whether somebody opened the gate; null where another replica leads.</summary>
    public bool? GateIsOpen => IsFresh ? _isOpen : null;

    private bool IsFresh => _time.GetUtcNow() - _lookedAt is var age && age < s_fresh && age >= TimeSpan.Zero;

    /// <summary>How long both configurations have carried a bundle; null while they do not.</summary>
    public TimeSpan? PublishedFor(byte[] caBundle) =>
        IsFresh && _published is { } published && published.CaBundle == Convert.ToBase64String(caBundle) ? _time.GetUtcNow() - published.Since : null;

    public async Task RunAsync(CancellationToken cancel)
    {
        if (_caBundle() is not { } bundle)
        {
            return;
        }

        if (!IsFresh)
        {
            // Another replica led in between, and wrote.
            _validating.Forget();
            _mutating.Forget();
        }

        var ca = Convert.ToBase64String(bundle);
        // Each by itself: a server that does not take one of them must not keep the other from being kept.
        var kept = await Task.WhenAll(KeepValidatingAsync(ca, cancel), KeepMutatingAsync(ca, cancel));
        _published = kept.Contains(false) ? null : _published?.CaBundle == ca ? _published : (ca, _time.GetUtcNow());
        _lookedAt = _time.GetUtcNow();
    }

    /// <returns>Whether it is there.</returns>
    private async Task<bool> KeepValidatingAsync(string ca, CancellationToken cancel)
    {
        if (await _validating.LookAsync(cancel) is not { } stored)
        {
            return false;
        }

        await TellOfGateAsync(stored, cancel);
        var space = Space();
        var best = new WebhookEntries(_options, ca, hasMatchConditions: true);
        var entries = await _capability.AskAsync(_validating.Path, Configuration.PatchTo(stored, best.Validating(space)), cancel) ? best : new WebhookEntries(_options, ca, hasMatchConditions: false);
        if (stored.GateIsOpen)
        {
            // Whoever opens it takes the entries out by the same command: nobody altered anything.
            _validating.Forget();
        }

        await _validating.KeepAsync(stored, stored.GateIsOpen ? entries.ForRecords() : entries.Validating(space), cancel);
        return true;
    }

    private async Task<bool> KeepMutatingAsync(string ca, CancellationToken cancel)
    {
        if (await _mutating.LookAsync(cancel) is not { } stored)
        {
            return false;
        }

        await _mutating.KeepAsync(stored, new WebhookEntries(_options, ca, hasMatchConditions: false).Mutating(), cancel);
        return true;
    }

    private async Task TellOfGateAsync(StoredConfiguration stored, CancellationToken cancel)
    {
        if (stored.GateIsOpen != _isOpen)
        {
            _isOpen = stored.GateIsOpen;
            var what = _isOpen ? $"the gate is open: nothing is guarded until the annotation {ClusterOptions.GateAnnotation} is removed" : "the gate is closed again";
            _logger.LogWarning("{What}", what);
            await _validating.TellAsync(stored.Uid, _isOpen ? "GateOpened" : "GateClosed", what, cancel);
        }
    }

    private GuardedSpace Space()
    {
        var now = _time.GetUtcNow();
        var policies = _caches.Policies.All().Select(p => p.Policy).ToList();
        var namespaces = _caches.Namespaces.All().Select(n => (n.Name, n.Labels)).ToList();
        var canaried = RollingOut.Canaried(policies, namespaces, _options, now);
        return new GuardedSpace(
            GuardedNamespaces.Of(policies, namespaces, _options, now),
            canaried,
            Settled(canaried.Count == 0 ? [] : RollingOut.In(canaried, _caches.Changes.All(), IsRunningYet), now),
            // Only then is a write of a status, which can carry other labels, worth a call outside of guarded namespaces.
            policies.Any(p => p.Match.Workloads.Requirements.Count > 0));
    }

    /// <summary>The namespaces, or those of a moment ago: they are not written twice in a second.</summary>
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

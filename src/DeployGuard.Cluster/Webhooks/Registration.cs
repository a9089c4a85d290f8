using DeployGuard.Cluster.Access;
using DeployGuard.Cluster.Caches;
using DeployGuard.Cluster.Leader;
using DeployGuard.Cluster.Records;
using DeployGuard.Core.Policies;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Cluster.Webhooks;

/// <summary>
/// Keeps the two webhook configurations as they must be: fills in what the chart installed empty, follows the policies, and restores what was altered. While
/// the gate is open, nothing but our own records is registered: nobody's rollout waits for us.
/// </summary>
internal sealed class Registration : ILeaderTask
{
    private static readonly TimeSpan s_fresh = TimeSpan.FromMinutes(1);

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

    public Registration(ApiConnection api, ClusterCaches caches, ClusterOptions options, Func<byte[]?> caBundle, EventWriter events, TimeProvider time, ILogger logger)
    {
        (_caches, _options, _caBundle, _time, _logger) = (caches, options, caBundle, time, logger);
        _validating = new Configuration("ValidatingWebhookConfiguration", options.WebhookConfiguration, api, events, logger);
        _mutating = new Configuration("MutatingWebhookConfiguration", options.WebhookConfiguration, api, events, logger);
        _capability = new Capability(api, time, logger);
    }

    public string Name => "webhook registration";

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
        var guarded = GuardedNamespaces.Of(_caches.Policies.All().Select(p => p.Policy), _caches.Namespaces.All().Select(n => (n.Name, n.Labels)), _options, _time.GetUtcNow());
        var best = new WebhookEntries(_options, ca, hasMatchConditions: true);
        var entries = await _capability.AskAsync(_validating.Path, Configuration.PatchTo(stored, best.Validating(guarded, SelectsWorkloads())), cancel) ? best : new WebhookEntries(_options, ca, hasMatchConditions: false);
        if (stored.GateIsOpen)
        {
            // Whoever opens it takes the entries out by the same command: nobody altered anything.
            _validating.Forget();
        }

        await _validating.KeepAsync(stored, stored.GateIsOpen ? entries.ForRecords() : entries.Validating(guarded, SelectsWorkloads()), cancel);
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

    /// <summary>Whether a policy selects by the labels of workloads: only then a write of a status, which can carry other labels, is worth a call.</summary>
    private bool SelectsWorkloads() => _caches.Policies.All().Any(p => p.Policy.Match.Workloads.Requirements.Count > 0);
}

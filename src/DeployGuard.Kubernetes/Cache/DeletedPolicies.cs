using DeployGuard.Core.Policies;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>
/// The policies that were deleted a short time ago and did more than audit, as this replica saw it. A file without a mode that is created
/// in the place of one of them is refused (decision 19). A restart forgets them: it guards against an accident, not against an author.
/// </summary>
internal sealed class DeletedPolicies
{
    /// <summary><c>kubectl replace --force</c> takes seconds; people and GitOps tools that delete and create take minutes.</summary>
    public static readonly TimeSpan RememberedFor = TimeSpan.FromMinutes(10);

    /// <summary>Beyond them the oldest is forgotten, so that deletions cannot fill the memory.</summary>
    public const int MaxRemembered = 1000;

    private readonly ResourceCache<PolicyEntry> _stored;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (Mode Mode, long At)> _deleted = new(StringComparer.Ordinal);
    private IReadOnlyList<PolicyEntry> _before = [];

    public DeletedPolicies(ResourceCache<PolicyEntry> stored, TimeProvider time)
    {
        (_stored, _time) = (stored, time);
        stored.Changed += Compare;
    }

    /// <summary>Null if no policy of this name did more than audit until a short time ago.</summary>
    public FormerPolicy? FormerOf(string name)
    {
        // The deletion may be on its way to this replica.
        if (_stored.Find(ObjectKey.Of("", name)) is { } still)
        {
            return still.Policy.Mode is Mode.Audit ? null : new FormerPolicy(still.Policy.Mode, DeletedAgo: null);
        }

        lock (_lock)
        {
            return _deleted.TryGetValue(name, out var found) && _time.GetElapsedTime(found.At) is var ago && ago < RememberedFor
                ? new FormerPolicy(found.Mode, ago)
                : null;
        }
    }

    /// <summary>Runs after every event of the watch and every new list, so a deletion cannot hide behind a creation.</summary>
    private void Compare()
    {
        var now = _stored.All();
        var names = now.Select(p => p.Policy.Name).ToHashSet(StringComparer.Ordinal);
        lock (_lock)
        {
            foreach (var gone in _before.Select(p => p.Policy).Where(p => p.Mode is not Mode.Audit && !names.Contains(p.Name)))
            {
                _deleted[gone.Name] = (gone.Mode, _time.GetTimestamp());
            }

            // What was created again has another mode now.
            foreach (var name in _deleted.Keys.Where(n => names.Contains(n) || _time.GetElapsedTime(_deleted[n].At) >= RememberedFor))
            {
                _deleted.Remove(name);
            }

            while (_deleted.Count > MaxRemembered)
            {
                _deleted.Remove(_deleted.MinBy(d => d.Value.At).Key);
            }

            _before = now;
        }
    }
}

using System.Collections.Concurrent;
using System.Collections.Immutable;
using DeployGuard.Core.Admission;

namespace DeployGuard.Kubernetes.Controllers;

/// <summary>
/// Which service accounts change workloads of other namespaces, as queues, reloaders and deployers do. Noting one is a lookup in a small
/// set. A user who may write in a namespace can act as every account of it, so each namespace has only a few entries, and changes in an
/// account's own namespace are not noted: accounts of one namespace cannot displace those of another.
/// </summary>
internal sealed class MachineChanges
{
    public const int MaxUsers = 32;
    public const int MaxOfANamespace = 4;
    private const int MaxAccountNamespaces = 1024;
    private const int MaxName = 256;
    private const string Accounts = "system:serviceaccount:";

    private readonly ConcurrentDictionary<(string User, string Kind), ChangeSighting> _seen = new();
    private readonly Dictionary<string, HashSet<string>> _users = new(StringComparer.Ordinal);
    private readonly Lock _places = new();

    /// <summary>Notes a request; true if the entry is new or has changed.</summary>
    public bool Note(Request request, bool isAdmitted)
    {
        if (
            request is not { Operation: Operation.Update, DryRun: false, Requester: { IsMachine: true, IsControlPlane: false } who }
            || request is not (WorkloadRequest { SubResource: "" } or ScaleRequest)
            || NamespaceOf(who.Username) is not { Length: > 0 } own
            || own == request.Target.Namespace
            || who.Username.Length > MaxName
        )
        {
            return false;
        }

        var key = (who.Username, request.Target.Kind);
        if (_seen.TryGetValue(key, out var known) && known.With(request.Target.Namespace, !isAdmitted) == known)
        {
            return false;
        }

        lock (_places)
        {
            if (!HasPlace(own, who.Username))
            {
                return false;
            }

            var before = _seen.GetValueOrDefault(key, ChangeSighting.None);
            var after = before.With(request.Target.Namespace, !isAdmitted);
            _seen[key] = after;
            return after != before;
        }
    }

    /// <summary>
    /// The stored entries and those of this replica, sorted and limited. If there are too many, those of this replica take precedence, and
    /// no namespace has a second entry before each has one.
    /// </summary>
    public IEnumerable<SeenChanges> Merge(IReadOnlyList<SeenChanges> stored)
    {
        var all = _seen
            .SelectMany(s => s.Value.Namespaces.Select(n => (s.Key.User, s.Key.Kind, Namespace: n, s.Value.Refused)))
            .Concat(stored.SelectMany(s => s.Namespaces.Select(n => (s.User, s.Kind, Namespace: n, s.Refused))))
            .ToList();
        var users = all.Select(s => s.User)
            .Distinct()
            .GroupBy(NamespaceOf)
            .SelectMany(g => g.Take(MaxOfANamespace).Select((user, place) => (user, place)))
            .OrderBy(u => u.place)
            .Take(MaxUsers)
            .Select(u => u.user)
            .ToHashSet(StringComparer.Ordinal);
        return all.Where(s => users.Contains(s.User))
            .GroupBy(s => (s.User, s.Kind))
            .OrderBy(g => g.Key.User, StringComparer.Ordinal)
            .ThenBy(g => g.Key.Kind, StringComparer.Ordinal)
            .Select(g => new SeenChanges(
                g.Key.User,
                g.Key.Kind,
                [.. g.Select(s => s.Namespace).Distinct().Order(StringComparer.Ordinal).Take(SeenChanges.MaxNamespaces)],
                g.Any(s => s.Refused)
            ));
    }

    private bool HasPlace(string own, string user)
    {
        if (!_users.TryGetValue(own, out var users))
        {
            if (_users.Count >= MaxAccountNamespaces)
            {
                return false;
            }

            _users[own] = users = new HashSet<string>(StringComparer.Ordinal);
        }

        return users.Contains(user) || (users.Count < MaxOfANamespace && users.Add(user));
    }

    private static string? NamespaceOf(string user) =>
        user.StartsWith(Accounts, StringComparison.Ordinal) ? user[Accounts.Length..].Split(':')[0] : null;

    /// <summary>
    /// The namespaces in which a service account changes objects of a kind. Compared by instance: another instance has changed.
    /// </summary>
    private sealed class ChangeSighting(ImmutableHashSet<string> namespaces, bool refused)
    {
        public static readonly ChangeSighting None = new(
            ImmutableHashSet<string>.Empty.WithComparer(StringComparer.Ordinal),
            refused: false
        );

        public ImmutableHashSet<string> Namespaces => namespaces;

        public bool Refused => refused;

        /// <summary>The same instance if nothing changes.</summary>
        public ChangeSighting With(string @namespace, bool isRefused)
        {
            var more = namespaces.Count < SeenChanges.MaxNamespaces ? namespaces.Add(@namespace) : namespaces;
            return more == namespaces && (refused || !isRefused) ? this : new ChangeSighting(more, refused || isRefused);
        }
    }
}

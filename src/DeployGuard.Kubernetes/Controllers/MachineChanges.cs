using System.Collections.Concurrent;
using System.Collections.Immutable;
using DeployGuard.Core.Admission;

namespace DeployGuard.Kubernetes.Controllers;

/// <summary>
/// Which machines change workloads of other namespaces than their own: what a queue, a reloader or a deployer does. Noting one costs a
/// look into a small set. Anybody who may write in one namespace acts as every account there, so each namespace of accounts has a few
/// places, and none of its own changes is noted: a flood by accounts of one namespace takes nobody else's place.
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

    /// <summary>Takes note of a request; true if that is news.</summary>
    public bool Note(Request request, bool isLetIn)
    {
        if (request is not { Operation: Operation.Update, DryRun: false, Requester: { IsMachine: true, IsControlPlane: false } who }
            || request is not (WorkloadRequest { SubResource: "" } or ScaleRequest)
            || NamespaceOf(who.Username) is not { Length: > 0 } own
            || own == request.Target.Namespace
            || who.Username.Length > MaxName)
        {
            return false;
        }

        var key = (who.Username, request.Target.Kind);
        if (_seen.TryGetValue(key, out var known) && known.With(request.Target.Namespace, !isLetIn) == known)
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
            var after = before.With(request.Target.Namespace, !isLetIn);
            _seen[key] = after;
            return after != before;
        }
    }

    /// <summary>
    /// What is stored and what was seen here, sorted and bounded. Of too many, those stay that work here now; no namespace of accounts has
    /// a second place before each has one.
    /// </summary>
    public IEnumerable<SeenChanges> Merge(IReadOnlyList<SeenChanges> stored)
    {
        var all = _seen.SelectMany(s => s.Value.Namespaces.Select(n => (s.Key.User, s.Key.Kind, Namespace: n, s.Value.Refused)))
            .Concat(stored.SelectMany(s => s.Namespaces.Select(n => (s.User, s.Kind, Namespace: n, s.Refused)))).ToList();
        var users = all.Select(s => s.User).Distinct().GroupBy(NamespaceOf)
            .SelectMany(g => g.Take(MaxOfANamespace).Select((user, place) => (user, place)))
            .OrderBy(u => u.place).Take(MaxUsers).Select(u => u.user).ToHashSet(StringComparer.Ordinal);
        return all.Where(s => users.Contains(s.User))
            .GroupBy(s => (s.User, s.Kind))
            .OrderBy(g => g.Key.User, StringComparer.Ordinal).ThenBy(g => g.Key.Kind, StringComparer.Ordinal)
            .Select(g => new SeenChanges(
                g.Key.User,
                g.Key.Kind,
                [.. g.Select(s => s.Namespace).Distinct().Order(StringComparer.Ordinal).Take(SeenChanges.MaxNamespaces)],
                g.Any(s => s.Refused)));
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

    /// <summary>Where a machine changes objects of a kind; nothing but another instance says that something is new.</summary>
    private sealed class ChangeSighting(ImmutableHashSet<string> namespaces, bool refused)
    {
        public static readonly ChangeSighting None = new(ImmutableHashSet<string>.Empty.WithComparer(StringComparer.Ordinal), refused: false);

        public ImmutableHashSet<string> Namespaces => namespaces;

        public bool Refused => refused;

        /// <summary>The same instance if this is no news.</summary>
        public ChangeSighting With(string @namespace, bool isRefused)
        {
            var more = namespaces.Count < SeenChanges.MaxNamespaces ? namespaces.Add(@namespace) : namespaces;
            return more == namespaces && (refused || !isRefused) ? this : new ChangeSighting(more, refused || isRefused);
        }
    }
}

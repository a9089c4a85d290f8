using System.Collections.Concurrent;
using DeployGuard.Core.Changes;

namespace DeployGuard.Cluster.Records;

/// <summary>
/// Which machines change workloads of other namespaces than their own: what a queue, a reloader or a deployer does. Noting one costs a
/// look into a small set. Whoever may
/// write in one namespace acts as every account there, so each namespace of accounts has a few places, and none of its own changes is
/// noted.
/// </summary>
internal sealed class MachineChanges
{
    public const int MostUsers = 32;
    public const int MostOfANamespace = 4;
    private const int MostEntries = 1024;
    private const int LongestName = 256;
    private const string Accounts = "system:serviceaccount:";

    private readonly ConcurrentDictionary<(string User, string Kind, string Namespace), bool> _refused = new();
    private int _entries;

    /// <summary>Takes note of a request; true if that is news.</summary>
    public bool Note(Request request, bool isLetIn)
    {
        if (request is not { Operation: Operation.Update, DryRun: false, Requester: { IsMachine: true, IsControlPlane: false } who }
            || request is not (WorkloadRequest { SubResource: "" } or ScaleRequest)
            || NamespaceOf(who.Username) is not { Length: > 0 } own
            || own == request.Target.Namespace)
        {
            return false;
        }

        var key = (who.Username, request.Target.Kind, request.Target.Namespace);
        if (_refused.TryGetValue(key, out var wasRefused) && (wasRefused || isLetIn))
        {
            return false;
        }

        if (who.Username.Length > LongestName || Volatile.Read(ref _entries) >= MostEntries)
        {
            return false;
        }

        if (_refused.TryAdd(key, !isLetIn))
        {
            Interlocked.Increment(ref _entries);
            return true;
        }

        return !isLetIn && _refused.TryUpdate(key, true, false);
    }

    /// <summary>What is stored and what was seen here, sorted and bounded. Of too many, those stay that work here now.</summary>
    public IEnumerable<SeenChanges> Merge(IReadOnlyList<SeenChanges> stored)
    {
        var all = _refused.Select(s => (s.Key.User, s.Key.Kind, s.Key.Namespace, Refused: s.Value))
            .Concat(stored.SelectMany(s => s.Namespaces.Select(n => (s.User, s.Kind, Namespace: n, s.Refused)))).ToList();
        var users = all.Select(s => s.User).Distinct().GroupBy(NamespaceOf).SelectMany(g => g.Take(MostOfANamespace)).Take(MostUsers)
            .ToHashSet(StringComparer.Ordinal);
        return all.Where(s => users.Contains(s.User))
            .GroupBy(s => (s.User, s.Kind))
            .OrderBy(g => g.Key.User, StringComparer.Ordinal).ThenBy(g => g.Key.Kind, StringComparer.Ordinal)
            .Select(g => new SeenChanges(
                g.Key.User,
                g.Key.Kind,
                [.. g.Select(s => s.Namespace).Distinct().Order(StringComparer.Ordinal).Take(SeenChanges.MostNamespaces)],
                g.Any(s => s.Refused)));
    }

    private static string? NamespaceOf(string user) =>
        user.StartsWith(Accounts, StringComparison.Ordinal) ? user[Accounts.Length..].Split(':')[0] : null;
}

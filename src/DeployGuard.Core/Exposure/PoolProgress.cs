using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Exposure;

/// <summary>The steps that revisions have held in the pools of a namespace, under one policy.</summary>
internal sealed class PoolProgress(
    SafeguardPolicy policy,
    CanaryRules rules,
    ExposureFacts facts,
    NamespaceSnapshot snapshot,
    ProvenRevisions proven,
    DateTimeOffset now
)
{
    private readonly Dictionary<(string Pool, string Key), StepProgress> _held = [];
    private readonly Dictionary<string, bool> _cold = [];
    private readonly Dictionary<string, Approval?> _vetoes = [];

    /// <summary>Calculated once: the current pool does not depend on the request.</summary>
    public StepProgress In(Pool before, string key, int total)
    {
        if (!_held.TryGetValue((before.Name, key), out var held))
        {
            _held[(before.Name, key)] = held = Of(before, key, total);
        }

        return held;
    }

    /// <summary>A pool that was scaled down for a soak still counts at its former size until <c>coldAfter</c> has passed.</summary>
    private StepProgress Of(Pool before, string key, int total)
    {
        var late = proven.LastServed(before.Name)?.Most;
        // Otherwise a first revision that came by another method would never be proven, and nothing after it would be held back.
        var isCold = late is null && HasNoneProven(before);
        StepProgress Among(int pods) => StepProgress.Of(before, pods, key, policy, rules, snapshot, isCold, VetoOf(key), now);
        if (late is null || late.Pods <= total)
        {
            return Among(total);
        }

        var held = Among(late.Pods);
        return !late.IsPresent && held.Left is null && Among(total).Steps > held.Steps
            ? held with
            {
                Left = late.At + rules.ColdAfter - now,
            }
            : held;
    }

    /// <summary>Found out once for all revisions of a pool.</summary>
    private bool HasNoneProven(Pool pool)
    {
        if (!_cold.TryGetValue(pool.Name, out var isCold))
        {
            _cold[pool.Name] = isCold = !proven.IsAnyIn(pool);
        }

        return isCold;
    }

    /// <summary>The recorded steps alone: the size of a pool must not depend on its soak.</summary>
    public int OnRecord(Pool pool, string key) => VetoOf(key) is null ? StepProgress.Latched(pool, key, policy, rules, snapshot) : 0;

    public Approval? VetoOf(string key)
    {
        if (!_vetoes.TryGetValue(key, out var veto))
        {
            _vetoes[key] = veto = FindVeto(key);
        }

        return veto;
    }

    private Approval? FindVeto(string key)
    {
        var changes = ChangeLookup.Of(snapshot.Changes);
        var asked = snapshot.Votes.Count == 0 ? [] : changes.OfRevision(rules.Covers, key).ToList();
        if (asked.Count == 0)
        {
            return null;
        }

        // What a Warn or Audit policy counts must not stop a canary that another policy enforces.
        var inForce = facts
            .Policies.Where(p => facts.NamespaceLabels is null || p.Match.IncludesNamespace(facts.NamespaceLabels))
            .Where(p => p.Enforces(now) || p.Name == policy.Name)
            .ToList();
        return asked
            .Select(c => StandingVotes.Veto(c, snapshot.Votes, inForce, now, [.. changes.Of(c.Workload)]))
            .FirstOrDefault(v => v is not null);
    }
}

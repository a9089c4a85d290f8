using DeployGuard.Core.Approvals;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>The steps that a revision has held in a pool.</summary>
/// <param name="Steps">How many, from the first.</param>
/// <param name="Wait">The condition of the next step, as text; empty if only time is missing.</param>
/// <param name="Left">How long its soak still lasts; null if more than time is missing.</param>
internal sealed record StepProgress(int Steps, string Wait, TimeSpan? Left)
{
    /// <param name="before">The current pool: pods that a request would add have not soaked.</param>
    /// <param name="total">Pods of the pool before the request, or within <c>coldAfter</c>.</param>
    /// <param name="isCold">No proven revision is there or was within <c>coldAfter</c>, so every method was allowed, and proves.</param>
    /// <param name="veto">A rejection of the revision: it revokes all held steps.</param>
    public static StepProgress Of(
        Pool before,
        int total,
        string key,
        SafeguardPolicy policy,
        CanaryRules rules,
        NamespaceSnapshot snapshot,
        bool isCold,
        Approval? veto,
        DateTimeOffset now
    )
    {
        if (veto is not null)
        {
            return new StepProgress(0, $"{veto.Approver.Username} rejected it", null);
        }

        var latched = Latched(before, key, policy, rules, snapshot);
        var pods = PodsOf(before, key, rules, m => isCold ? before.Reaches(m) : RolloutMethods.Prove(m, before, rules));
        var soak = Soak.Of(pods, rules, now);
        var live = 0;
        while (live < rules.Steps.Count && soak.Remaining(total, rules, live, now) is null)
        {
            live++;
        }

        var steps = Math.Max(latched, live);
        if (steps == rules.Steps.Count)
        {
            return new StepProgress(steps, "", null);
        }

        // The pods that the previous step allowed soak for the next one.
        var (wait, left) = soak.Remaining(total, rules, steps, now) ?? ("", null);
        return pods.Count == 0 && PodsOf(before, key, rules, before.Reaches).Count > 0
            ? new StepProgress(
                steps,
                $"its pods complete no step by the rollout methods of canary.accept ({string.Join(", ", rules.Accept)})",
                null
            )
            : new StepProgress(steps, wait, left);
    }

    /// <summary>
    /// The pods that must have soaked for a step: four fifths of it, so that one drained node does not start a day's soak again.
    /// </summary>
    public static int Needed(int total, int percent) => Math.Max(1, (int)((long)total * percent * 4 / 500));

    /// <summary>The recorded steps, whichever workload held them.</summary>
    public static int Latched(Pool pool, string key, SafeguardPolicy policy, CanaryRules rules, NamespaceSnapshot snapshot)
    {
        var percent = ChangeLookup
            .Of(snapshot.Changes)
            .WithStepsIn(pool.Name)
            .Where(c => RevisionKey.Of(rules.Covers, c) == key)
            .SelectMany(c => c.CompletedSteps)
            .Where(h => h.Policy == policy.Name && h.Pool == pool.Name)
            .Select(h => h.Percent)
            .DefaultIfEmpty(0)
            .Max();
        return rules.Steps.Count(s => s <= percent);
    }

    /// <summary>Pods of a revision that the pool's users reach, in any workload; each once.</summary>
    private static List<LivePod> PodsOf(Pool pool, string key, CanaryRules rules, Func<Member, bool> counts) =>
        [
            .. from member in pool.Members
            where counts(member)
            from revision in ProvenRevisions.RevisionsOf(member)
            where RevisionKey.Of(rules.Covers, revision.TemplateHash, revision.Images) == key
            from seen in revision.Seen
            where pool.Reaches(seen.Shape.Template)
            from pod in seen.Pods
            where !pod.IsFinished && (rules.Covers is CanaryCovers.Images || pod.CreatedAt >= seen.CanRunSince)
            select pod,
        ];

    /// <summary>How long the pods of a revision have soaked.</summary>
    /// <param name="Ages">The oldest first.</param>
    /// <param name="Interruption">The last interruption; null if there was none.</param>
    private sealed record Soak(IReadOnlyList<TimeSpan> Ages, SoakInterruption? Interruption)
    {
        public static Soak Of(List<LivePod> pods, CanaryRules rules, DateTimeOffset now)
        {
            var ages = pods.ConvertAll(p => p.Age(now));
            ages.Sort(static (a, b) => b.CompareTo(a));
            return new Soak(ages, pods.Select(p => p.InterruptionOf(rules.Soak, now)).OfType<SoakInterruption>().MaxBy(b => b.At));
        }

        /// <summary>What is missing for a step; null if it is held.</summary>
        public (string Wait, TimeSpan? Left)? Remaining(int total, CanaryRules rules, int step, DateTimeOffset now)
        {
            var needed = Needed(total, rules.Steps[step]);
            if (Interruption is not null)
            {
                var ago = now - Interruption.At;
                return (
                    ago <= TimeSpan.Zero ? $"a pod {Interruption.How}" : $"a pod {Interruption.How} {Durations.Show(ago)} ago",
                    Whole(rules.Soak - ago)
                );
            }

            if (Ages.Count < needed)
            {
                return Ages.Count == 0
                    ? ($"no pod of this revision has served here for {Durations.Show(rules.Soak)}", null)
                    : (
                        $"step {rules.Steps[step]}% (of {total} {(total == 1 ? "pod" : "pods")}) needs {needed} soaking "
                            + $"{(needed == 1 ? "pod" : "pods")} and has {Ages.Count}",
                        null
                    );
            }

            return Ages[needed - 1] is var age && age >= rules.Soak ? null : ("", Whole(rules.Soak - age));
        }

        /// <summary>Rounded up, so that a retry after the time in the message is never too early.</summary>
        private static TimeSpan Whole(TimeSpan left) => TimeSpan.FromSeconds(Math.Ceiling(left.TotalSeconds));
    }
}

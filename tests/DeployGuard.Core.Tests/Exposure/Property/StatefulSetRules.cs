using System.Globalization;

namespace DeployGuard.Core.Tests.Serving;

/// <summary>One sync of the StatefulSet controller: one pod after the other, each ready before the next.</summary>
internal static class StatefulSetRules
{
    public const string RevisionLabel = "controller-revision-hash";

    public static bool Sync(SimulatedNamespace world, Controller set)
    {
        var isNew = set.Observed != set.Generation;
        set.Observed = set.Generation;
        isNew |= Revise(world, set);
        var (pods, claimed) = PodRules.Claim(world, set, p => Ordinal(set, p) is not null);
        return Make(world, set, pods)
            ?? Condemn(world, set, pods)
            ?? Update(world, set, pods)
            ?? (Complete(world, set, pods) || isNew || claimed);
    }

    private static int? Ordinal(Controller set, Pod pod) =>
        pod.Name.StartsWith($"{set.Name}-", StringComparison.Ordinal)
        && int.TryParse(pod.Name.AsSpan(set.Name.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var ordinal)
            ? ordinal
            : null;

    private static bool Revise(SimulatedNamespace world, Controller set)
    {
        var own = world.Revisions.Where(r => r.OwnerUid == set.Uid).ToList();
        var number = own.Select(r => r.Number).DefaultIfEmpty(0).Max();
        var found = own.Find(r => r.Template.IsSame(set.Template));
        if (found is null)
        {
            found = new Revision(
                $"{set.Name}-{DeploymentRules.HashOf(set.Template, 0)}",
                world.NewUid(),
                set.Uid,
                set.Template,
                number + 1
            );
            world.Revisions.Add(found);
        }
        else if (found.Number < number)
        {
            world.Revisions[world.Revisions.IndexOf(found)] = found with { Number = number + 1 };
        }

        var changed = set.NewRevision != found.Name;
        set.NewRevision = found.Name;
        set.OldRevision = set.OldRevision.Length == 0 ? found.Name : set.OldRevision;
        return changed;
    }

    /// <summary>Creates missing ordinals, from the lowest: below the partition at the old revision. Waits for each to be ready.</summary>
    private static bool? Make(SimulatedNamespace world, Controller set, List<Pod> pods)
    {
        for (var ordinal = 0; ordinal < set.Replicas; ordinal++)
        {
            if (pods.Find(p => Ordinal(set, p) == ordinal) is { } found)
            {
                if (found.Ready is null)
                {
                    return false;
                }

                continue;
            }

            if (world.Pods.Exists(p => p.Name == $"{set.Name}-{ordinal}"))
            {
                // Another pod has its name.
                return false;
            }

            var name = !set.ReplacesAllAtOnce && ordinal < set.Partition ? set.OldRevision : set.NewRevision;
            var template = world.Revisions.Find(r => r.OwnerUid == set.Uid && r.Name == name)?.Template ?? set.Template;
            world.MakePod(
                $"{set.Name}-{ordinal}",
                template with
                {
                    Labels = template.Labels.With(RevisionLabel, name),
                },
                set.AsOwner,
                world.IsCrashing(set)
            );
            return true;
        }

        return null;
    }

    private static bool? Condemn(SimulatedNamespace world, Controller set, List<Pod> pods)
    {
        if (pods.Where(p => Ordinal(set, p) >= set.Replicas).MaxBy(p => Ordinal(set, p)) is not { } last)
        {
            return null;
        }

        world.Pods.Remove(last);
        return true;
    }

    /// <summary>From the highest ordinal down to the partition, as many as may be unavailable.</summary>
    private static bool? Update(SimulatedNamespace world, Controller set, List<Pod> pods)
    {
        var room = Math.Max(1, set.Pacing.Batch(set.Replicas)) - pods.Count(p => !world.IsAvailable(p, set.Pacing));
        var old = pods.Where(p => Ordinal(set, p) >= set.Partition && p.Labels[RevisionLabel] != set.NewRevision)
            .OrderByDescending(p => Ordinal(set, p))
            .Take(set.ReplacesAllAtOnce ? 0 : Math.Max(0, room))
            .ToList();
        old.ForEach(p => world.Pods.Remove(p));
        return old.Count > 0 ? true : null;
    }

    private static bool Complete(SimulatedNamespace world, Controller set, List<Pod> pods)
    {
        if (
            set.ReplacesAllAtOnce
            || set.OldRevision == set.NewRevision
            || pods.Count < set.Replicas
            || pods.Exists(p => p.Labels[RevisionLabel] != set.NewRevision || p.Ready is null)
        )
        {
            return false;
        }

        set.OldRevision = set.NewRevision;
        return true;
    }
}

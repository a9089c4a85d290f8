namespace DeployGuard.Core.Tests.Serving;

/// <summary>The controllers of ReplicaSets and Jobs: they keep a number of own pods.</summary>
internal static class PodRules
{
    public static bool Sync(SimulatedNamespace world, Controller owner)
    {
        owner.Observed = owner.Generation;
        var (pods, changed) = Claim(world, owner, _ => true);
        for (var i = pods.Count; i < owner.Replicas; i++)
        {
            world.MakePod($"{owner.Name}-{world.NewNumber()}", owner.Template, owner.AsOwner, world.IsCrashing(owner));
            changed = true;
        }

        // Not ready before ready, then the youngest.
        foreach (
            var pod in pods.OrderBy(p => p.Ready is not null)
                .ThenByDescending(p => p.Ready ?? p.Created)
                .ThenByDescending(p => p.Created)
                .Take(Math.Max(0, pods.Count - owner.Replicas))
                .ToList()
        )
        {
            world.Pods.Remove(pod);
            changed = true;
        }

        return changed;
    }

    /// <summary>Releases pods that the selector does not match, and adopts matching orphans.</summary>
    public static (List<Pod> Pods, bool Changed) Claim(SimulatedNamespace world, Controller owner, Func<Pod, bool> fits)
    {
        var (pods, changed) = (new List<Pod>(), false);
        foreach (var pod in world.Pods)
        {
            if (pod.Owner is { } named && named.Uid != owner.Uid)
            {
                continue;
            }

            var matches = owner.Selector.Selects(pod.Labels) && fits(pod);
            if (pod.Owner is not null && !matches)
            {
                (pod.Owner, changed) = (null, true);
            }
            else if (pod.Owner is null && matches)
            {
                (pod.Owner, changed) = (owner.AsOwner, true);
            }

            if (pod.Owner is not null)
            {
                pods.Add(pod);
            }
        }

        return (pods, changed);
    }
}

namespace DeployGuard.Core.Tests.Serving;

/// <summary>The rules of the real controllers, written down once. They believe what objects say, as the real ones do.</summary>
internal static class ControllerRules
{
    private const int MaxRounds = 400;

    /// <summary>Every controller looks once at everything, and kubelets bring up what is there.</summary>
    /// <returns>Whether anything changed.</returns>
    public static bool Round(this SimulatedNamespace world)
    {
        // A pod needs a moment to come up: what another controller takes back at once serves nobody.
        var starting = world.Pods.Where(p => p is { Ready: null, Crashes: false }).ToHashSet();
        var changed = Collect(world);
        foreach (var controller in world.Controllers.ToArray())
        {
            changed |= controller.Kind switch
            {
                "Deployment" => DeploymentRules.Sync(world, controller),
                "StatefulSet" => StatefulSetRules.Sync(world, controller),
                "ReplicaSet" or "Job" => PodRules.Sync(world, controller),
                _ => throw new InvalidOperationException($"no rules for a {controller.Kind}"),
            };
        }

        starting.IntersectWith(world.Pods);
        foreach (var pod in starting)
        {
            pod.Ready = world.Now;
        }

        return changed || starting.Count > 0 || world.Pods.Exists(p => p is { Ready: null, Crashes: false });
    }

    /// <summary>Until nothing happens without time passing.</summary>
    public static void Settle(this SimulatedNamespace world, Action<SimulatedNamespace>? look = null)
    {
        for (var i = 0; i < MaxRounds; i++)
        {
            var changed = world.Round();
            look?.Invoke(world);
            if (!changed)
            {
                return;
            }
        }

        throw new InvalidOperationException($"the controllers do not come to rest:\n{world}");
    }

    /// <summary>Deletes an object, and what it owns, or lets that go.</summary>
    public static void Delete(this SimulatedNamespace world, string uid, bool orphan)
    {
        world.Controllers.RemoveAll(c => c.Uid == uid);
        world.Pods.RemoveAll(p => p.Uid == uid);
        if (!orphan)
        {
            Collect(world);
        }
        else
        {
            foreach (var made in world.Controllers.Concat<SimulatedObject>(world.Pods).Where(m => m.Owner?.Uid == uid))
            {
                made.Owner = null;
            }
        }
    }

    /// <summary>Pods of some workloads never come up: sizes alone say nothing.</summary>
    public static bool IsCrashing(this SimulatedNamespace world, Controller owner)
    {
        var root = world.ByUid(owner.Owner?.Uid) ?? owner;
        return root.Name.EndsWith("-broken", StringComparison.Ordinal);
    }

    /// <summary>What names an owner that is gone goes too.</summary>
    private static bool Collect(SimulatedNamespace world)
    {
        var gone = world.Controllers.RemoveAll(c => c.Owner is { } owner && !world.Exists(owner.Uid));
        gone += world.Pods.RemoveAll(p => p.Owner is { } owner && !world.Exists(owner.Uid));
        return world.Revisions.RemoveAll(r => !world.Exists(r.OwnerUid)) + gone > 0;
    }
}

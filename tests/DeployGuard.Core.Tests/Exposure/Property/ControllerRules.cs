namespace DeployGuard.Core.Tests.Serving;

/// <summary>The rules of the real controllers. They trust the claims of objects, as the real ones do.</summary>
internal static class ControllerRules
{
    private const int MaxRounds = 400;

    /// <summary>Every controller syncs once, and kubelets start the pods.</summary>
    /// <returns>Whether anything changed.</returns>
    public static bool Round(this SimulatedNamespace world)
    {
        // A pod needs a moment to start: a pod that another controller deletes at once serves no user.
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

    /// <summary>Syncs until nothing changes any more without time passing.</summary>
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

    /// <summary>Deletes an object, and deletes or orphans the objects that it owns.</summary>
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

    /// <summary>Pods of some workloads never become ready: sizes alone must not count.</summary>
    public static bool IsCrashing(this SimulatedNamespace world, Controller owner)
    {
        var root = world.ByUid(owner.Owner?.Uid) ?? owner;
        return root.Name.EndsWith("-broken", StringComparison.Ordinal);
    }

    /// <summary>Objects whose owner is deleted are deleted too.</summary>
    private static bool Collect(SimulatedNamespace world)
    {
        var gone = world.Controllers.RemoveAll(c => c.Owner is { } owner && !world.Exists(owner.Uid));
        gone += world.Pods.RemoveAll(p => p.Owner is { } owner && !world.Exists(owner.Uid));
        return world.Revisions.RemoveAll(r => !world.Exists(r.OwnerUid)) + gone > 0;
    }
}

using System.Security.Cryptography;
using System.Text;

namespace DeployGuard.Core.Tests.Serving;

/// <summary>One sync of a Deployment by its controller.</summary>
internal static class DeploymentRules
{
    private const string Letters = "bcdfghjklmnpqrstvwxz2456789";

    /// <returns>Whether it did anything.</returns>
    public static bool Sync(SimulatedNamespace world, Controller deployment)
    {
        var isNew = deployment.Observed != deployment.Generation;
        deployment.Observed = deployment.Generation;
        var (sets, claimed) = Claim(world, deployment);
        var newest = sets.Where(s => s.Template.IsSame(deployment.Template)).MinBy(s => s.Created);
        var scaled =
            deployment.Paused || sets.Exists(s => s.Replicas > 0 && s.Sizes is { } sizes && sizes.Desired != deployment.Replicas)
                ? Scale(world, deployment, sets, newest)
            : deployment.ReplacesAllAtOnce ? Recreate(world, deployment, sets, newest)
            : Roll(world, deployment, sets, newest);
        return isNew || claimed || scaled;
    }

    public static int Surge(Controller deployment) =>
        deployment.ReplacesAllAtOnce || deployment.Replicas == 0 ? 0
        : deployment.Pacing.IsPercent ? ((deployment.Pacing.AtOnce * deployment.Replicas) + 99) / 100
        : deployment.Pacing.AtOnce;

    public static string HashOf(Template template, int collisions)
    {
        var digest = SHA256.HashData(
            Encoding.UTF8.GetBytes($"{template.Image} {template.Labels.Without(Template.HashLabel).Text} {collisions}")
        );
        return string.Concat(digest.Take(8).Select(b => Letters[b % Letters.Length]));
    }

    /// <summary>Releases ReplicaSets that its selector does not match, and adopts matching orphans.</summary>
    private static (List<Controller> Sets, bool Changed) Claim(SimulatedNamespace world, Controller deployment)
    {
        var (sets, changed) = (new List<Controller>(), false);
        foreach (var set in world.Of("ReplicaSet"))
        {
            var matches = deployment.Selector.Selects(set.Labels);
            if (set.Owner?.Uid == deployment.Uid && !matches)
            {
                (set.Owner, changed) = (null, true);
            }
            else if (set.Owner is null && matches)
            {
                (set.Owner, changed) = (deployment.AsOwner, true);
            }

            if (set.Owner?.Uid == deployment.Uid)
            {
                sets.Add(set);
            }
        }

        return (sets, changed);
    }

    private static bool Recreate(SimulatedNamespace world, Controller deployment, List<Controller> sets, Controller? newest)
    {
        var old = sets.Where(s => s != newest && s.Replicas > 0).ToList();
        if (old.Count > 0)
        {
            old.ForEach(s => Resize(deployment, s, 0));
            return true;
        }

        return !sets.Any(s => s != newest && world.PodsOf(s).Any())
            && (newest is null ? Make(world, deployment, sets, deployment.Replicas) : Resize(deployment, newest, deployment.Replicas));
    }

    private static bool Roll(SimulatedNamespace world, Controller deployment, List<Controller> sets, Controller? newest)
    {
        if (newest is null)
        {
            return Make(world, deployment, sets, Grown(deployment, sets, 0));
        }

        var size = newest.Replicas > deployment.Replicas ? deployment.Replicas : Grown(deployment, sets, newest.Replicas);
        return Resize(deployment, newest, size) || Shrink(world, deployment, sets, newest);
    }

    private static int Grown(Controller deployment, List<Controller> sets, int now)
    {
        var room = deployment.Replicas + Surge(deployment) - sets.Sum(s => s.Replicas);
        return room <= 0 ? now : now + Math.Max(0, Math.Min(room, deployment.Replicas - now));
    }

    /// <summary>Unavailable pods are deleted first, then as many as may be unavailable.</summary>
    private static bool Shrink(SimulatedNamespace world, Controller deployment, List<Controller> sets, Controller newest)
    {
        int Available(Controller set) => world.PodsOf(set).Count(p => world.IsAvailable(p, deployment.Pacing));
        var old = sets.Where(s => s != newest && s.Replicas > 0).OrderBy(s => s.Created).ToList();
        // Never below the desired number: here pods are unavailable only if none may surge.
        var least = deployment.Replicas - (Surge(deployment) == 0 ? 1 : 0);
        var most = sets.Sum(s => s.Replicas) - least - (newest.Replicas - Available(newest));
        if (old.Count == 0 || most <= 0)
        {
            return false;
        }

        var (cleaned, changed) = (0, false);
        foreach (var set in old)
        {
            var unhealthy = Math.Min(most - cleaned, set.Replicas - Math.Min(set.Replicas, Available(set)));
            cleaned += unhealthy;
            changed |= Resize(deployment, set, set.Replicas - unhealthy);
        }

        var rest = sets.Sum(Available) - least;
        foreach (var set in old.TakeWhile(_ => rest > 0))
        {
            var gone = Math.Min(set.Replicas, rest);
            rest -= gone;
            changed |= Resize(deployment, set, set.Replicas - gone);
        }

        return changed;
    }

    /// <summary>On a scale, or while paused: a single ReplicaSet gets the new size, several share it by their sizes.</summary>
    private static bool Scale(SimulatedNamespace world, Controller deployment, List<Controller> sets, Controller? newest)
    {
        var active = sets.Where(s => s.Replicas > 0).ToList();
        var alone = active.Count switch
        {
            0 => newest ?? sets.MaxBy(s => s.Created),
            1 => active[0],
            _ => null,
        };
        if (alone is not null)
        {
            return Resize(deployment, alone, deployment.Replicas);
        }

        if (
            newest is not null
            && newest.Replicas == deployment.Replicas
            && world.PodsOf(newest).Count(p => world.IsAvailable(p, deployment.Pacing)) == deployment.Replicas
        )
        {
            return active.Where(s => s != newest).ToList().ConvertAll(s => Resize(deployment, s, 0)).Exists(r => r);
        }

        return !deployment.ReplacesAllAtOnce && active.Count > 0 && Share(deployment, active);
    }

    private static bool Share(Controller deployment, List<Controller> active)
    {
        var size = deployment.Replicas + Surge(deployment);
        var add = size - active.Sum(s => s.Replicas);
        var ordered =
            add > 0
                ? active.OrderByDescending(s => s.Replicas).ThenByDescending(s => s.Created).ToList()
                : [.. active.OrderByDescending(s => s.Replicas).ThenBy(s => s.Created)];
        var (added, sizes) = (0, new int[ordered.Count]);
        for (var i = 0; i < ordered.Count; i++)
        {
            var proportion = add == 0 ? 0 : Proportion(deployment, ordered[i], add, added);
            sizes[i] = ordered[i].Replicas + proportion;
            added += proportion;
        }

        sizes[0] = Math.Max(0, sizes[0] + (add == 0 ? 0 : add - added));
        return ordered.Select((s, i) => Resize(deployment, s, sizes[i])).ToList().Exists(r => r);
    }

    private static int Proportion(Controller deployment, Controller set, int add, int added)
    {
        var allowed = add - added;
        if (set.Replicas == 0 || allowed == 0)
        {
            return 0;
        }

        var most = set.Sizes is { Most: > 0 } known ? known.Most : deployment.Replicas + Surge(deployment);
        var fraction =
            deployment.Replicas == 0
                ? -set.Replicas
                : (int)Math.Round(set.Replicas * (double)(deployment.Replicas + Surge(deployment)) / most, MidpointRounding.AwayFromZero)
                    - set.Replicas;
        return add > 0 ? Math.Min(fraction, allowed) : Math.Max(fraction, allowed);
    }

    /// <summary>Under a name of the template's hash; where another has that, under the next.</summary>
    private static bool Make(SimulatedNamespace world, Controller deployment, List<Controller> sets, int replicas)
    {
        var hash = HashOf(deployment.Template, deployment.Collisions);
        var name = $"{deployment.Name}-{hash}";
        if (world.Find("ReplicaSet", name) is not null)
        {
            deployment.Collisions++;
            return true;
        }

        var labels = deployment.Template.Labels.With(Template.HashLabel, hash);
        var set = new Controller
        {
            Kind = "ReplicaSet",
            Name = name,
            Uid = world.NewUid(),
            Labels = labels,
            Owner = deployment.AsOwner,
            Created = world.Now,
            Selector = deployment.Selector.With(Template.HashLabel, hash),
            Template = new Template(deployment.Template.Image, labels),
            Replicas = replicas,
            Sizes = (deployment.Replicas, deployment.Replicas + Surge(deployment)),
        };
        world.Controllers.Add(set);
        sets.Add(set);
        return true;
    }

    private static bool Resize(Controller deployment, Controller set, int replicas)
    {
        (int, int)? sizes = (deployment.Replicas, deployment.Replicas + Surge(deployment));
        var changed = set.Replicas != replicas || set.Sizes != sizes;
        set.Generation += set.Replicas != replicas ? 1 : 0;
        (set.Replicas, set.Sizes) = (Math.Max(0, replicas), sizes);
        return changed;
    }
}

using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;

namespace DeployGuard.Core.Tests.Serving;

/// <summary>
/// No allowed request, with all that controllers do next, raises the unproven pods behind a Service above the step, or above the pods that
/// were there or were coming.
/// </summary>
internal sealed class Invariant(Oracle oracle, Tally tally)
{
    /// <returns>The violation; null if there is none.</returns>
    public string? Broken(SimulatedNamespace world, SimulatedRequest asked, Verdict verdict)
    {
        if (verdict.Waived.Any())
        {
            tally.Add(Excepted.BreakGlass);
            return null;
        }

        var before = Play(world, null);
        var after = Play(world, asked);
        return after
            .Services.Select(s => BrokenAt(world, s.Key, s.Value, before, asked, after, verdict))
            .FirstOrDefault(b => b is not null);
    }

    private string? BrokenAt(
        SimulatedNamespace world,
        SimulatedService service,
        PodCounts then,
        Played before,
        SimulatedRequest asked,
        Played after,
        Verdict verdict
    )
    {
        var left = after.End[service].Proven;
        // For a changed Service: the pods that its users had before.
        var former = before.Services.Keys.FirstOrDefault(s => s.Name == service.Name);
        var now = former is null ? PodCounts.Nothing : before.Services[former];
        if (asked.Request is ServiceRequest)
        {
            return former == service
                ? null
                : new ServiceInvariant(oracle, tally).Broken(
                    before.World,
                    service,
                    after.End[service],
                    former,
                    former is null ? now : before.End[former],
                    former is null ? 0 : oracle.Count(world, former).Ready
                );
        }

        // An alias shares the users of the other Service: only the change into an alias is evaluated.
        if (then.Unproven <= now.Unproven || service.Alias is not null)
        {
            if (then.Unproven > 0 && then.Unproven == now.Unproven && former is not null && left < before.End[former].Proven)
            {
                tally.Add(Excepted.FewerProven);
            }

            return null;
        }

        // A new size without a larger share of an image is no more exposure.
        bool IsNoLarger(int had, int has) => IsAnotherSize(asked) && (long)has * now.Whole <= (long)had * (then.Lacking + left);
        var raised = then
            .ByImage.Select(i => (Image: i.Key, Had: now.ByImage.GetValueOrDefault(i.Key), Has: i.Value))
            .Where(i => i.Has > i.Had && !IsNoLarger(i.Had, i.Has))
            .Select(i => i.Image)
            .ToList();
        var steps = raised.Select(i => oracle.Held(before.World, service, i)).DefaultIfEmpty(oracle.Rules.Steps.Count).Min();
        var total = Math.Max(now.Total, then.Total);
        var cap = CapOf(
            steps,
            left > 0 && asked.Request.Operation is not Operation.Delete ? total : Math.Max(total, oracle.Served(service.Name, world.Now))
        );
        var batch = Stored(world, asked)
            .Where(c => raised.Contains(c.Template.Image) && service.Selector.Selects(c.Template.Labels))
            .Select(c => BatchOf(c, steps))
            .DefaultIfEmpty(0)
            .Max();
        if (then.Unproven - Paced(world, service, asked, steps) <= Math.Max(cap, batch))
        {
            tally.Add("raised within its step");
            return null;
        }

        return Why(world, service, then, now, left, asked, steps, verdict) is { } excepted
            ? Count(excepted)
            : $"{then.Unproven} of {then.Total} unproven behind {service}, were {now.Unproven} of {now.Total}; step {steps} "
                + $"allows {cap}, a batch {batch}; raised images {string.Join(' ', raised)}";
    }

    private static List<Controller> Stored(SimulatedNamespace world, SimulatedRequest asked)
    {
        var copy = world.Copy();
        asked.Apply(copy);
        return copy.Controllers;
    }

    /// <summary>Pods of a conforming rollout came batch by batch: more replicas during it are evaluated by the added pods.</summary>
    private int Paced(SimulatedNamespace world, SimulatedService service, SimulatedRequest asked, int steps) =>
        world.Find(asked.Request.Target.Kind, asked.Request.Target.Name) is not { Kind: "Deployment" or "StatefulSet" } target
        || BatchOf(target, steps) == 0
        || asked.Image != target.Template.Image
            ? 0
            : world
                .Behind(service)
                .Count(p =>
                    p.Image == target.Template.Image && Oracle.RootOf(world, p) == target && !oracle.IsProven(p.Image, service.Name)
                );

    private string? Count(Excepted excepted)
    {
        tally.Add(excepted);
        return null;
    }

    private Excepted? Why(
        SimulatedNamespace world,
        SimulatedService service,
        PodCounts then,
        PodCounts now,
        int left,
        SimulatedRequest asked,
        int steps,
        Verdict verdict
    ) =>
        now.Proven == 0 && oracle.IsCold(service.Name, world.Now) ? Excepted.ColdPool
        : steps == oracle.Rules.Steps.Count ? Excepted.AllStepsHeld
        // A share of the ready pods: only they serve users.
        : IsAnotherSize(asked) && (long)then.Unproven * (now.Unproven + now.Proven) <= (long)now.Unproven * (then.Unproven + left)
            ? Excepted.ServedBefore
        : asked.Request is WorkloadRequest { Operation: Operation.Delete, Target.Kind: "Pod" } pod
        && world
            .Of("StatefulSet")
            .Any(s => pod.Target.Name.StartsWith($"{s.Name}-", StringComparison.Ordinal) && pod.Before?.ControllerUid != s.Uid)
            ? Excepted.NameFreed
        : IsAnotherSize(asked) && oracle.SizeServed(world, service, asked) ? Excepted.ServedBefore
        // A rollback to a revision that served these users, and no others.
        : verdict.Evaluated.ChangeType is ChangeType.Rollback && oracle.RanThere(world, service, asked) ? Excepted.Rollback
        : null;

    private static bool IsAnotherSize(SimulatedRequest asked) =>
        asked.Request is ScaleRequest or WorkloadRequest { Before: not null, After: not null };

    private int CapOf(int steps, int total) =>
        steps == oracle.Rules.Steps.Count ? total : Math.Max(1, total * oracle.Rules.Steps[steps] / 100);

    private int BatchOf(Controller controller, int steps)
    {
        var percent = Math.Max(oracle.Rules.Pace.Percent, oracle.Rules.ShareAfter(steps));
        var batch =
            controller.Kind == "StatefulSet"
                ? controller.Pacing.Batch(controller.Replicas)
                : Math.Max(1, DeploymentRules.Surge(controller));
        var conforms =
            controller is { IsBlunt: false, Pacing.IsTimed: true, Kind: "Deployment" or "StatefulSet" }
            && (
                batch <= Math.Max(1, controller.Replicas * percent / 100)
                || (controller.Pacing.IsPercent && controller.Pacing.AtOnce <= percent)
            );
        return conforms || (controller.IsBlunt && controller.Replicas == 1) ? Math.Min(batch, controller.Replicas) : 0;
    }

    /// <summary>The maximum of each Service until nothing changes any more without time passing.</summary>
    private Played Play(SimulatedNamespace world, SimulatedRequest? asked)
    {
        var copy = world.Copy();
        asked?.Apply(copy);
        var most = copy.Services.ToDictionary(s => s, s => oracle.Count(copy, s, world));
        copy.Settle(w => w.Services.ForEach(s => most[s] = most[s].Most(oracle.Count(w, s, world))));
        return new Played(copy, most, copy.Services.ToDictionary(s => s, s => oracle.Count(copy, s)));
    }

    /// <param name="World">In the end.</param>
    /// <param name="Services">The most of each.</param>
    /// <param name="End">The final pods of each.</param>
    private sealed record Played(
        SimulatedNamespace World,
        Dictionary<SimulatedService, PodCounts> Services,
        Dictionary<SimulatedService, PodCounts> End
    );
}

using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;

namespace DeployGuard.Core.Tests.Serving;

/// <summary>
/// No allowed request, with the controller actions that follow it, raises the unproven pods behind a Service above the step, or above the
/// pods that were there or were already planned.
/// </summary>
internal sealed class Invariant(Oracle oracle, Tally tally)
{
    /// <returns>The violation; null if there is none.</returns>
    public string? FindViolation(SimulatedNamespace world, SimulatedRequest request, Verdict verdict)
    {
        if (verdict.Waived.Any())
        {
            tally.Add(Excepted.BreakGlass);
            return null;
        }

        var before = Play(world, null);
        var after = Play(world, request);
        return after
            .Services.Select(s => FindViolationAt(world, s.Key, s.Value, before, request, after, verdict))
            .FirstOrDefault(b => b is not null);
    }

    private string? FindViolationAt(
        SimulatedNamespace world,
        SimulatedService service,
        PodCounts peak,
        Played before,
        SimulatedRequest request,
        Played after,
        Verdict verdict
    )
    {
        var provenLeft = after.End[service].Proven;
        // For a changed Service: the pods that its users had before.
        var former = before.Services.Keys.FirstOrDefault(s => s.Name == service.Name);
        var peakBefore = former is null ? PodCounts.Nothing : before.Services[former];
        if (request.Request is ServiceRequest)
        {
            return former == service
                ? null
                : new ServiceInvariant(oracle, tally).FindViolation(
                    before.World,
                    service,
                    after.End[service],
                    former,
                    former is null ? peakBefore : before.End[former],
                    former is null ? 0 : oracle.Count(world, former).Ready
                );
        }

        // An alias shares the users of the other Service: only the change into an alias is evaluated.
        if (peak.Unproven <= peakBefore.Unproven || service.Alias is not null)
        {
            if (peak.Unproven > 0 && peak.Unproven == peakBefore.Unproven && former is not null && provenLeft < before.End[former].Proven)
            {
                tally.Add(Excepted.FewerProven);
            }

            return null;
        }

        // A new size without a larger share of an image is no more exposure.
        bool IsNoLarger(int had, int has) =>
            IsAnotherSize(request) && (long)has * peakBefore.TotalWithSurge <= (long)had * (peak.UnprovenWithSurge + provenLeft);
        var raised = peak
            .ByImage.Select(i => (Image: i.Key, Had: peakBefore.ByImage.GetValueOrDefault(i.Key), Has: i.Value))
            .Where(i => i.Has > i.Had && !IsNoLarger(i.Had, i.Has))
            .Select(i => i.Image)
            .ToList();
        var steps = raised.Select(i => oracle.Held(before.World, service, i)).DefaultIfEmpty(oracle.Rules.Steps.Count).Min();
        var total = Math.Max(peakBefore.Total, peak.Total);
        var cap = CapOf(
            steps,
            provenLeft > 0 && request.Request.Operation is not Operation.Delete
                ? total
                : Math.Max(total, oracle.Served(service.Name, world.Now))
        );
        var batch = Stored(world, request)
            .Where(c => raised.Contains(c.Template.Image) && service.Selector.Selects(c.Template.Labels))
            .Select(c => BatchOf(c, steps))
            .DefaultIfEmpty(0)
            .Max();
        if (peak.Unproven - Paced(world, service, request, steps) <= Math.Max(cap, batch))
        {
            tally.Add("raised within its step");
            return null;
        }

        return Why(world, service, peak, peakBefore, provenLeft, request, steps, verdict) is { } excepted
            ? Count(excepted)
            : $"{peak.Unproven} of {peak.Total} unproven behind {service}, were {peakBefore.Unproven} of {peakBefore.Total}; step {steps} "
                + $"allows {cap}, a batch {batch}; raised images {string.Join(' ', raised)}";
    }

    private static List<Controller> Stored(SimulatedNamespace world, SimulatedRequest request)
    {
        var copy = world.Copy();
        request.Apply(copy);
        return copy.Controllers;
    }

    /// <summary>Pods of a conforming rollout came batch by batch: more replicas during it are evaluated by the added pods.</summary>
    private int Paced(SimulatedNamespace world, SimulatedService service, SimulatedRequest request, int steps) =>
        world.Find(request.Request.Target.Kind, request.Request.Target.Name) is not { Kind: "Deployment" or "StatefulSet" } target
        || BatchOf(target, steps) == 0
        || request.Image != target.Template.Image
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
        PodCounts peak,
        PodCounts peakBefore,
        int provenLeft,
        SimulatedRequest request,
        int steps,
        Verdict verdict
    ) =>
        peakBefore.Proven == 0 && oracle.IsCold(service.Name, world.Now) ? Excepted.ColdPool
        : steps == oracle.Rules.Steps.Count ? Excepted.AllStepsHeld
        // A share of the ready pods: only they serve users.
        : IsAnotherSize(request)
        && (long)peak.Unproven * (peakBefore.Unproven + peakBefore.Proven) <= (long)peakBefore.Unproven * (peak.Unproven + provenLeft)
            ? Excepted.ServedBefore
        : request.Request is WorkloadRequest { Operation: Operation.Delete, Target.Kind: "Pod" } pod
        && world
            .Of("StatefulSet")
            .Any(s => pod.Target.Name.StartsWith($"{s.Name}-", StringComparison.Ordinal) && pod.Before?.ControllerUid != s.Uid)
            ? Excepted.NameFreed
        : IsAnotherSize(request) && oracle.ServedAtThisSize(world, service, request) ? Excepted.ServedBefore
        // A rollback to a revision that served these users, and no others.
        : verdict.Evaluated.ChangeType is ChangeType.Rollback && oracle.ServedThere(world, service, request) ? Excepted.Rollback
        : null;

    private static bool IsAnotherSize(SimulatedRequest request) =>
        request.Request is ScaleRequest or WorkloadRequest { Before: not null, After: not null };

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
            controller is { ReplacesAllAtOnce: false, Pacing.IsTimed: true, Kind: "Deployment" or "StatefulSet" }
            && (
                batch <= Math.Max(1, controller.Replicas * percent / 100)
                || (controller.Pacing.IsPercent && controller.Pacing.AtOnce <= percent)
            );
        return conforms || (controller.ReplacesAllAtOnce && controller.Replicas == 1) ? Math.Min(batch, controller.Replicas) : 0;
    }

    /// <summary>The maximum of each Service until nothing changes any more without time passing.</summary>
    private Played Play(SimulatedNamespace world, SimulatedRequest? request)
    {
        var copy = world.Copy();
        request?.Apply(copy);
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

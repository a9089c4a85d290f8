namespace DeployGuard.Core.Tests.Serving;

/// <summary>A change of a Service adds no pod: the share of unproven pods must not grow above the step.</summary>
internal sealed class ServiceInvariant(Oracle oracle, Tally tally)
{
    /// <param name="ready">Ready pods of the Service at the time of the request.</param>
    public string? FindViolation(
        SimulatedNamespace world,
        SimulatedService service,
        PodCounts after,
        SimulatedService? former,
        PodCounts before,
        int ready
    )
    {
        if (
            after.Unproven == 0
            || (
                before.TotalWithSurge > 0
                && (long)after.UnprovenWithSurge * before.TotalWithSurge <= (long)before.UnprovenWithSurge * after.TotalWithSurge
            )
        )
        {
            return null;
        }

        // A Service that is created again has the users of the last one of its name.
        var held = former ?? service;
        var last = former ?? oracle.Last(service.Name) ?? service;
        var staying = after
            .ByImage.Select(i => (Image: i.Key, Pods: i.Value - after.Surging.GetValueOrDefault(i.Key)))
            .Where(i => i.Pods > 0);
        var raised = staying
            .Where(i =>
                before.TotalWithSurge == 0
                || i.Pods * before.TotalWithSurge > before.ByImage.GetValueOrDefault(i.Image) * after.TotalWithSurge
            )
            .Select(i => i.Image)
            .ToList();
        if (
            former is null
            && raised.RemoveAll(i => oracle.WasCreatedAgain(service, i, after.ByImage[i], world.Now)) > 0
            && raised.Count == 0
        )
        {
            tally.Add(Excepted.ServiceCreatedAgain);
            return null;
        }

        var steps = raised
            .Select(i => Math.Max(oracle.Held(world, held, i), oracle.Held(world, last, i)))
            .DefaultIfEmpty(oracle.Rules.Steps.Count)
            .Min();
        var least = after.Total >= Math.Min(before.Staying, ready) ? 1 : 0;
        var cap = steps == oracle.Rules.Steps.Count ? after.Total : Math.Max(least, after.Total * oracle.Rules.Steps[steps] / 100);
        if (after.Unproven <= cap)
        {
            tally.Add("share raised within its step");
            return null;
        }

        if (before.Proven == 0 && oracle.IsCold(service.Name, world.Now))
        {
            tally.Add(Excepted.ColdPool);
            return null;
        }

        return $"{after.Unproven} of {after.Total} unproven behind {service}, were {before.Unproven} of {before.Total} behind {former}; step "
            + $"{steps} allows {cap}; raised images {string.Join(' ', raised)}";
    }
}

namespace DeployGuard.Core.Tests.Serving;

/// <summary>A change of a Service adds no pod: the share of unproven pods must not grow above the step.</summary>
internal sealed class ServiceInvariant(Oracle oracle, Tally tally)
{
    /// <param name="ready">Ready pods of the Service at the time of the request.</param>
    public string? Broken(
        SimulatedNamespace world,
        SimulatedService service,
        PodCounts then,
        SimulatedService? former,
        PodCounts now,
        int ready
    )
    {
        if (then.Unproven == 0 || (now.Whole > 0 && (long)then.Lacking * now.Whole <= (long)now.Lacking * then.Whole))
        {
            return null;
        }

        // A Service that is created again has the users of the last one of its name.
        var held = former ?? service;
        var last = former ?? oracle.Last(service.Name) ?? service;
        var stay = then.ByImage.Select(i => (Image: i.Key, Pods: i.Value - then.Surging.GetValueOrDefault(i.Key))).Where(i => i.Pods > 0);
        var raised = stay.Where(i => now.Whole == 0 || i.Pods * now.Whole > now.ByImage.GetValueOrDefault(i.Image) * then.Whole)
            .Select(i => i.Image)
            .ToList();
        if (
            former is null
            && raised.RemoveAll(i => oracle.WasCreatedAgain(service, i, then.ByImage[i], world.Now)) > 0
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
        var least = then.Total >= Math.Min(now.Staying, ready) ? 1 : 0;
        var cap = steps == oracle.Rules.Steps.Count ? then.Total : Math.Max(least, then.Total * oracle.Rules.Steps[steps] / 100);
        if (then.Unproven <= cap)
        {
            tally.Add("share raised within its step");
            return null;
        }

        if (now.Proven == 0 && oracle.IsCold(service.Name, world.Now))
        {
            tally.Add(Excepted.ColdPool);
            return null;
        }

        return $"{then.Unproven} of {then.Total} unproven behind {service}, were {now.Unproven} of {now.Total} behind {former}; step "
            + $"{steps} allows {cap}; raised images {string.Join(' ', raised)}";
    }
}

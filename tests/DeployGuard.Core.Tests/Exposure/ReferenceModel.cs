namespace DeployGuard.Core.Tests;

/// <summary>
/// The rules of docs/exposure-model.md for the simulated namespace, without the product's code: pools, U, T, k, cap, and refusals.
/// </summary>
internal sealed class ReferenceModel(PooledWorld world)
{
    /// <summary>
    /// The Services that select it, and the pools of the workload that it claims to be a canary of; its own pool if there are none.
    /// </summary>
    public static IReadOnlyList<string> PoolsOf(ModelWorkload workload, IReadOnlyCollection<ModelWorkload> all)
    {
        var selected = workload.Services.Select(s => $"Service {s}").ToList();
        var stable =
            workload.CanaryOf is { } name && name != workload.Name ? all.FirstOrDefault(m => m.Name == name && m.CanaryOf is null) : null;
        return stable is not null ? [.. selected.Union(PoolsOf(stable, all))]
            : selected.Count > 0 ? selected
            : [workload.OwnPool];
    }

    /// <summary>Why a request must be refused, pool by pool; empty if it must be allowed.</summary>
    public IReadOnlyList<string> Refusals(ModelWorkload requested)
    {
        var before = world.Find(requested.Name);
        // A rollback with a scale-up also adds pods of the revision that it replaces.
        return before is not null && !RaisesExposure(before, requested) ? []
            : before is not null && IsRollback(before, requested) ? [.. ScaleUpRefusals(before, requested).OfType<string>()]
            :
            [
                .. PoolsOf(requested, With(requested))
                    .Select(p => Refusal(p, before, requested))
                    .Concat(ScaleUpRefusals(before, requested))
                    .OfType<string>(),
            ];
    }

    /// <summary>A Deployment that is scaled up gives each running revision its share before it creates pods of a new one.</summary>
    private IEnumerable<string?> ScaleUpRefusals(ModelWorkload? before, ModelWorkload requested)
    {
        if (before is not { Kind: "Deployment" } || requested.Size <= before.Size)
        {
            return [];
        }

        var scaled = Scaled(before, requested);
        return before.Pods.Count == 0
            ? []
            : PoolsOf(before, world.Running)
                .Where(p => p.StartsWith("Service ", StringComparison.Ordinal))
                .Select(p => ScaleUpRefusal(p, scaled));
    }

    /// <summary>Surge pods are shared as well if there is more than one revision.</summary>
    private static ModelWorkload Scaled(ModelWorkload before, ModelWorkload requested)
    {
        var live = before.Pods.Values.Sum();
        if (before.Kind != "Deployment" || requested.Size <= before.Size || live == 0)
        {
            return before;
        }

        var size = requested.Size + (before.Pods.Count > 1 ? requested.Pacing.Batch(requested.Size) : 0);
        int Part(int pods) => Math.Max(pods, ((size * pods) + live - 1) / live);
        var pods = before.Pods.ToDictionary(p => p.Key, p => p.Key == requested.Image ? p.Value : Part(p.Value));
        return before with { Pods = pods, Size = Math.Min(requested.Size, pods.Values.Sum()), IsPaused = true };
    }

    private string? ScaleUpRefusal(string pool, ModelWorkload scaled)
    {
        var (was, will) = (Members(pool, world.Running), Members(pool, With(scaled)));
        int Of(List<ModelWorkload> members, int image) =>
            members.SelectMany(m => UnprovenOf(m, pool)).Where(u => u.Image == image).Sum(u => u.Pods);
        var raised = Enumerable.Range(0, PooledWorld.Images).Where(i => Of(will, i) > Of(was, i)).ToList();
        var served = Math.Max(ProvenPods(pool, was, m => CountedOf(m, pool)), world.Served(pool));
        var noneLeft = ProvenPods(pool, will, m => CountedOf(m, pool)) <= 0;
        if (raised.Count == 0 || (noneLeft && served == 0))
        {
            return null;
        }

        var steps = raised.Min(i => Math.Max(world.Latched(i, pool), world.PodsAreOld ? HeldByPods(i, pool, was) : 0));
        var total = Math.Max(Total(pool, will, m => CountedOf(m, pool)), noneLeft ? served : 0);
        var cap = steps == world.Steps.Count ? total : Math.Max(1, total * world.Steps[steps] / 100);
        var batch = will.Where(m =>
                m.IsRollingOut && !m.IsPartitioned && raised.Contains(m.Image) && Conforms(m, world.Latched(m.Image, pool))
            )
            .Select(m => Math.Min(m.Size, m.Pacing.Batch(m.Size)))
            .DefaultIfEmpty(0)
            .Max();
        var unproven = will.Sum(m => CountedOf(m, pool));
        var isLargerShare = (long)unproven * TotalNow(pool, was) > (long)was.Sum(m => CountedOf(m, pool)) * total;
        return isLargerShare && unproven > Math.Max(cap, batch)
            ? $"{unproven} of {total} in {pool} before it rolls out, {steps} steps held, cap {cap}"
            : null;
    }

    /// <summary>Steps for which enough pods of the image serve the pool.</summary>
    public int HeldByPods(int image, string pool) => HeldByPods(image, pool, Members(pool, world.Running));

    private int HeldByPods(int image, string pool, List<ModelWorkload> members)
    {
        var (pods, steps) = (members.Where(m => Reaches(pool, m)).Sum(m => m.Runs(image)), 0);
        var total = Math.Max(TotalNow(pool, members), world.Served(pool));
        while (steps < world.Steps.Count && pods >= Math.Max(1, total * world.Steps[steps] * 4 / 500))
        {
            steps++;
        }

        return steps;
    }

    public int ProvenNow(string pool) => ProvenPods(pool, Members(pool, world.Running), m => CountedOf(m, pool));

    /// <summary>Whether a request changes the revision, raises the exposure, or speeds the rollout up.</summary>
    private static bool RaisesExposure(ModelWorkload before, ModelWorkload requested) =>
        requested.Image != before.Image
        || requested.Size > before.Size
        || (requested.Kind == "StatefulSet" && requested.Partition < before.Partition)
        || requested.Pacing.Batch(requested.Size) > before.Pacing.Batch(before.Size)
        || (before.Pacing.IsTimed && !requested.Pacing.IsTimed);

    /// <summary>Without the pace the remaining pods are replaced at once.</summary>
    private static bool IsFaster(ModelWorkload before, ModelWorkload requested) =>
        requested.Pacing.Batch(requested.Size) > before.Pacing.Batch(requested.Size)
        || (before.Pacing.IsTimed && !requested.Pacing.IsTimed);

    /// <summary>To a completed revision, on no more pods than it completed on.</summary>
    private bool IsRollback(ModelWorkload before, ModelWorkload requested) =>
        requested.Image != before.Image && world.CompletedOn(requested, requested.Image) >= requested.Size;

    private string? Refusal(string pool, ModelWorkload? before, ModelWorkload requested)
    {
        var others = Members(pool, With(requested)).Where(m => m.Name != requested.Name).ToList();
        var was = before is null ? others : Members(pool, world.Running);
        var steps = Math.Max(world.Latched(requested.Image, pool), world.PodsAreOld ? HeldByPods(requested.Image, pool, was) : 0);
        var (own, staying, batch, raises) = Exposes(pool, before, requested, steps);
        int UnprovenAfter(ModelWorkload workload) => workload.Name == requested.Name ? own + staying : CountedOf(workload, pool);
        int UnprovenBefore(ModelWorkload workload) => CountedOf(workload, pool);

        List<ModelWorkload> will = [.. others, requested];
        var (unproven, unprovenBefore) = (will.Sum(UnprovenAfter), was.Sum(UnprovenBefore));
        var (total, totalBefore) = (Total(pool, will, UnprovenAfter), TotalNow(pool, was));
        var provenBefore = ProvenPods(pool, was, UnprovenBefore);
        var served = Math.Max(provenBefore, world.Served(pool));
        var noneLeft = ProvenPods(pool, will, UnprovenAfter) <= 0;
        if (noneLeft && served == 0)
        {
            return null;
        }

        total = noneLeft ? Math.Max(total, served) : total;
        // Scaling the only serving revision is no more exposure.
        var isSizeAlone = before is { IsRollingOut: false, Size: > 0 } && before.Image == requested.Image;
        if (isSizeAlone && (long)unproven * totalBefore <= (long)unprovenBefore * total)
        {
            return null;
        }

        var cap = steps == world.Steps.Count ? total : Math.Max(1, total * world.Steps[steps] / 100);
        var leavesNone =
            before is { Size: > 0 }
            && before.Image != requested.Image
            && raises
            && batch == 0
            && noneLeft
            && provenBefore > 0
            && steps < world.Steps.Count;
        return (raises && unproven > Math.Max(cap, batch)) || leavesNone
            ? $"{unproven} of {total} in {pool}, {steps} steps held, cap {cap}, batch {batch}"
            : null;
    }

    /// <summary>
    /// The effect of a request on its own workload: pods of the requested revision, remaining pods of other unproven ones, its conforming
    /// batch.
    /// </summary>
    private (int Own, int Staying, int Batch, bool Raises) Exposes(string pool, ModelWorkload? before, ModelWorkload requested, int steps)
    {
        var inPlace = before is { Size: > 0 } && before.Image != requested.Image;
        var left = before is null
            ? 0
            : Scaled(before, requested).Pods.Where(p => p.Key != requested.Image && !world.IsProven(p.Key, pool)).Sum(p => p.Value);
        if (world.IsProven(requested.Image, pool))
        {
            // Unproven pods that still run are being replaced.
            return (0, before is null || before.Image != requested.Image ? 0 : Math.Min(left, requested.Size), 0, false);
        }

        var (own, batch, raises) =
            before is null or { Size: 0 } ? (requested.Size, 0, requested.Size > 0)
            : !inPlace && !before.IsRollingOut ? (requested.Size, 0, requested.Size > before.Size)
            : requested.IsPartitioned ? PartitionedExposure(before, requested, inPlace)
            : !Conforms(requested, steps) ? (requested.Size, 0, requested.Size > before.Runs(requested.Image))
            : PacedExposure(before, requested, inPlace);
        return (own, Math.Min(left, requested.Size - own), batch, raises);
    }

    private static (int Own, int Batch, bool Raises) PartitionedExposure(ModelWorkload before, ModelWorkload requested, bool inPlace)
    {
        var own = Math.Max(0, requested.Size - requested.Partition);
        var wasEvaluated = !inPlace && before.IsPartitioned && !IsFaster(before, requested);
        return (own, 0, own > (wasEvaluated ? Math.Max(0, before.Size - before.Partition) : before.Runs(requested.Image)));
    }

    /// <summary>
    /// A batch, or the added replicas if they are more: a StatefulSet creates all of them at the newest revision, a Deployment its share.
    /// </summary>
    private static (int Own, int Batch, bool Raises) PacedExposure(ModelWorkload before, ModelWorkload requested, bool inPlace)
    {
        var batch = Math.Min(requested.Size, requested.Pacing.Batch(requested.Size));
        var (runs, live) = (before.Runs(requested.Image), before.Pods.Values.Sum());
        var added =
            requested.Kind == "StatefulSet" ? batch + Math.Max(0, requested.Size - before.Size)
            : inPlace || requested.Size <= before.Size ? 0
            : ((requested.Size * runs) + live - 1) / live - runs;
        var own = Math.Min(requested.Size, Math.Max(batch, added));
        return (own, batch, own > 0);
    }

    private bool Conforms(ModelWorkload workload, int steps)
    {
        var percent = Math.Max(world.Percent, steps == world.Steps.Count ? 100 : world.Steps[steps]);
        return workload.Pacing.IsTimed
            && (
                workload.Pacing.Batch(workload.Size) <= Math.Max(1, workload.Size * percent / 100)
                || (workload.Pacing.IsPercent && workload.Pacing.AtOnce <= percent)
            );
    }

    private int CountedOf(ModelWorkload workload, string pool) => UnprovenOf(workload, pool).Sum(u => u.Pods);

    /// <summary>
    /// For a workload outside the request: its running pods, and those that its rollout will add without a request. The newest first.
    /// </summary>
    private IEnumerable<(int Image, int Pods)> UnprovenOf(ModelWorkload workload, string pool)
    {
        var room = workload.Size;
        foreach (
            var image in workload.Pods.Keys.Where(k => k != workload.Image).Prepend(workload.Image).Where(i => !world.IsProven(i, pool))
        )
        {
            var planned =
                !workload.IsRollingOut ? workload.Size
                : workload.IsPaused ? 0
                : workload.IsPartitioned ? workload.Size - workload.Partition
                : Conforms(workload, world.Latched(image, pool)) ? workload.Pacing.Batch(workload.Size)
                : workload.Size;
            var pods = Math.Min(room, image == workload.Image ? Math.Max(workload.Runs(image), planned) : workload.Runs(image));
            room -= pods;
            yield return (image, pods);
        }
    }

    private IReadOnlyCollection<ModelWorkload> With(ModelWorkload requested) =>
        [.. world.Running.Where(m => m.Name != requested.Name), requested];

    private static List<ModelWorkload> Members(string pool, IReadOnlyCollection<ModelWorkload> all) =>
        [.. all.Where(m => PoolsOf(m, all).Contains(pool))];

    /// <summary>A workload that is in a pool by its claim alone adds only its unproven pods.</summary>
    private static int Total(string pool, List<ModelWorkload> members, Func<ModelWorkload, int> unproven) =>
        members.Sum(m => IsOwn(pool, m) ? m.Size : unproven(m));

    /// <summary>If no proven pod is left, at least as many as there were recently.</summary>
    private int TotalNow(string pool, List<ModelWorkload> members)
    {
        var total = Total(pool, members, m => CountedOf(m, pool));
        return ProvenPods(pool, members, m => CountedOf(m, pool)) > 0 ? total : Math.Max(total, world.Served(pool));
    }

    private static int ProvenPods(string pool, List<ModelWorkload> members, Func<ModelWorkload, int> unproven) =>
        members.Where(m => IsOwn(pool, m)).Sum(m => m.Size - unproven(m));

    private static bool IsOwn(string pool, ModelWorkload workload) =>
        pool == workload.OwnPool || workload.Services.Any(s => pool == $"Service {s}");

    /// <summary>Behind a Service only the selected workloads; in an own pool, all.</summary>
    private static bool Reaches(string pool, ModelWorkload workload) =>
        IsOwn(pool, workload) || !pool.StartsWith("Service ", StringComparison.Ordinal);
}

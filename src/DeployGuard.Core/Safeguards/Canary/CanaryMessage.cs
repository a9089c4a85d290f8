using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>Describes a pool after the request, for the requester.</summary>
internal static class CanaryMessage
{
    /// <summary><c>6 of 26 pods (23%) behind Service web would be unproven; step 5% allows 1; 1s of soak left</c>.</summary>
    public static string Of(PoolAssessment pool, Inspection inspection)
    {
        var (request, now) = (inspection.Evaluated.Request, inspection.Now);
        var atOnce = pool.InPlace is { Faults.Count: > 0 } bound ? $", {bound.Batch} at once" : "";
        var others = pool.Revisions.Where(r => r.Workload != request.Target).ToList();
        var whose =
            others.Count == 0 || request is ServiceRequest && pool.Revisions.Count == 1
                ? ""
                : $". Unproven: {string.Join(", ", pool.Revisions.Select(Show))}";
        var replaced = pool.Replaced is { } replacedPods ? Replaced(replacedPods, now) : "";
        var stale = inspection.Cluster.Namespace?.Stale is { } why ? $". Evaluated with older data, because {why}" : "";
        if (pool.UnknownExposure is { } unknown)
        {
            return $"{unknown.Message}{stale}";
        }

        return $"{Share(pool)} would be unproven{atOnce}; step {pool.Share}% allows {pool.Cap}{Waiting(pool)}{whose}{replaced}{stale}";
    }

    /// <summary><c>6 of 26 pods (23%) behind Service web</c>.</summary>
    public static string Share(PoolAssessment pool) =>
        $"{pool.Unproven} of {pool.Total} {(pool.Total == 1 ? "pod" : "pods")} ({Percent(pool.Unproven, pool.Total)}%) "
        + $"{pool.Pool.Where}{(IsOneOfMany(pool) ? $" port {pool.Port}" : "")}{(pool.Node.Length > 0 ? $" for users of {pool.Node}" : "")}";

    private static bool IsOneOfMany(PoolAssessment pool) => pool.Port.Length > 0 && pool.Pool.Service is { Ports.Count: > 1 };

    public static int Percent(int part, int whole) => whole == 0 ? 0 : (int)((long)part * 100 / whole);

    private static string Waiting(PoolAssessment pool)
    {
        var (wait, left) = (pool.Held.Wait, pool.Held.Left);
        IEnumerable<string> missing = [wait, left is { } soak ? $"{Durations.Show(soak)} of soak left" : ""];
        var text = string.Join(", ", missing.Where(m => m.Length > 0));
        // A rollout in place waits for no step: it follows its pace.
        return pool.InPlace is not null || text.Length == 0 ? "" : $"; {text}";
    }

    /// <summary>Nothing if the pool's present pods are what is replaced: the share says that already.</summary>
    private static string Replaced(ReplacedPods pods, DateTimeOffset now) =>
        pods.Most <= pods.Now ? ""
        : pods.At == now ? $". They would replace {Proven(pods.Most)}"
        : pods.Now == 0 && pods.LastAt > pods.At
            ? $". Up to {Proven(pods.Most)} served until {Durations.Show(now - pods.LastAt)} ago, and none does now"
        : pods.Now == 0 ? $". {Proven(pods.Most)} served {Durations.Show(now - pods.At)} ago, and none does now"
        : $". They would replace {Proven(pods.Now)}; {pods.Most} served {Durations.Show(now - pods.At)} ago";

    private static string Proven(int pods) => $"{pods} proven {(pods == 1 ? "pod" : "pods")}";

    private static string Show(UnprovenPods some) =>
        $"{some.Pods} of {some.Workload.KubectlName} ({RevisionKey.Show(some.TemplateHash, some.Images)})";
}

using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Exposure;

/// <summary>How one revision of one workload stands in one pool, under one policy.</summary>
public sealed record PoolStanding
{
    public required string Policy { get; init; }

    /// <summary><see cref="Exposure.Pool.Name"/>.</summary>
    public required string Pool { get; init; }

    /// <summary><see cref="Service.SelectorText"/> of its Service; empty where there is none.</summary>
    public string Selector { get; init; } = "";

    /// <summary>Addresses of its Service, separated by commas.</summary>
    public string Addresses { get; init; } = "";

    public required WorkloadRef Workload { get; init; }

    /// <summary>The pool's users reach its pods. They do not reach a workload that only names itself a canary of a member.</summary>
    public bool IsReached { get; init; } = true;

    /// <summary>Desired pods of the workload.</summary>
    public int Size { get; init; }

    /// <summary>It is the revision of the workload's current spec.</summary>
    public bool IsCurrent { get; init; } = true;

    public required string TemplateHash { get; init; }

    public required IReadOnlyList<string> Images { get; init; }

    /// <summary>Name of the ReplicaSet or ControllerRevision that holds it; null where there is none.</summary>
    public required string? Owned { get; init; }

    /// <summary>Pods of the workload that run it.</summary>
    public required int Pods { get; init; }

    /// <summary>It is proven, or the policy requires no canary of it.</summary>
    public required bool IsProven { get; init; }

    /// <summary>Its pods can hold steps for this pool's users.</summary>
    public required bool IsProving { get; init; }

    /// <summary>Pods of all unproven revisions of the pool, with those that their rollouts in progress will add.</summary>
    public required int Unproven { get; init; }

    /// <summary>Desired pods of the pool now.</summary>
    public int Desired { get; init; }

    /// <summary>
    /// What steps are shares of: desired pods of the pool; if no proven pod is left, at least as many as there were within
    /// <c>coldAfter</c>.
    /// </summary>
    public required int Total { get; init; }

    public required CanaryRules Rules { get; init; }

    internal StepProgress Held { get; init; } = new(0, "", null);

    /// <summary>The highest step that it has held, in percent; 0 for none.</summary>
    public int HeldPercent => Held.Steps == 0 ? 0 : Rules.Steps[Held.Steps - 1];

    public bool HoldsAllSteps => Held.Steps == Rules.Steps.Count;

    /// <summary>Percent of the pool that it may reach now.</summary>
    public int Share => Rules.ShareAfter(Held.Steps);

    /// <summary>Percent that the next step allows.</summary>
    public int NextShare => Rules.ShareAfter(Held.Steps + 1);

    /// <summary>The revision, short enough for a table: <c>web@sha256:27dd8ed4</c>.</summary>
    public string ShortName => RevisionKey.Show(TemplateHash, Images);

    /// <summary>The condition of the next step, as text; empty if it is time alone.</summary>
    public string Wait => Held.Wait;

    /// <summary>How long the soak still lasts; null if more than time is missing.</summary>
    public TimeSpan? Left => Held.Left;

    /// <summary>How every pool of a namespace stands under every policy.</summary>
    /// <param name="cluster">Policies, and the labels of the namespace.</param>
    /// <param name="snapshot">With the pods of unproven revisions, as far as they are known.</param>
    public static IReadOnlyList<PoolStanding> Of(NamespaceSnapshot snapshot, ClusterSnapshot cluster, DateTimeOffset now) =>
        [
            .. cluster
                .Policies.Where(p => p.Active.Contains(now) && p.Match.IncludesNamespace(cluster.NamespaceLabels))
                .SelectMany(p => ExposureEvaluator.Standings(snapshot, p, cluster, now)),
        ];
}

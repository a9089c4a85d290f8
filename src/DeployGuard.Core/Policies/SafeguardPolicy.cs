using DeployGuard.Core.Provenance;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Policies;

public enum Mode
{
    Enforce,
    Warn,
    Audit,
}

public enum DryRunAnswer
{
    Warn,
    Refuse,
}

public enum Pin
{
    Digest,
    Any,
}

public enum Unreadable
{
    Warn,
    Refuse,
}

/// <summary>Which origins a safeguard applies to.</summary>
public enum Required
{
    Never,
    AiAssisted,
    Always,
}

public enum Separation
{
    Strict,
    BestEffort,
}

/// <summary>What an approval must name: the whole template, or each image that is new.</summary>
public enum ApprovalCovers
{
    Template,
    Images,
}

public enum CanaryCovers
{
    Images,
    Template,
}

/// <summary>How a revision may hold a canary step: a share of the pods.</summary>
public enum RolloutMethod
{
    /// <summary>In a second workload behind the same Service.</summary>
    Pool,

    /// <summary>In place, in batches that conform to the pace.</summary>
    Pace,

    /// <summary>In the pods of a StatefulSet whose ordinals are at or above the partition.</summary>
    StatefulSetPartition,
}

/// <summary>Where a budget counts rollouts.</summary>
public enum BudgetScope
{
    Namespace,
    Cluster,
}

/// <summary>One SafeguardPolicy object, read and validated by <see cref="PolicyReader"/>. An absent block is off.</summary>
public sealed record SafeguardPolicy
{
    public required string Name { get; init; }

    public Mode Mode { get; init; } = Mode.Enforce;

    public DryRunAnswer DryRun { get; init; } = DryRunAnswer.Warn;

    public PolicyMatch Match { get; init; } = new();

    public Window Active { get; init; } = new();

    public ImageRules? Images { get; init; }

    /// <summary>
    /// Whether templates with images that cannot be read are refused: where images are approved, such an image could not be approved.
    /// </summary>
    public bool RefusesUnreadable =>
        Images is { } rules
        && (rules.Unreadable ?? (Approval is { Covers: ApprovalCovers.Images } ? Unreadable.Refuse : Unreadable.Warn)) is Unreadable.Refuse;

    /// <summary>Every image of a template, with those of annotations that only this policy lists.</summary>
    public IReadOnlyList<ImageUse> ImagesOf(PodTemplate template) => template.ImagesWith(Images?.Injections ?? InjectionTable.None);

    /// <summary>What an unknown origin counts as; never <see cref="OriginKind.Unknown"/>.</summary>
    public OriginKind UnknownOrigin { get; init; } = OriginKind.AiAssisted;

    /// <summary>The signed evidence that it trusts; null if it trusts none, and then no registry is asked.</summary>
    public SignedOrigin? SignedOrigin { get; init; }

    /// <summary>Whether a block that is required for some origins is required for this one.</summary>
    public bool IsRequired(Required required, OriginKind origin) =>
        required switch
        {
            Required.Never => false,
            Required.Always => true,
            Required.AiAssisted => (origin is OriginKind.Unknown ? UnknownOrigin : origin) is OriginKind.AiAssisted,
            _ => throw new InvalidOperationException($"unknown requirement {required}"),
        };

    public ApprovalRules? Approval { get; init; }

    /// <summary>Whether it can refuse a change for want of an approval at a time.</summary>
    public bool EnforcesApproval(DateTimeOffset at) => Approval is not null && Enforces(at);

    /// <summary>Whether it can refuse a change at a time. What a Warn or Audit policy counts stops nothing.</summary>
    public bool Enforces(DateTimeOffset at) => Mode is Mode.Enforce && Active.Contains(at);

    public CanaryRules? Canary { get; init; }

    public BudgetRules? Budget { get; init; }

    public FreezeRules? Freeze { get; init; }

    public Exemption Exempt { get; init; } = Exemption.Nobody;

    /// <summary>
    /// The errors of the stored object. An Enforce policy with errors refuses new revisions where it matches: its author may have required
    /// more than could be read.
    /// </summary>
    public IReadOnlyList<string> Errors { get; init; } = [];
}

public sealed record PolicyMatch
{
    public LabelSelector Namespaces { get; init; } = LabelSelector.Everything;

    public LabelSelector Workloads { get; init; } = LabelSelector.Everything;

    /// <summary>Kinds as an object spells them; empty for every known kind.</summary>
    public IReadOnlyList<string> Kinds { get; init; } = [];

    /// <summary>Whether it selects by nothing, and so matches every workload.</summary>
    public bool IsEverything => Namespaces.Requirements.Count == 0 && Workloads.Requirements.Count == 0 && Kinds.Count == 0;

    /// <summary>Whether the policy applies in a namespace with these labels; null for unknown labels, which always match.</summary>
    public bool IncludesNamespace(IReadOnlyDictionary<string, string>? labels) => labels is null || Namespaces.Matches(labels);

    public bool IncludesKind(string kind) => Kinds.Count == 0 || Kinds.Contains(kind);

    /// <summary>Whether the policy applies to a workload with these labels.</summary>
    public bool IncludesLabels(IReadOnlyDictionary<string, string> labels) => Workloads.Matches(labels);

    /// <summary>Whether the policy applies to a workload, by its kind and labels.</summary>
    public bool Includes(Workload workload) => IncludesKind(workload.Ref.Kind) && IncludesLabels(workload.Labels);
}

/// <summary>From inclusive, until exclusive; null for no limit.</summary>
public sealed record Window(DateTimeOffset? From = null, DateTimeOffset? Until = null)
{
    public bool Contains(DateTimeOffset now) => (From is null || now >= From) && (Until is null || now < Until);
}

public sealed record ImageRules(Pin Pin)
{
    /// <summary>Annotations from which injectors take images, in addition to the known ones.</summary>
    public InjectionTable Injections { get; init; } = InjectionTable.None;

    /// <summary>
    /// The answer to a template to which an injector adds images that cannot be read in it; null if the policy does not set it.
    /// </summary>
    public Unreadable? Unreadable { get; init; }
}

public sealed record ApprovalRules
{
    public Required Required { get; init; } = Required.AiAssisted;

    public ApprovalCovers Covers { get; init; } = ApprovalCovers.Template;

    public Separation Separation { get; init; } = Separation.Strict;

    /// <summary>Usernames of machines whose Reject counts.</summary>
    public IReadOnlyList<string> Monitors { get; init; } = [];

    /// <summary>Usernames that can never approve, besides all machines.</summary>
    public IReadOnlyList<string> Bots { get; init; } = [];

    public required IReadOnlyList<QuorumLine> Quorum { get; init; }

    /// <summary>Whether one person is enough.</summary>
    public bool HasOneSeat => Quorum is [{ Count: 1 }];

    public TimeSpan MaxAge { get; init; } = TimeSpan.FromHours(72);

    /// <summary>The names of the people whose approvals count, from the block <c>identities</c> of the policy.</summary>
    public KnownPeople Identities { get; init; } = KnownPeople.None;
}

/// <summary><paramref name="Count"/> distinct people who belong to any of <paramref name="Groups"/>.</summary>
public sealed record QuorumLine(IReadOnlyList<string> Groups, int Count);

public sealed record CanaryRules
{
    public Required Required { get; init; } = Required.AiAssisted;

    public CanaryCovers Covers { get; init; } = CanaryCovers.Images;

    /// <summary>Rising percentages, each 1 to 99, at most <see cref="MaxSteps"/>.</summary>
    public required IReadOnlyList<int> Steps { get; init; }

    /// <summary>How long a step must be held.</summary>
    public TimeSpan Soak { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The rollout methods by which a step may be held; exposure always counts.</summary>
    public IReadOnlyList<RolloutMethod> Accept { get; init; } = Enum.GetValues<RolloutMethod>();

    /// <summary>How long after its last proven pod a pool becomes cold.</summary>
    public TimeSpan ColdAfter { get; init; } = TimeSpan.FromHours(1);

    public PaceRules Pace { get; init; } = PaceRules.Default;

    public const int MaxSteps = 16;

    /// <summary>Whether it accepts a method by which a workload of this kind can prove its own revisions.</summary>
    public bool CanProve(WorkloadKind kind) =>
        (kind.InPlace is not null && Accept.Contains(RolloutMethod.Pace))
        || (kind.HasPartition && Accept.Contains(RolloutMethod.StatefulSetPartition));

    /// <summary>
    /// Whether it accepts a method by which another workload can prove a revision of this one. One that replaces no pods in place has no
    /// pace of its own, but its images may run in a workload that has.
    /// </summary>
    public bool CanProveElsewhere(WorkloadKind kind) =>
        Covers is CanaryCovers.Images
        && (Accept.Contains(RolloutMethod.Pool) || (kind.InPlace is null && Accept.Contains(RolloutMethod.Pace)));

    /// <summary>Percent of the pool that unproven revisions may run on after so many held steps; 100 after the last.</summary>
    public int ShareAfter(int steps) => steps < Steps.Count ? Steps[steps] : 100;
}

/// <summary>
/// The bound for a rollout in place: at most <paramref name="Percent"/> of the pods at once, each ready for <paramref name="MinReady"/>.
/// </summary>
public sealed record PaceRules(int Percent, TimeSpan MinReady)
{
    public static readonly PaceRules Default = new(25, TimeSpan.FromMinutes(1));
}

/// <summary>
/// At most <paramref name="MaxRollouts"/> rollouts in flight; one that hangs loses its place after <paramref name="HangAfter"/>.
/// </summary>
public sealed record BudgetRules(int MaxRollouts, BudgetScope Per, TimeSpan HangAfter);

/// <summary>No new revisions while the policy is active.</summary>
/// <param name="Message">The reason, as the policy's author wrote it.</param>
/// <param name="Announce">How long before it new revisions get a warning.</param>
public sealed record FreezeRules(string Message, TimeSpan Announce);

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

/// <summary>One SafeguardPolicy object, read and validated by <see cref="PolicyReader"/>. An absent block is off.</summary>
public sealed record SafeguardPolicy
{
    public required string Name { get; init; }

    public Mode Mode { get; init; } = Mode.Enforce;

    public DryRunAnswer DryRun { get; init; } = DryRunAnswer.Warn;

    public PolicyMatch Match { get; init; } = new();

    public Window Active { get; init; } = new();

    public ImageRules? Images { get; init; }

    /// <summary>What an unknown origin counts as; never <see cref="OriginKind.Unknown"/>.</summary>
    public Origins.OriginKind UnknownOrigin { get; init; } = Origins.OriginKind.AiAssisted;

    public ApprovalRules? Approval { get; init; }

    public CanaryRules? Canary { get; init; }

    public Exemption Exempt { get; init; } = Exemption.Nobody;

    /// <summary>
    /// What is wrong with the stored object, if anything. A policy in Enforce that cannot be read refuses new revisions
    /// where it matches, rather than guarding less than its author wrote.
    /// </summary>
    public IReadOnlyList<string> Errors { get; init; } = [];
}

public sealed record PolicyMatch
{
    public LabelSelector Namespaces { get; init; } = LabelSelector.Everything;

    public LabelSelector Workloads { get; init; } = LabelSelector.Everything;

    /// <summary>Kinds as an object spells them; empty for every known kind.</summary>
    public IReadOnlyList<string> Kinds { get; init; } = [];
}

/// <summary>From inclusive, until exclusive; null for no limit.</summary>
public sealed record Window(DateTimeOffset? From = null, DateTimeOffset? Until = null)
{
    public bool Contains(DateTimeOffset now) => (From is null || now >= From) && (Until is null || now < Until);
}

public sealed record ImageRules(Pin Pin);

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

    public TimeSpan MaxAge { get; init; } = TimeSpan.FromHours(72);
}

/// <summary><paramref name="Count"/> distinct people who belong to any of <paramref name="Groups"/>.</summary>
public sealed record QuorumLine(IReadOnlyList<string> Groups, int Count);

public sealed record CanaryRules
{
    public Required Required { get; init; } = Required.AiAssisted;

    public CanaryCovers Covers { get; init; } = CanaryCovers.Images;

    /// <summary>Rising percentages, each 1 to 99.</summary>
    public required IReadOnlyList<int> Steps { get; init; }

    public PaceRules Pace { get; init; } = PaceRules.Default;
}

/// <summary>The bound for a rollout in place: at most <paramref name="Percent"/> of the pods at once, each ready for <paramref name="MinReady"/>.</summary>
public sealed record PaceRules(int Percent, TimeSpan MinReady)
{
    public static readonly PaceRules Default = new(25, TimeSpan.FromMinutes(1));
}

using DeployGuard.Core.Provenance;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Changes;

/// <summary>What the Change object on record says about one revision of one workload, as far as decisions rest on it.</summary>
public sealed record Change
{
    public required string Name { get; init; }

    public required WorkloadRef Workload { get; init; }

    /// <summary><c>v2:</c> and 64 hex digits; <c>v1:</c> where nothing live says what that stands for.</summary>
    public required string TemplateHash { get; init; }

    /// <summary>The <c>v1:</c> hash that it was made under; null where it was made under the other one.</summary>
    public string? LegacyHash { get; init; }

    /// <summary>Whether this is the record of a template under either version of its hash.</summary>
    public bool IsNamed(string? hash) => hash is not null && (hash == TemplateHash || hash == LegacyHash);

    /// <summary>Image references as the revision names them.</summary>
    public IReadOnlyList<string> Images { get; init; } = [];

    /// <summary>Those among them that only a policy knows of, by an annotation that it names.</summary>
    public IReadOnlyList<string> PolicyImages { get; init; } = [];

    /// <summary>What the revision and its pods are compared by: pods are read without policies.</summary>
    public IReadOnlyList<string> PodImages => PolicyImages.Count == 0 ? Images : [.. Images.Where(i => !PolicyImages.Contains(i))];

    public required Phase Phase { get; init; }

    /// <summary>Everything ever claimed about how the revision was made; it only accumulates.</summary>
    public IReadOnlyList<Evidence> Evidence { get; init; } = [];

    /// <summary>The conclusion when the revision was last asked for.</summary>
    public OriginKind Origin { get; init; }

    /// <summary>Usernames of everybody who asked for this revision, in the order in which they first did.</summary>
    public IReadOnlyList<string> Requesters { get; init; } = [];

    /// <summary>
    /// What counts of the claims for somebody: their own, and those of whoever brought the revision. Those of others who asked for the same later count for
    /// these alone, or anybody could name every approver as an author of somebody else's change.
    /// </summary>
    public IEnumerable<Evidence> EvidenceFor(IEnumerable<string> who) =>
        Evidence.Where(e => !e.IsCarried && (e.By is null || (Requesters.Count > 0 && e.By == Requesters[0]) || who.Contains(e.By)));

    /// <summary>Name of the ReplicaSet or ControllerRevision that held this revision when it was seen running; null before. For people: a name proves nothing.</summary>
    public string? OwnedRevision { get; init; }

    /// <summary>Its uid; null where it was not noted.</summary>
    public string? OwnedUid { get; init; }

    /// <summary>The hash of its template when that was last known to be what was let in; null where it was not noted.</summary>
    public string? OwnedHash { get; init; }

    /// <summary>The version of the API server under which that hash was noted; null where it was not.</summary>
    public string? OwnedServer { get; init; }

    /// <summary>
    /// A live object is the one that held this revision, and holds it still: the same uid, with the hash that it had. A server upgrade adds defaults, and the
    /// leader notes the hash that comes of it.
    /// </summary>
    public bool HasHeld(string? uid, string templateHash) => OwnedUid is not null && OwnedUid == uid && OwnedHash == templateHash;

    /// <summary>When it came to its phase.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>When it was last asked for; the minimum where nobody did: what was adopted.</summary>
    public DateTimeOffset LastAskedAt { get; init; }

    /// <summary>When it was first asked for; the minimum where nobody did.</summary>
    public DateTimeOffset FirstAskedAt { get; init; }

    /// <summary>Since when all its pods are available without a break; null while they are not.</summary>
    public DateTimeOffset? AvailableSince { get; init; }

    /// <summary>The record remembers that it was let in, whatever its phase is now.</summary>
    public bool RemembersAdmission { get; init; }

    /// <summary>
    /// When it was last asked for something was missing. Also true of what completed long ago, if the workload was deleted and is to be
    /// made anew.
    /// </summary>
    public bool Waits { get; init; }

    /// <summary>It was let in once, whatever became of it.</summary>
    public bool WasAdmitted => RemembersAdmission || Phase is Phase.Admitted or Phase.Running or Phase.Completed or Phase.Proven;

    /// <summary>Each time that it was let in by a BreakGlass.</summary>
    public IReadOnlyList<BreakGlassUse> BreakGlassUses { get; init; } = [];

    /// <summary>Names of the policies that matched when it was last asked for; none where nobody asked.</summary>
    public IReadOnlyList<string> Policies { get; init; } = [];

    /// <summary>The canary steps that it was seen to hold, by policy and pool.</summary>
    public IReadOnlyList<CompletedStep> CompletedSteps { get; init; } = [];

    /// <summary>How it stood in its pools when the leader last looked, while it had not proven itself.</summary>
    public IReadOnlyList<RecordedExposure> Exposure { get; init; } = [];

    /// <summary>Whom it served once it had completed.</summary>
    public IReadOnlyList<ServedPool> Served { get; init; } = [];

    /// <summary>Addresses that Services of its pools gave up.</summary>
    public IReadOnlyList<GivenUpAddresses> GivenUp { get; init; } = [];

    /// <summary>The most pods on which it was seen complete; 0 where nobody counted.</summary>
    public int CompletedPods { get; init; }

    /// <summary>It ran when DeployGuard arrived, or stands in for records that were lost.</summary>
    public bool Adopted { get; init; }

    /// <summary>A BreakGlass was used for it, and nobody else has looked at it since.</summary>
    public bool IsUnreviewed => BreakGlassUses.Any(u => u.ReviewedBy is null);

    /// <summary>It ran because of a BreakGlass, and nobody else has looked at it since.</summary>
    public bool CameInUnreviewed => BreakGlassUses.Any(u => u.LetIn && u.ReviewedBy is null);

    /// <summary>
    /// The revision ran on all desired pods once, or was there before DeployGuard. What came in by break-glass counts only after
    /// its review, or break-glass and a rollback would launder it.
    /// </summary>
    public bool HasCompleted => (Phase is Phase.Completed or Phase.Proven) && !CameInUnreviewed;
}

/// <summary>A revision that the API server still holds on behalf of a workload: an owned ReplicaSet or ControllerRevision.</summary>
/// <param name="Uid">Of that object: another one may be given its name.</param>
public sealed record OwnedRevision(string Name, string TemplateHash, string Uid = "")
{
    /// <summary>What version 0.2 named its template by; empty where that is not known.</summary>
    public string LegacyHash { get; init; } = "";

    /// <summary>Its restart annotations, where its pods read them.</summary>
    public IReadOnlyDictionary<string, string> RestartTimes { get; init; } = Maps.Empty;

    /// <summary>What its object says of its origin, by key and value: kubectl copies it into what is undone.</summary>
    public IReadOnlyList<(string Key, string Value)> Claims { get; init; } = [];
}

/// <summary>How an unproven revision stands in one pool, as the Change tells it.</summary>
/// <param name="Step">Percent of the pool that it may reach.</param>
/// <param name="Pods">Pods of the workload that run it.</param>
/// <param name="Unproven">Pods of all unproven revisions of the pool.</param>
/// <param name="Total">Desired pods of the pool.</param>
/// <param name="Waits">What the next step waits for, other than time; empty where that is all.</param>
/// <param name="SoakEndsAt">Null where it is not a matter of time.</param>
public sealed record RecordedExposure(string Policy, string Pool, int Step, int Pods, int Unproven, int Total, string Waits, DateTimeOffset? SoakEndsAt)
{
    private static readonly TimeSpan s_jitter = TimeSpan.FromSeconds(5);

    /// <summary>The same but for what is only measured anew.</summary>
    public bool IsAbout(RecordedExposure other) =>
        this with { SoakEndsAt = null, Waits = "" } == other with { SoakEndsAt = null, Waits = "" }
        && (Waits.Length == 0) == (other.Waits.Length == 0)
        && (SoakEndsAt, other.SoakEndsAt) switch
        {
            (null, null) => true,
            ({ } a, { } b) => (a - b).Duration() < s_jitter,
            _ => false,
        };
}

/// <summary>One use of a BreakGlass, as the Change keeps it.</summary>
/// <param name="ReviewedBy">The person who approved the revision afterwards; null until somebody did.</param>
/// <param name="LetIn">It let in a revision that had not completed; else one that had been let in reached further, or came back.</param>
public sealed record BreakGlassUse(string Name, string By, DateTimeOffset At, string? ReviewedBy, bool LetIn = true);

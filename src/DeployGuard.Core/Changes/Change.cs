using DeployGuard.Core.Approvals;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Changes;

/// <summary>A Change object: the record of one revision of one workload, with the fields that decisions use.</summary>
public sealed record Change
{
    public required string Name { get; init; }

    /// <summary>Of the Change object; empty if it was not read from a server.</summary>
    public string Uid { get; init; } = "";

    public required WorkloadRef Workload { get; init; }

    /// <summary><c>v2:</c> and 64 hex digits; <c>v1:</c> if no live object shows the current hash of that template.</summary>
    public required string TemplateHash { get; init; }

    /// <summary>The <c>v1:</c> hash that it was created with; null if it was created with a <c>v2:</c> hash.</summary>
    public string? LegacyHash { get; init; }

    /// <summary>Whether this is the record of a template under either version of its hash.</summary>
    public bool HasHash(string? hash) => hash is not null && (hash == TemplateHash || hash == LegacyHash);

    /// <summary>Image references as the revision names them.</summary>
    public IReadOnlyList<string> Images { get; init; } = [];

    /// <summary>The images among them that come from an annotation that only a policy lists.</summary>
    public IReadOnlyList<string> PolicyImages { get; init; } = [];

    /// <summary>The images to compare with those of pods: pods are read without policies.</summary>
    public IReadOnlyList<string> PodImages => PolicyImages.Count == 0 ? Images : [.. Images.Where(i => !PolicyImages.Contains(i))];

    public required Phase Phase { get; init; }

    /// <summary>All claims about the origin of the revision; they only accumulate.</summary>
    public IReadOnlyList<Evidence> Evidence { get; init; } = [];

    /// <summary>The commits of its images, as far as statements proved them.</summary>
    public IReadOnlyList<ProvenCommit> ProvenCommits { get; init; } = [];

    /// <summary>What signed evidence said of it at its last request, by policy.</summary>
    public IReadOnlyList<SignedBacking> Backing { get; init; } = [];

    /// <summary>The origin at the last request for the revision.</summary>
    public OriginKind Origin { get; init; }

    /// <summary>User names of all requesters of this revision, in the order of their first requests.</summary>
    public IReadOnlyList<string> Requesters { get; init; } = [];

    /// <summary>How <c>kubectl get changes</c> names them; empty in a record that an older version wrote.</summary>
    public string RequesterColumn { get; init; } = "";

    /// <summary>
    /// The claims that count for some users: their own, and those of the first requester. Claims of later requesters count only for these
    /// themselves, or a user could name every approver as an author of another person's change.
    /// </summary>
    public IEnumerable<Evidence> EvidenceFor(IEnumerable<string> who) =>
        Evidence.Where(e => !e.IsCarried && (e.By is null || (Requesters.Count > 0 && e.By == Requesters[0]) || who.Contains(e.By)));

    /// <summary>
    /// Name of the ReplicaSet or ControllerRevision that held this revision when it ran; null before. For display: a name is no evidence.
    /// </summary>
    public string? OwnedRevision { get; init; }

    /// <summary>The uid of that object; null if it was not recorded.</summary>
    public string? OwnedUid { get; init; }

    /// <summary>The hash of its template when it was last known to be the admitted one; null if it was not recorded.</summary>
    public string? OwnedHash { get; init; }

    /// <summary>The version of the API server under which that hash was recorded; null if it was not.</summary>
    public string? OwnedServer { get; init; }

    /// <summary>
    /// Whether a live object is the one that held this revision, and still holds it: the same uid and the same hash. A server upgrade adds
    /// defaults; the leader then records the new hash.
    /// </summary>
    public bool IsOwnedRevision(string? uid, string templateHash) => OwnedUid is not null && OwnedUid == uid && OwnedHash == templateHash;

    /// <summary>When it entered its phase.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>Time of the last request of each requester.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset> LastRequests { get; init; } = new Dictionary<string, DateTimeOffset>();

    /// <summary>Time of the last request; the minimum for an adopted revision, which was never requested.</summary>
    public DateTimeOffset LastRequestedAt { get; init; }

    /// <summary>
    /// Time of the last rollback to this revision after its admission, or of the last request that exposed it further; the minimum if
    /// there was none. Who sent it is not a requester.
    /// </summary>
    public DateTimeOffset LastReturnedAt { get; init; }

    /// <summary>When it last mattered: to keep the newest.</summary>
    public DateTimeOffset LastUsedAt => new[] { LastRequestedAt, LastReturnedAt, Since }.Max();

    /// <summary>Time of the first request; the minimum if it was never requested.</summary>
    public DateTimeOffset FirstRequestedAt { get; init; }

    /// <summary>Since when all its pods are available without interruption; null while they are not.</summary>
    public DateTimeOffset? AvailableSince { get; init; }

    /// <summary>When it first ran on all desired pods; null if it never did.</summary>
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>Whether the record has the condition Admitted, whatever its phase is now.</summary>
    public bool HasAdmittedCondition { get; init; }

    /// <summary>
    /// At the last request, something was missing. Also true for a revision that completed long ago, if the workload was deleted and is
    /// requested again.
    /// </summary>
    public bool HasOpenRequirements => Missing.Length > 0;

    /// <summary>What it waits for, in short; empty if it waits for nothing.</summary>
    public string Missing { get; init; } = "";

    /// <summary>The findings for which the last request was refused.</summary>
    public IReadOnlyList<RecordedDenial> Denials { get; init; } = [];

    /// <summary>Hash of the template that its workload runs, while the Change awaits an answer; null if it is not on record.</summary>
    public string? RunsNow { get; init; }

    /// <summary>Whether its condition Approved is true.</summary>
    public bool IsApproved { get; init; }

    /// <summary>Whether its condition Admissible is true.</summary>
    public bool IsAdmissible { get; init; }

    /// <summary>Whether a condition is false because of a veto.</summary>
    public bool ShowsVeto { get; init; }

    /// <summary>The votes that it lists; they may be deleted since.</summary>
    public IReadOnlyList<RecordedVote> Votes { get; init; } = [];

    /// <summary>Whether it was ever admitted, whatever its phase is now.</summary>
    public bool WasAdmitted => HasAdmittedCondition || Phase is Phase.Admitted or Phase.Running or Phase.Completed or Phase.Proven;

    /// <summary>Each use of a BreakGlass for it.</summary>
    public IReadOnlyList<BreakGlassUse> BreakGlassUses { get; init; } = [];

    /// <summary>Names of the policies that matched the last request; none if it was never requested.</summary>
    public IReadOnlyList<string> Policies { get; init; } = [];

    /// <summary>The canary steps that it has held, by policy and pool.</summary>
    public IReadOnlyList<CompletedStep> CompletedSteps { get; init; } = [];

    /// <summary>Its share of its pools when the leader last observed them, while it was unproven.</summary>
    public IReadOnlyList<RecordedExposure> Exposure { get; init; } = [];

    /// <summary>The pools that it served after it had completed.</summary>
    public IReadOnlyList<ServedPool> Served { get; init; } = [];

    /// <summary>Addresses that Services of its pools no longer have.</summary>
    public IReadOnlyList<GivenUpAddresses> GivenUp { get; init; } = [];

    /// <summary>The most pods on which it was complete; 0 if they were not counted.</summary>
    public int CompletedPods { get; init; }

    /// <summary>It ran when DeployGuard was installed, or replaces records that were lost.</summary>
    public bool Adopted { get; init; }

    /// <summary>
    /// It replaces a record that was lost, and has not soaked since: it is unknown where it served, or whether it completed. The adoption
    /// records everything as proven.
    /// </summary>
    public bool IsRecovered => Adopted && Phase is Phase.Completed;

    /// <summary>A BreakGlass was used for it, and no other person has approved it since: a rejected one is never trusted again.</summary>
    public bool IsUnreviewed => BreakGlassUses.Any(u => !u.IsApproved);

    /// <summary>A BreakGlass was used for it, and its review is missing.</summary>
    public bool AwaitsReview => BreakGlassUses.Any(u => u.ReviewedBy is null);

    /// <summary>A BreakGlass admitted it, and no other person has reviewed it since.</summary>
    public bool WasAdmittedUnreviewed => BreakGlassUses.Any(u => u.AdmittedRevision && !u.IsApproved);

    /// <summary>
    /// Later changes may start from it: it was admitted, and nobody rejected it since, and no use of a BreakGlass for it awaits a review.
    /// What only a BreakGlass admitted, nobody has read.
    /// </summary>
    public bool IsBase => WasAdmitted && !IsUnreviewed && !ShowsVeto;

    /// <summary>
    /// The revision once ran on all desired pods, or ran before DeployGuard was installed. A revision admitted by break-glass counts only
    /// after its review, or a rollback to it would need no approval.
    /// </summary>
    public bool HasCompleted => (Phase is Phase.Completed or Phase.Proven) && !WasAdmittedUnreviewed;
}

/// <summary>A revision that the API server still holds on behalf of a workload: an owned ReplicaSet or ControllerRevision.</summary>
/// <param name="Uid">Of that object: another object may get its name.</param>
public sealed record OwnedRevision(string Name, string TemplateHash, string Uid = "")
{
    /// <summary>The <c>v1:</c> hash of its template, of version 0.2; empty if it is not known.</summary>
    public string LegacyHash { get; init; } = "";

    /// <summary>Its restart annotations, if its pods read them.</summary>
    public IReadOnlyDictionary<string, string> RestartTimes { get; init; } = Maps.Empty;

    /// <summary>The origin claims of its object, by key and value: <c>kubectl rollout undo</c> copies them into the workload.</summary>
    public IReadOnlyList<(string Key, string Value)> Claims { get; init; } = [];
}

/// <summary>The share that an unproven revision has of one pool, as recorded in the Change.</summary>
/// <param name="Step">Percent of the pool that it may reach.</param>
/// <param name="Pods">Pods of the workload that run it.</param>
/// <param name="Unproven">Pods of all unproven revisions of the pool.</param>
/// <param name="Total">Desired pods of the pool.</param>
/// <param name="WaitsFor">What the next step waits for, other than time; empty if it waits only for time.</param>
/// <param name="SoakEndsAt">Null if the next step does not wait for time.</param>
public sealed record RecordedExposure(
    string Policy,
    string Pool,
    int Step,
    int Pods,
    int Unproven,
    int Total,
    string WaitsFor,
    DateTimeOffset? SoakEndsAt
)
{
    private static readonly TimeSpan s_jitter = TimeSpan.FromSeconds(5);

    /// <summary>Whether both are equal except for differences of measurement, such as a few seconds of the soak.</summary>
    public bool IsAbout(RecordedExposure other) =>
        this with { SoakEndsAt = null, WaitsFor = "" } == other with { SoakEndsAt = null, WaitsFor = "" }
        && (WaitsFor.Length == 0) == (other.WaitsFor.Length == 0)
        && (SoakEndsAt, other.SoakEndsAt) switch
        {
            (null, null) => true,
            ({ } a, { } b) => (a - b).Duration() < s_jitter,
            _ => false,
        };
}

/// <summary>One use of a BreakGlass, as recorded in the Change.</summary>
/// <param name="ReviewedBy">The reviewer who approved or rejected the revision afterwards; null until then.</param>
/// <param name="AdmittedRevision">
/// It admitted a revision that had not completed. False if it admitted more exposure, or a rollback, of one admitted before.
/// </param>
public sealed record BreakGlassUse(string Name, string By, DateTimeOffset At, string? ReviewedBy, bool AdmittedRevision = true)
{
    /// <summary>The reviewer rejected the revision, and it was replaced.</summary>
    public bool IsRejected { get; init; }

    /// <summary>The reviewer approved the revision.</summary>
    public bool IsApproved => ReviewedBy is not null && !IsRejected;
}

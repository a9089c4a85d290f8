namespace DeployGuard.Core.Evaluation;

/// <summary>The catalogue of reason codes; <c>docs/reasons.md</c> and <c>deployguard explain</c> are made from it.</summary>
public static class Reasons
{
    private const string Approver = "whoever approves";
    private const string OnCall = "whoever is on call";
    private const string Operator = "whoever operates DeployGuard";
    private const string Author = "whoever wrote the manifest";

    public static readonly Reason ImageNotPinned = new(
        "ImageNotPinned", "ImagePinning", "An image is named by tag, which can be moved after the approval, or an annotation has an injector put one in that is not pinned.",
        Author, "Name it by digest: `repository@sha256:...`; of an annotation, remove it if the injector's own image will do. Rollbacks are only warned.");

    public static readonly Reason ApprovalMissing = new(
        "ApprovalMissing", "Approval", "Too few of the people whom the policy names approved exactly this revision for exactly this workload.",
        "the named groups", "`kubectl deployguard approve CHANGE -n NAMESPACE`; then the deploy is run again.");

    public static readonly Reason ApprovalRejected = new(
        "ApprovalRejected", "Approval", "Somebody eligible, or a listed monitor, rejected this revision.",
        "whoever rejected it, or whoever holds the verb `override`", "`kubectl deployguard withdraw CHANGE`, or ask for another revision. A veto expires as an approval does.");

    public static readonly Reason PaceTooFast = new(
        "PaceTooFast", "Pace", "A rollout in place would replace too many pods at once, or too soon.",
        Author, "Apply the patch that the message holds.");

    public static readonly Reason CanaryStepExceeded = new(
        "CanaryStepExceeded", "Canary", "Unproven revisions would run on more of the pods that serve the same users than the next step allows.",
        "whoever rolls out", "Make the request that the message names; `kubectl deployguard status WORKLOAD` shows what the next step waits for. See docs/canary.md.");

    public static readonly Reason Frozen = new(
        "Frozen", "Freeze", "A policy lets no new revision in until a time that the message names.",
        "whoever asked", "Wait; or for an incident, `kubectl deployguard breakglass`. Rollbacks, scaling and restarts pass.");

    public static readonly Reason FreezeUpcoming = new(
        "FreezeUpcoming", "Freeze", "A freeze begins soon. Only ever a warning.",
        "whoever asked", "Roll out before it, or after.");

    public static readonly Reason BudgetExhausted = new(
        "BudgetExhausted", "Budget", "As many rollouts are in flight as the policy allows at once.",
        "whoever asked", "Wait until one of those that the message names has completed, or take back one that hangs.");

    public static readonly Reason PolicyScopeEscape = new(
        "PolicyScopeEscape", "Guard", "Other labels would take a namespace or a workload out of an enforcing policy.",
        "whoever holds the verb `exempt` on that safeguardpolicy", "They make the change, or narrow the policy itself.");

    public static readonly Reason KindUnknown = new(
        "KindUnknown", "Guard", "DeployGuard is registered for a kind whose pod template it cannot find.",
        Operator, "Give the path of its pod template under `workloadKinds` of the chart.");

    public static readonly Reason ControllerOnly = new(
        "ControllerOnly", "Guard", "A person wrote a ControllerRevision, which could make a StatefulSet run what nobody judged, or the annotations by which a Deployment scales its ReplicaSets.",
        "whoever asked", "Change the StatefulSet, DaemonSet or Deployment itself.");

    public static readonly Reason RestartTimeInvalid = new(
        "RestartTimeInvalid", "Guard", "The pods read their own annotations, and a restart annotation says another time than now: it would be input that nobody approved.",
        "the requester", "`kubectl rollout restart`, or leave the annotation as it is.");

    public static readonly Reason TextNotUtf8 = new(
        "TextNotUtf8", "Guard", "The template has bytes that are no text. The API server shows the character U+FFFD in their place, so that two templates that run otherwise look the same.",
        Author, "Write the manifest in UTF-8, without the character U+FFFD.");

    public static readonly Reason PolicyInvalid = new(
        "PolicyInvalid", "Guard", "An enforcing policy in the cluster has errors, so it refuses new revisions where it matches.",
        "whoever owns the policy", "`kubectl edit safeguardpolicy NAME`.");

    public static readonly Reason EvaluationIncomplete = new(
        "EvaluationIncomplete", "Guard", "Approvals could not be read, or the record not be written, in time.",
        "whoever asked", "Run it again; if it stays, tell whoever operates DeployGuard.");

    public static readonly Reason Overloaded = new(
        "Overloaded", "Guard", "More decisions waited for the API server than a replica takes on at once. People are told so before machines are.",
        "whoever asked", "Run it again in a few seconds; if it stays, tell whoever operates DeployGuard.");

    public static readonly Reason ManagedByDeployGuard = new(
        "ManagedByDeployGuard", "Records", "Somebody else than DeployGuard wrote a Change or its ChangeTemplate.",
        "nobody", "Approve or reject it: `kubectl deployguard approve CHANGE`.");

    public static readonly Reason RecordImmutable = new(
        "RecordImmutable", "Records", "The spec of a ChangeApproval or BreakGlass was to be changed.",
        "whoever made it", "Withdraw it and make another.");

    public static readonly Reason RecordHasOwners = new(
        "RecordHasOwners", "Records", "A record carries ownerReferences: a dangling owner would make the garbage collector delete it.",
        "whoever makes it", "Leave `metadata.ownerReferences` out.");

    public static readonly Reason RecordHasFinalizers = new(
        "RecordHasFinalizers", "Records", "A record carries finalizers: it would stay after it was taken back, and hold up the deletion of its namespace.",
        "whoever makes it", "Leave `metadata.finalizers` out.");

    public static readonly Reason IdentityForged = new(
        "IdentityForged", "Records", "`spec.approver`, `spec.requestedBy` or one of the labels beside them is not what DeployGuard stamps.",
        Operator, "See that the mutating webhook configuration is in place.");

    public static readonly Reason MachineIdentity = new(
        "MachineIdentity", "Records", "A service account, a node, an anonymous user or a listed bot wants to approve or to break the glass.",
        "a person", "Do it under a person's own name.");

    public static readonly Reason SelfApproval = new(
        "SelfApproval", "Records", "The approver asked for this revision, or is named as its author.",
        "somebody else of the named groups", "`kubectl deployguard approve CHANGE`.");

    public static readonly Reason NotEligible = new(
        "NotEligible", "Records", "The vote could fill no seat: its maker is in none of the groups that approve here, nor a listed monitor.",
        "the named groups", "`kubectl deployguard approve CHANGE`.");

    public static readonly Reason ApprovalEmpty = new(
        "ApprovalEmpty", "Records", "The approval names nothing that a policy here could count: no template, no image, an image by tag, or an unknown kind.",
        Approver, "Give `templateHash`, or with `covers: Images` each new image by digest.");

    public static readonly Reason AlreadyRunning = new(
        "AlreadyRunning", "Records", "The change runs already and waits for nobody's approval.",
        Approver, "Nothing; to stop it, `kubectl rollout undo`.");

    public static readonly Reason ExpiryInvalid = new(
        "ExpiryInvalid", "Records", "`expiresAt` lies in the past, or a BreakGlass would hold longer than it may.",
        "whoever makes it", "Give a time in the future; a BreakGlass holds for 24h at most.");

    public static readonly Reason NotCreator = new(
        "NotCreator", "Records", "Somebody else's vote or BreakGlass was to be deleted.",
        "its maker, or whoever holds the verb `override`", "`kubectl deployguard withdraw CHANGE`.");

    public static readonly Reason BreakGlassIncomplete = new(
        "BreakGlassIncomplete", "Records", "A BreakGlass without incident, reason or anything that it waives, or for a kind that does not exist.",
        OnCall, "Give `incident`, `reason`, and in `waives` some of Approval, Canary, Pace, Budget, Freeze.");

    public static readonly Reason BreakGlassTooWide = new(
        "BreakGlassTooWide", "Records", "A BreakGlass for a whole namespace needs the verb `breakglass-namespace`.",
        OnCall, "Name the workload, or ask whoever holds the verb.");

    public static readonly Reason BreakGlassUnreviewed = new(
        "BreakGlassUnreviewed", "Records", "What this person let in by an earlier BreakGlass has waited for review for more than a day.",
        "another person of the approving groups", "`kubectl deployguard approve CHANGE` for the change that the message names.");

    public static readonly Reason TooManyRecords = new(
        "TooManyRecords", "Records", "One person has as many ChangeApprovals or BreakGlasses in a namespace as are kept of one person.",
        "whoever makes it", "Withdraw those that nobody needs any more: `kubectl get changeapprovals`, `kubectl deployguard withdraw NAME`.");

    public static readonly Reason RecordTooLarge = new(
        "RecordTooLarge", "Records", "A ChangeApproval or BreakGlass is longer than a decision can read in time.",
        "whoever makes it", "Shorten `reason`, or leave `images` out beside a `templateHash`.");

    public static IReadOnlyList<Reason> All { get; } =
    [
        ImageNotPinned, ApprovalMissing, ApprovalRejected, CanaryStepExceeded, PaceTooFast, Frozen, FreezeUpcoming, BudgetExhausted, PolicyScopeEscape, KindUnknown, ControllerOnly, RestartTimeInvalid, TextNotUtf8, PolicyInvalid, EvaluationIncomplete, Overloaded,
        ManagedByDeployGuard, RecordImmutable, RecordHasOwners, RecordHasFinalizers, IdentityForged, MachineIdentity, SelfApproval, NotEligible, ApprovalEmpty,
        AlreadyRunning, ExpiryInvalid, NotCreator, BreakGlassIncomplete, BreakGlassTooWide, BreakGlassUnreviewed, TooManyRecords, RecordTooLarge,
    ];

    public static Reason? Find(string code) => All.FirstOrDefault(r => r.Code.Equals(code, StringComparison.OrdinalIgnoreCase));
}

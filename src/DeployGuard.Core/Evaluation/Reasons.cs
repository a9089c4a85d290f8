using DeployGuard.Core.Approvals;

namespace DeployGuard.Core.Evaluation;

/// <summary>The catalogue of reason codes; <c>docs/reasons.md</c> and <c>deployguard explain</c> are generated from it.</summary>
public static class Reasons
{
    private const string Requester = "the requester";
    private const string Approver = "the approver";
    private const string OnCall = "the on-call engineer";
    private const string PlatformTeam = "the platform team";
    private const string Author = "the manifest author";

    public static readonly Reason ImageNotPinned = new(
        "ImageNotPinned",
        "ImagePinning",
        "An image is referenced by tag, which can be moved after the approval; or an annotation tells an injector to add an "
            + "image that is not pinned.",
        Author,
        "Reference the image by digest: `repository@sha256:...`. Remove the annotation if the injector's default image is "
            + "enough. A rollback only gets a warning.",
        Fix.Template
    );

    public static readonly Reason ApprovalMissing = new(
        "ApprovalMissing",
        "Approval",
        "The policy requires more approvals of exactly this revision of exactly this workload.",
        "an approver of the named groups",
        "Run `kubectl deployguard approve CHANGE -n NAMESPACE`. Then the requester retries.",
        Fix.Approval
    );

    public static readonly Reason ApprovalRejected = new(
        "ApprovalRejected",
        "Approval",
        "An eligible approver, or a listed monitor, rejected this revision.",
        "the voter, or a holder of the verb `override`",
        "Withdraw the veto with `kubectl deployguard withdraw CHANGE`, or request another revision. A veto expires as an approval does.",
        Fix.Approval
    );

    public static readonly Reason OriginUnavailable = new(
        "OriginUnavailable",
        "Approval",
        "A registry or a key could not be asked, and the policy refuses then: `origin.onUnavailable: Refuse`.",
        PlatformTeam,
        "Do what the refusal says: retry where the registry did not answer, else ask the platform team. Or have the change approved.",
        Fix.Waiting
    );

    public static readonly Reason StatementAltered = new(
        "StatementAltered",
        "Approval",
        "A signed statement about an image was altered after it was signed.",
        PlatformTeam,
        "Attest the image again, and find out who can write to the registry.",
        Fix.Approval
    );

    public static readonly Reason StatementKey = new(
        "StatementKey",
        "Approval",
        "A statement about an image is signed by no key that the policy trusts, or by one that is not valid now.",
        PlatformTeam,
        "Sign it with a trusted key, or add the key to `origin.keys`.",
        Fix.Approval
    );

    public static readonly Reason StatementRole = new(
        "StatementRole",
        "Approval",
        "A statement says something that its key may not say: a builder cannot approve.",
        PlatformTeam,
        "Sign it with a key of the role that the message names.",
        Fix.Approval
    );

    public static readonly Reason StatementSubject = new(
        "StatementSubject",
        "Approval",
        "A statement lies beside an image and is about no image, or about a commit that is not proven to be that of the image.",
        Requester,
        "Have the job that built the image attest its digest; if it did, see what is said of its statement.",
        Fix.Approval
    );

    public static readonly Reason StatementReplayed = new(
        "StatementReplayed",
        "Approval",
        "A statement about another image lies beside this one.",
        Requester,
        "Attest this image: a statement cannot be moved from one image to another.",
        Fix.Approval
    );

    public static readonly Reason StatementRepository = new(
        "StatementRepository",
        "Approval",
        "A statement is about a repository or a ref that may not stand behind the image.",
        Requester,
        "If the statement names the wrong one, attest again with `--repository` or `--ref`. Else build the image from an allowed repository and "
            + "ref, or ask the platform team to add it to `origin.sources`.",
        Fix.Approval
    );

    public static readonly Reason StatementExpired = new(
        "StatementExpired",
        "Approval",
        "A statement has expired, or was issued in the future.",
        Requester,
        "Attest the change again.",
        Fix.Approval
    );

    public static readonly Reason StatementHeadOnly = new(
        "StatementHeadOnly",
        "Approval",
        "A statement leads to the new commit, and does not begin at the commit of what runs.",
        Requester,
        "Have the CI job that holds the key of the role `SourceReview` attest exactly the commits since what runs.",
        Fix.Approval
    );

    public static readonly Reason StatementChain = new(
        "StatementChain",
        "Approval",
        "Statements lead back from the image, and not to what runs.",
        Requester,
        "Have the CI job that holds the key of the role `SourceReview` attest the missing commits.",
        Fix.Approval
    );

    public static readonly Reason StatementReview = new(
        "StatementReview",
        "Approval",
        "A review in a statement does not count.",
        Requester,
        "Have the head commit reviewed by a human who did not write it, then attest again.",
        Fix.Approval
    );

    public static readonly Reason StatementIncomplete = new(
        "StatementIncomplete",
        "Approval",
        "A statement cannot be read, does not cover its whole range, or is signed by too few keys.",
        Requester,
        "Attest where the whole history can be read, with `--complete`.",
        Fix.Approval
    );

    public static readonly Reason StatementUnread = new(
        "StatementUnread",
        "Approval",
        "More statements or signatures lie beside an image than are read, or one that a trusted key signed cannot be read. They may deny "
            + "what was read, so that nothing of it stands in for an approval; signs of AI and authors count. Where an unknown origin "
            + "counts as human, it refuses in any case.",
        Requester,
        "Do what the message says of each statement: delete superseded ones from the registry, or have the signer issue it again. Then "
            + "retry after a minute.",
        Fix.Approval
    );

    public static readonly Reason OldRevision = new(
        "OldRevision",
        "Approval",
        "The pods would be of a revision that its Deployment has left, and whose break-glass was rejected or awaits its review, "
            + "or that never completed. A paused Deployment whose serving ReplicaSet is gone asks for such pods as well.",
        Author,
        "Go to that revision in its Deployment, which asks for an approval; or resume the paused Deployment, which then makes pods of its "
            + "own revision.",
        Fix.Elsewhere
    );

    public static readonly Reason PaceTooFast = new(
        "PaceTooFast",
        "Pace",
        "A rollout in place would replace too many pods at once, or too soon after each other.",
        Author,
        "Apply the patch in the message.",
        Fix.Workload
    );

    public static readonly Reason CanaryStepExceeded = new(
        "CanaryStepExceeded",
        "Canary",
        "Unproven revisions would run on more of the pods that serve the same users than the next canary step allows. A "
            + "revision is proven when it has completed every canary step that a policy requires.",
        Requester,
        "Make the request that the message names. `kubectl deployguard status WORKLOAD` shows what the next step waits for. See "
            + "docs/canary.md.",
        Fix.Workload
    );

    public static readonly Reason Frozen = new(
        "Frozen",
        "Freeze",
        "A policy blocks new revisions until the time in the message.",
        Requester,
        "Wait until then. In an incident, use `kubectl deployguard breakglass`. Rollbacks, scaling and restarts are not blocked.",
        Fix.Waiting
    );

    public static readonly Reason FreezeUpcoming = new(
        "FreezeUpcoming",
        "Freeze",
        "A freeze begins soon. This is only a warning.",
        Requester,
        "Roll out before the freeze, or after it.",
        Fix.Waiting
    );

    public static readonly Reason BudgetExhausted = new(
        "BudgetExhausted",
        "Budget",
        "As many rollouts are in flight as the policy allows at once.",
        Requester,
        "Wait until one of the rollouts in the message has completed, or roll back one that hangs.",
        Fix.Waiting
    );

    public static readonly Reason PolicyScopeEscape = new(
        "PolicyScopeEscape",
        EvaluatorFindings.SafeguardLabel,
        "The new labels would take a namespace or a workload out of the scope of an enforcing policy.",
        "a holder of the verb `exempt` on that safeguardpolicy",
        "Make the change with that permission, or narrow the scope of the policy itself.",
        Fix.Workload
    );

    public static readonly Reason KindUnknown = new(
        "KindUnknown",
        EvaluatorFindings.SafeguardLabel,
        "DeployGuard is registered for a kind, and does not know where its pod template is.",
        PlatformTeam,
        "Add the kind with the path of its pod template to the chart's `workloadKinds`.",
        Fix.Elsewhere
    );

    public static readonly Reason ControllerOnly = new(
        "ControllerOnly",
        EvaluatorFindings.SafeguardLabel,
        "A person wrote what only controllers write: a ControllerRevision, which could make a StatefulSet run a revision that "
            + "was not evaluated, the label that names the revision of a pod, or the annotations with which a Deployment scales its "
            + "ReplicaSets.",
        Requester,
        "Change the StatefulSet, DaemonSet or Deployment itself, and leave the label of its pods as it is.",
        Fix.Workload
    );

    public static readonly Reason RestartTimeInvalid = new(
        "RestartTimeInvalid",
        EvaluatorFindings.SafeguardLabel,
        "The pods read their own annotations, and a restart annotation has another time than now. The pods could read that "
            + "value as input, and it was not approved.",
        Requester,
        "Use `kubectl rollout restart`, or leave the annotation unchanged.",
        Fix.Template
    );

    public static readonly Reason TextNotUtf8 = new(
        "TextNotUtf8",
        EvaluatorFindings.SafeguardLabel,
        "The template has bytes that are not valid text. The API server replaces them with the character U+FFFD, so two "
            + "templates that run differently would look the same.",
        Author,
        "Write the manifest in UTF-8, without the character U+FFFD.",
        Fix.Template
    );

    public static readonly Reason PolicyInvalid = new(
        "PolicyInvalid",
        EvaluatorFindings.SafeguardLabel,
        "An enforcing policy in the cluster has errors, so it refuses new revisions where it matches.",
        "the owner of the policy",
        "Fix the policy: `kubectl edit safeguardpolicy NAME`.",
        Fix.Elsewhere
    );

    public static readonly Reason EvaluationIncomplete = new(
        "EvaluationIncomplete",
        EvaluatorFindings.SafeguardLabel,
        "DeployGuard could not read the approvals, could not write the record, or had too many other decisions to compute, in time.",
        Requester,
        "Retry. If it persists, contact the platform team.",
        Fix.Waiting
    );

    public static readonly Reason Overloaded = new(
        "Overloaded",
        EvaluatorFindings.SafeguardLabel,
        "Too many decisions of this replica were waiting for the API server. Users are refused at a lower number of waiting "
            + "decisions than machines.",
        Requester,
        "Retry in a few seconds. If it persists, contact the platform team.",
        Fix.Waiting
    );

    public static readonly Reason ManagedByDeployGuard = new(
        "ManagedByDeployGuard",
        "Records",
        "A user tried to write a Change or a ChangeTemplate, which only DeployGuard writes.",
        Approver,
        "Approve or reject the Change instead: `kubectl deployguard approve CHANGE`.",
        Fix.Elsewhere
    );

    public static readonly Reason RecordImmutable = new(
        "RecordImmutable",
        "Records",
        "A user tried to change the spec of a ChangeApproval or BreakGlass.",
        "the creator of the record",
        "Withdraw the record and create another one.",
        Fix.Elsewhere
    );

    public static readonly Reason RecordHasOwners = new(
        "RecordHasOwners",
        "Records",
        "A record has ownerReferences. The garbage collector would delete it with its owner.",
        "the creator of the record",
        "Remove `metadata.ownerReferences`.",
        Fix.Elsewhere
    );

    public static readonly Reason RecordHasFinalizers = new(
        "RecordHasFinalizers",
        "Records",
        "A record has finalizers. It would remain after it is withdrawn, and block the deletion of its namespace.",
        "the creator of the record",
        "Remove `metadata.finalizers`.",
        Fix.Elsewhere
    );

    public static readonly Reason IdentityForged = new(
        "IdentityForged",
        "Records",
        "`spec.approver`, `spec.requestedBy` or a label of the identity differs from the value that DeployGuard stamps.",
        PlatformTeam,
        "Check that the mutating webhook configuration is in place.",
        Fix.Elsewhere
    );

    public static readonly Reason MachineIdentity = new(
        "MachineIdentity",
        "Records",
        "A service account, a node, an anonymous user or a listed bot tried to approve, or to use break-glass.",
        "a person",
        "Do it with a person's user name.",
        Fix.Elsewhere
    );

    public static readonly Reason SelfApproval = new(
        "SelfApproval",
        "Records",
        "The approver requested this revision, is named as its author, or created the BreakGlass that they would review.",
        "another person of the named groups",
        "Run `kubectl deployguard approve CHANGE`.",
        Fix.Elsewhere
    );

    public static readonly Reason NotEligible = new(
        "NotEligible",
        "Records",
        "The vote cannot count: the voter is in none of the groups that approve here, and is not a listed monitor. Where no policy names "
            + "groups: they lack the verb review on breakglasses.",
        "an approver of the named groups",
        "Run `kubectl deployguard approve CHANGE`.",
        Fix.Elsewhere
    );

    public static readonly Reason ApprovalEmpty = new(
        "ApprovalEmpty",
        "Records",
        "The approval names nothing that a policy here could count: no template hash, no image, an image by tag, or an unknown kind.",
        Approver,
        "Set `templateHash`; or, with `covers: Images`, list each new image by digest.",
        Fix.Elsewhere
    );

    public static readonly Reason AlreadyRunning = new(
        "AlreadyRunning",
        "Records",
        "The revision runs already and waits for no approval.",
        Approver,
        "Do nothing; or stop the revision with `kubectl rollout undo`.",
        Fix.Elsewhere
    );

    public static readonly Reason ExpiryInvalid = new(
        "ExpiryInvalid",
        "Records",
        "`expiresAt` is in the past, or a BreakGlass would be valid for too long.",
        "the creator of the record",
        "Set a time in the future. A BreakGlass is valid for at most 24h.",
        Fix.Elsewhere
    );

    public static readonly Reason NotCreator = new(
        "NotCreator",
        "Records",
        "A user tried to delete another person's vote or BreakGlass.",
        "its creator, or a holder of the verb `override`",
        "Run `kubectl deployguard withdraw CHANGE`.",
        Fix.Elsewhere
    );

    public static readonly Reason BreakGlassIncomplete = new(
        "BreakGlassIncomplete",
        "Records",
        "A BreakGlass has no incident, no reason or no waived safeguard, or names a kind that does not exist.",
        OnCall,
        $"Set `incident` and `reason`, and list in `waives` some of {string.Join(", ", BreakGlass.Waivable)}.",
        Fix.Elsewhere
    );

    public static readonly Reason BreakGlassTooWide = new(
        "BreakGlassTooWide",
        "Records",
        "A BreakGlass for a whole namespace needs the verb `breakglass-namespace`.",
        OnCall,
        "Name the workload, or have a holder of the verb create the BreakGlass.",
        Fix.Elsewhere
    );

    public static readonly Reason BreakGlassUnreviewed = new(
        "BreakGlassUnreviewed",
        "Records",
        "A change that this person had admitted by an earlier BreakGlass has waited for review for more than a day.",
        "another person of the approving groups",
        "Run `kubectl deployguard approve CHANGE` for the change in the message.",
        Fix.Elsewhere
    );

    public static readonly Reason TooManyRecords = new(
        "TooManyRecords",
        "Records",
        "One person has as many ChangeApprovals or BreakGlasses in a namespace as DeployGuard keeps for one person.",
        "the creator of the record",
        "List them with `kubectl get changeapprovals`, then withdraw those that are no longer needed: `kubectl deployguard withdraw NAME`.",
        Fix.Elsewhere
    );

    public static readonly Reason RecordTooLarge = new(
        "RecordTooLarge",
        "Records",
        "A ChangeApproval or BreakGlass is too large to be read in time for a decision.",
        "the creator of the record",
        "Shorten `reason`, or leave out `images` if there is a `templateHash`.",
        Fix.Elsewhere
    );

    public static IReadOnlyList<Reason> All { get; } =
    [
        ImageNotPinned,
        ApprovalMissing,
        ApprovalRejected,
        OriginUnavailable,
        StatementAltered,
        StatementKey,
        StatementRole,
        StatementSubject,
        StatementReplayed,
        StatementRepository,
        StatementExpired,
        StatementHeadOnly,
        StatementChain,
        StatementReview,
        StatementIncomplete,
        StatementUnread,
        OldRevision,
        CanaryStepExceeded,
        PaceTooFast,
        Frozen,
        FreezeUpcoming,
        BudgetExhausted,
        PolicyScopeEscape,
        KindUnknown,
        ControllerOnly,
        RestartTimeInvalid,
        TextNotUtf8,
        PolicyInvalid,
        EvaluationIncomplete,
        Overloaded,
        ManagedByDeployGuard,
        RecordImmutable,
        RecordHasOwners,
        RecordHasFinalizers,
        IdentityForged,
        MachineIdentity,
        SelfApproval,
        NotEligible,
        ApprovalEmpty,
        AlreadyRunning,
        ExpiryInvalid,
        NotCreator,
        BreakGlassIncomplete,
        BreakGlassTooWide,
        BreakGlassUnreviewed,
        TooManyRecords,
        RecordTooLarge,
    ];

    public static Reason? Find(string code) => All.FirstOrDefault(r => r.Code.Equals(code, StringComparison.OrdinalIgnoreCase));
}

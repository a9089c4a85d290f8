using System.Text.Json;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Changes;

/// <summary>Reads Change objects.</summary>
public static class ChangeReader
{
    public const string Kind = "Change";

    /// <summary>Field of the status: today's hash of a Change that version 0.2 made.</summary>
    public const string RehashedField = "rehashed";

    /// <summary>The field of the status with <see cref="Change.LastReturnedAt"/>.</summary>
    public const string LastReturnField = "lastReturnAt";

    /// <summary>The field of a use of a BreakGlass that says whether its review approved or rejected the revision.</summary>
    public const string ReviewDecisionField = "reviewDecision";

    /// <summary>Field of the status: hash of the template that the workload runs while the Change awaits an answer.</summary>
    public const string RunsNowField = "runsNow";

    /// <summary>Field of the status: the text of the column REQUESTER.</summary>
    public const string RequesterField = "requester";

    /// <summary>Field of the status: what signed evidence proved of its images.</summary>
    public const string ProvenanceField = "provenance";

    /// <summary>Of a proven commit: it is that of the template.</summary>
    public const string TemplateFlag = "template";

    /// <summary>Of both: the SHA-256 of each key, because another key may get the name of a former one.</summary>
    public const string KeyIdsField = "keyIds";

    /// <summary>Field of the status: what signed evidence said of the revision at its last request.</summary>
    public const string BackingField = "signedEvidence";

    /// <summary>Type of the condition that all desired pods are available.</summary>
    public const string AvailableCondition = "Available";

    /// <summary>Type of the condition that enough people approved the revision, and nobody rejected it.</summary>
    public const string ApprovedCondition = "Approved";

    /// <summary>Type of the condition that the same request would pass now.</summary>
    public const string AdmissibleCondition = "Admissible";

    /// <summary>Null for an object without a phase: DeployGuard writes none, so it is not a record.</summary>
    /// <exception cref="MalformedObjectException">
    /// DeployGuard cannot have written it as it is: a field is missing or has the wrong type.
    /// </exception>
    public static Change? ReadOrNull(JsonElement item) =>
        Field.Root(item).AsObject().Object("status")?["phase"] is null ? null : Read(item);

    /// <exception cref="MalformedObjectException">DeployGuard cannot have written it: a field is missing or has the wrong type.</exception>
    public static Change Read(JsonElement item)
    {
        var root = Field.Root(item).AsObject();
        var metadata = root.RequiredObject("metadata");
        var spec = root.RequiredObject("spec");
        var status = root.RequiredObject("status");
        var workload = spec.RequiredObject("workload");
        var hash = spec.Text("templateHash") ?? throw new MalformedObjectException("spec.templateHash", "is missing");
        var phase = Enum.TryParse<Phase>(status.Text("phase"), out var known)
            ? known
            : throw new MalformedObjectException(
                "status.phase",
                $"\"{status.Text("phase")}\" is not one of {string.Join(", ", Enum.GetNames<Phase>())}"
            );
        var origin = status.Object("origin");
        var change = new Change
        {
            Name = metadata.Text("name") ?? "",
            Uid = metadata.Text("uid") ?? "",
            Workload = new WorkloadRef(
                workload.Text("apiGroup") ?? "",
                workload.Text("kind") ?? "",
                metadata.Text("namespace") ?? "",
                workload.Text("name") ?? ""
            ),
            TemplateHash = status.Text(RehashedField) ?? hash,
            LegacyHash = TemplateHash.IsLegacy(hash) ? hash : null,
            Images = [.. spec.Objects("images").Select(i => i.Text("to")).OfType<string>()],
            PolicyImages = [.. spec.Objects("images").Where(i => i.Flag("ofPolicy")).Select(i => i.Text("to")).OfType<string>()],
            Phase = phase,
            Origin = Enum.TryParse<OriginKind>(origin?.Text("kind"), out var kind) ? kind : OriginKind.Unknown,
            Evidence = [.. (origin?.Objects("evidence") ?? []).Select(ReadEvidence)],
            ProvenCommits =
            [
                .. status
                    .Objects(ProvenanceField)
                    .Where(p => p.Text("commit") is not null)
                    .Select(p => new ProvenCommit(
                        p.Text("policy") ?? "",
                        p.Text("image") ?? "",
                        p.Text("repository") ?? "",
                        p.Text("commit") ?? "",
                        // Written as "forge (SourceReview)".
                        [.. p.Texts("keys").Select(k => k.Split(" (")[0])]
                    )
                    {
                        KeyIds = p.Texts(KeyIdsField),
                        IsOfTemplate = p.Flag(TemplateFlag),
                    }),
            ],
            Backing = [.. status.Objects(BackingField).Select(ReadBacking)],
            Requesters = [.. status.Objects("requesters").Select(r => r.Text("username")).OfType<string>()],
            RequesterColumn = status.Text(RequesterField) ?? "",
            OwnedRevision = status.Text("ownedRevision"),
            OwnedUid = status.Text("ownedUid"),
            OwnedHash = status.Text("ownedHash"),
            OwnedServer = status.Text("ownedServer"),
            Since = Condition(status, phase.ToString()) is { } entered ? Time(entered, "lastTransitionTime") : default,
            FirstRequestedAt = status.Objects("requesters").Select(r => Time(r, "at")).DefaultIfEmpty().Min(),
            LastRequests = status
                .Objects("requesters")
                .GroupBy(r => r.Text("username") ?? "")
                .ToDictionary(g => g.Key, g => g.Max(r => Time(r, "lastAt"))),
            LastRequestedAt = status.Objects("requesters").Select(r => Time(r, "lastAt")).DefaultIfEmpty().Max(),
            AvailableSince =
                Condition(status, AvailableCondition) is { } available && available.Text("status") == "True"
                    ? Time(available, "lastTransitionTime")
                    : null,
            CompletedAt = Condition(status, nameof(Phase.Completed)) is { } completed ? Time(completed, "lastTransitionTime") : null,
            HasAdmittedCondition = Condition(status, nameof(Phase.Admitted)) is not null,
            Policies = [.. status.Objects("policies").Select(p => p.Text("name")).OfType<string>()],
            CompletedSteps =
            [
                .. status
                    .Objects("held")
                    .Select(h => new CompletedStep(h.Text("policy") ?? "", h.Text("pool") ?? "", h.Int("percent") ?? 0, Time(h, "at"))),
            ],
            Exposure = [.. status.Objects("canary").Select(ReadExposure)],
            Served = [.. status.Objects("served").Select(ReadServed)],
            GivenUp =
            [
                .. status
                    .Objects("givenUp")
                    .Select(g => new GivenUpAddresses(
                        g.Text("pool") ?? "",
                        g.Text("selector") ?? "",
                        g.Text("addresses") ?? "",
                        Time(g, "at")
                    )),
            ],
            Missing = status.Text("missing") ?? "",
            LastReturnedAt = Time(status, LastReturnField),
            RunsNow = status.Text(RunsNowField),
            Denials =
            [
                .. status
                    .Objects("findings")
                    .Where(f => f.Text("mode") == nameof(Mode.Enforce) && f.Text("waivedBy") is null)
                    .Select(f => new RecordedDenial(f.Text("policy") ?? "", f.Text("reason") ?? "")),
            ],
            IsApproved = Condition(status, ApprovedCondition)?.Text("status") == "True",
            IsAdmissible = Condition(status, AdmissibleCondition)?.Text("status") == "True",
            ShowsVeto = IsVetoed(status, ApprovedCondition) || IsVetoed(status, AdmissibleCondition),
            Votes = [.. status.Objects("approvals").Select(ReadVote)],
            CompletedPods = status.Int("completedPods") ?? 0,
            Adopted = status.Flag("adopted"),
            BreakGlassUses = [.. status.Objects("breakGlass").Select(ReadUse)],
        };
        return BreakGlassReviews.Reopened(change);
    }

    /// <summary>The uses of BreakGlasses in a status as they are stored, and the votes in it.</summary>
    public static (IReadOnlyList<BreakGlassUse> Uses, IReadOnlyList<RecordedVote> Votes) ReadReviews(JsonElement status)
    {
        var root = Field.Root(status).AsObject();
        return ([.. root.Objects("breakGlass").Select(ReadUse)], [.. root.Objects("approvals").Select(ReadVote)]);
    }

    private static Evidence ReadEvidence(Field claim) =>
        new(claim.Text("source") ?? "", claim.Text("key") ?? "", claim.Text("value") ?? "")
        {
            By = claim.Text("by"),
            IsCarried = claim.Flag("carried"),
        };

    private static SignedBacking ReadBacking(Field found) =>
        new(
            found.Text("policy") ?? "",
            found.Flag("human"),
            [
                .. found
                    .Objects("reviews")
                    .Select(r => new SignedReview(r.Text("approver") ?? "", Time(r, "at"), r.Texts("statements"), r.Texts("keys"))
                    {
                        Person = r.Text("person") ?? "",
                        Counts = r.Text("counts") ?? "",
                    }),
            ],
            found.Texts("authors")
        )
        {
            Summary = found["twoParty"] is { } twoParty
                ? new SignedSummary(Time(twoParty, "at"), twoParty.Texts("statements"), twoParty.Texts("keys"))
                {
                    Counts = twoParty.Text("counts") ?? "",
                    Verifiers = twoParty.Texts("verifiers"),
                }
                : null,
            Keys = found.Texts("keys"),
            KeyIds = found.Texts(KeyIdsField),
            ReviewThreshold = found.Int("reviewThreshold") ?? 1,
            RanHash = found.Text("from"),
            ExpiresAt = found.Time("expiresAt"),
        };

    private static RecordedVote ReadVote(Field vote) =>
        new(vote.Text("name") ?? "", Time(vote, "at"), vote.Texts("counts"), vote.Time("withdrawnAt"), vote.Flag("expired"))
        {
            Uid = vote.Text("uid") ?? "",
            By = vote.Text("approver") ?? "",
            Decision = Enum.TryParse<Decision>(vote.Text("decision"), out var decision) ? decision : null,
            ExpiresAt = vote.Time("expiresAt"),
            WithdrawnBy = vote.Text("withdrawnBy"),
        };

    private static RecordedExposure ReadExposure(Field step) =>
        new(
            step.Text("policy") ?? "",
            step.Text("pool") ?? "",
            step.Int("step") ?? 0,
            step.Int("pods") ?? 0,
            step.Int("unproven") ?? 0,
            step.Int("total") ?? 0,
            step.Text("waits") ?? "",
            step.Time("soakEndsAt")
        );

    private static ServedPool ReadServed(Field served) =>
        new(served.Text("pool") ?? "", served.Int("pods") ?? 0, Time(served, "at"), served.Flag("present"))
        {
            MaxPods = served.Int("most") ?? 0,
            WasOnlyUnproven = served.Flag("trial"),
            Selector = served.Text("selector") ?? "",
            Addresses = served.Text("addresses") ?? "",
        };

    // A use without letIn counts as one that admitted the change.
    private static BreakGlassUse ReadUse(Field use) =>
        new(
            use.Text("name") ?? "",
            use.Text("by") ?? "",
            Time(use, "at"),
            use.Text("reviewedBy"),
            use["letIn"] is null || use.Flag("letIn")
        )
        {
            IsRejected = use.Text(ReviewDecisionField) == nameof(Decision.Reject),
        };

    private static bool IsVetoed(Field status, string condition) =>
        Condition(status, condition) is { } found
        && found.Text("status") == "False"
        && found.Text("reason") == OpenRequirements.RejectedCode;

    private static Field? Condition(Field status, string type) =>
        status.Objects("conditions").Where(c => c.Text("type") == type).Select(c => (Field?)c).FirstOrDefault();

    private static DateTimeOffset Time(Field owner, string name) => owner.Time(name) ?? default;
}

using System.Text.Json.Nodes;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Changes;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>Fields that accumulate on a Change, and fields that never go back.</summary>
public class ChangeDocumentTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    private static readonly ChangeEntry s_requested = new()
    {
        Name = "deployment-web-1",
        Workload = new WorkloadRef("apps", "Deployment", "shop", "web"),
        TemplateHash = "v1:0",
        At = s_now,
        Transition = To(Phase.Pending),
        Images = [new ImageChange("spec.template.spec.containers[0].image", "web:1", "web:2")],
        Origin = new Origin(
            OriginKind.AiAssisted,
            "claude-code",
            ["zoe"],
            [new Evidence("annotation", "deployguard.io/ai-tool", "claude-code")]
        ),
        Requester = "dana",
    };

    [Test]
    public void WrittenChangeIsReadBack()
    {
        var change = Read(Merge(null, s_requested, s_now));

        Assert.That(change?.Workload, Is.EqualTo(s_requested.Workload));
        Assert.That(change?.Requesters, Is.EqualTo(new[] { "dana" }));
        Assert.That(change?.Evidence, Is.EqualTo(s_requested.Origin.Evidence));
        Assert.That(change?.Images, Is.EqualTo(new[] { "web:2" }));
        Assert.That(change?.Phase, Is.EqualTo(Phase.Pending));
    }

    [Test]
    public void ARequestHasTheTimeOfItsDecisionWhateverTheOrderOfWriting()
    {
        var document = Merge(null, s_requested, s_now.AddMilliseconds(20));
        Merge(document, s_requested, s_now.AddMilliseconds(30));
        Merge(document, s_requested, s_now.AddMilliseconds(10));

        var requester = document["status"]?["requesters"]?[0];
        Assert.That((string?)requester?["at"], Is.EqualTo("2026-11-23T12:00:00.010000Z"));
        Assert.That((string?)requester?["lastAt"], Is.EqualTo("2026-11-23T12:00:00.030000Z"));
        Assert.That((int?)requester?["count"], Is.EqualTo(3));
        Assert.That(Read(document)?.FirstRequestedAt, Is.EqualTo(s_now.AddMilliseconds(10)));
        Assert.That(Read(document)?.LastRequestedAt, Is.EqualTo(s_now.AddMilliseconds(30)));
    }

    [Test]
    public void ARefusalThatIsWrittenAfterALaterAdmissionDoesNotTakeItBack()
    {
        var document = Merge(null, s_requested with { Transition = To(Phase.Admitted) }, s_now.AddSeconds(2));
        Merge(document, s_requested with { Requester = "erin" }, s_now.AddSeconds(1));

        Assert.That(Read(document)?.Phase, Is.EqualTo(Phase.Admitted));
        Assert.That(Read(document)?.Missing, Is.Empty);
        Assert.That(Read(document)?.Requesters, Is.EqualTo(new[] { "dana", "erin" }), "a forgotten requester could approve");
    }

    [Test]
    public void TheColumnNamesTheFirstRequesterAndCountsTheOthers()
    {
        var document = Merge(null, s_requested, s_now);
        Assert.That(Read(document)?.RequesterColumn, Is.EqualTo("dana"));

        Merge(document, s_requested with { Requester = "erin" }, s_now);
        Merge(document, s_requested with { Requester = "frank" }, s_now);
        Assert.That(Read(document)?.RequesterColumn, Is.EqualTo("dana +2"));
    }

    [Test]
    public void TheColumnNamesTheUserOfTheBreakGlassThatAdmittedIt()
    {
        var document = Merge(null, s_requested, s_now);
        Merge(document, WithGlass("g") with { Requester = "oscar" }, s_now.AddMinutes(1));

        Assert.That(Read(document)?.RequesterColumn, Is.EqualTo("olga (break-glass) +2"));
    }

    [Test]
    public void WhatNobodyRequestedNamesNobody()
    {
        var document = Merge(null, s_requested with { Requester = null, Adopted = true }, s_now);

        Assert.That(document["status"]?["requester"], Is.Null);
    }

    [TestCase("v1:0", null, "v2:0", "v1:0", true, TestName = "{m}(by the hash of version 1)")]
    [TestCase("v1:0", "v2:0", "v2:0", "", true, TestName = "{m}(hashed again)")]
    [TestCase("v1:0", "v2:1", "v2:0", "v1:0", false, TestName = "{m}(hashed again as something else)")]
    [TestCase("v1:1", null, "v2:0", "v1:0", false, TestName = "{m}(of another revision)")]
    public void RecordOfVersionOneIsUpdatedUnderItsName(string made, string? rehashed, string hash, string legacy, bool expected)
    {
        var document = Merge(null, s_requested with { TemplateHash = made }, s_now);
        if (rehashed is not null)
        {
            document["status"]!["rehashed"] = rehashed;
        }

        void Write() => Merge(document, s_requested with { TemplateHash = hash, LegacyHash = legacy, Requester = "erin" }, s_now);

        if (!expected)
        {
            Assert.That(Write, Throws.TypeOf<ChangeNameTakenException>());
            return;
        }

        Write();
        Assert.That((string?)document["spec"]?["templateHash"], Is.EqualTo(made), "version 0.2 must find it");
        Assert.That(Read(document)?.Requesters, Is.EqualTo(new[] { "dana", "erin" }));
        Assert.That((Read(document)?.TemplateHash, Read(document)?.LegacyHash), Is.EqualTo((rehashed ?? made, made)));
    }

    [Test]
    public void RequestersAndEvidenceAccumulate()
    {
        var document = Merge(null, s_requested, s_now);
        Merge(
            document,
            s_requested with
            {
                Requester = "erin",
                Origin = Origin.NothingKnown with { Evidence = s_requested.Origin.Evidence },
            },
            s_now
        );
        Merge(document, s_requested, s_now.AddMinutes(1));

        Assert.That(Read(document)?.Requesters, Is.EqualTo(new[] { "dana", "erin" }));
        Assert.That(Read(document)?.Evidence, Has.Count.EqualTo(1));
        Assert.That((int?)document["status"]?["requesters"]?[0]?["count"], Is.EqualTo(2));
    }

    [TestCase(true, false, "dana", TestName = "{m}(a rollback)")]
    [TestCase(false, false, "dana,erin", TestName = "{m}(a new request of the revision)")]
    [TestCase(false, true, "dana,erin", TestName = "{m}(a workload that is created again)")]
    public void APersonWhoRollsBackIsNoRequester(bool isOnlyExposure, bool creates, string requesters)
    {
        var document = Merge(null, s_requested with { Transition = To(Phase.Admitted) }, s_now);
        var again = s_requested with
        {
            Requester = "erin",
            Transition = To(Phase.Admitted),
            Images = [new ImageChange("spec.template.spec.containers[0].image", "web:5", "web:2")],
            IsOnlyExposure = isOnlyExposure,
            CreatesWorkload = creates,
        };
        Merge(document, again, s_now.AddHours(1));

        Assert.That(Read(document)?.Requesters, Is.EqualTo(requesters.Split(',')));
        Assert.That((string?)document["spec"]?["images"]?[0]?["from"], Is.EqualTo(creates ? "web:5" : "web:1"));
    }

    [Test]
    public void BeforeItsAdmissionEveryPersonWhoSendsItIsARequester()
    {
        var document = Merge(null, s_requested, s_now);
        Merge(document, s_requested with { Requester = "erin", IsOnlyExposure = true }, s_now.AddHours(1));

        Assert.That(Read(document)?.Requesters, Is.EqualTo(new[] { "dana", "erin" }), "they could approve it");
    }

    [TestCase(Phase.Pending, Phase.Admitted, Phase.Admitted)]
    [TestCase(Phase.Pending, Phase.Rejected, Phase.Rejected)]
    [TestCase(Phase.Rejected, Phase.Pending, Phase.Pending)]
    [TestCase(Phase.Expired, Phase.Pending, Phase.Pending)]
    [TestCase(Phase.Admitted, Phase.Pending, Phase.Pending)]
    [TestCase(Phase.Running, Phase.Pending, Phase.Running)]
    [TestCase(Phase.Completed, Phase.Rejected, Phase.Completed)]
    [TestCase(Phase.Completed, Phase.Admitted, Phase.Completed)]
    [TestCase(Phase.Proven, Phase.Pending, Phase.Proven)]
    public void RequestDoesNotLowerThePhaseOfARunningOrCompletedRevision(Phase stored, Phase requested, Phase expected)
    {
        var document = Merge(null, s_requested, s_now);
        if (stored is not Phase.Pending)
        {
            ChangeStatus.Move(document["status"]!.AsObject(), To(stored), s_now);
        }

        Merge(document, s_requested with { Transition = To(requested) }, s_now);

        Assert.That(Read(document)?.Phase, Is.EqualTo(expected));
    }

    [Test]
    public void EveryPhaseLeavesAConditionWithTimeAndCause()
    {
        var document = Merge(null, s_requested, s_now);
        var status = document["status"]!.AsObject();
        ChangeStatus.Move(status, new Transition(Phase.Admitted, "Approved", "approved by alice"), s_now.AddMinutes(1));
        ChangeStatus.Move(status, new Transition(Phase.Running, "Seen", "seen"), s_now.AddMinutes(2));

        Assert.That(
            status["conditions"]!
                .AsArray()
                .Where(c => (string?)c?["type"] is not (VoteStatus.Approved or VoteStatus.Admissible))
                .Select(c => $"{c?["type"]}={c?["status"]} {c?["reason"]} {c?["lastTransitionTime"]}"),
            Is.EqualTo(
                new[]
                {
                    "Pending=False Approved 2026-11-23T12:01:00Z",
                    "Admitted=True Approved 2026-11-23T12:01:00Z",
                    "Running=True Seen 2026-11-23T12:02:00Z",
                }
            )
        );
        Assert.That(Read(document)?.Since, Is.EqualTo(s_now.AddMinutes(2)));
    }

    [Test]
    public void AdmissionStaysOnRecord()
    {
        var document = Merge(null, s_requested with { Transition = To(Phase.Admitted) }, s_now);
        Merge(document, s_requested, s_now);

        Assert.That(Read(document), Has.Property("Phase").EqualTo(Phase.Pending).And.Property("WasAdmitted").True);
        Assert.That(document["status"]?["breakGlass"], Is.Null, "kubectl's JSON paths stumble over an empty list");
    }

    [Test]
    public void RecordOfAnotherRevisionUnderTheSameNameIsNotOverwritten() =>
        Assert.That(
            () => Merge(Merge(null, s_requested, s_now), s_requested with { TemplateHash = "v1:1" }, s_now),
            Throws.TypeOf<ChangeNameTakenException>()
        );

    [TestCase(Phase.Admitted, true)]
    [TestCase(Phase.Pending, false)]
    public void BreakGlassIsRecordedOnlyIfItAdmittedTheRequest(Phase requested, bool expected) =>
        Assert.That(Read(Merge(null, WithGlass("g", requested), s_now))?.IsUnreviewed, Is.EqualTo(expected));

    [TestCase(true, null, true)]
    [TestCase(true, Phase.Completed, false)]
    [TestCase(false, null, false)]
    public void BreakGlassCountsAsAdmissionOnlyForANewRevisionThatHadNotCompleted(bool isNew, Phase? stored, bool expected)
    {
        var document = Merge(null, s_requested, s_now);
        if (stored is { } phase)
        {
            ChangeStatus.Move(document["status"]!.AsObject(), To(phase), s_now);
        }

        var change = Read(Merge(document, WithGlass("g") with { IsNewRevision = isNew }, s_now));

        Assert.That(change, Has.Property("IsUnreviewed").True.And.Property("WasAdmittedUnreviewed").EqualTo(expected));
    }

    [Test]
    public void BreakGlassUsedForMoreExposureAndThenForAdmissionRecordsBoth()
    {
        var document = Merge(null, WithGlass("g") with { IsNewRevision = false }, s_now);
        Merge(document, WithGlass("g"), s_now);
        Merge(document, WithGlass("g"), s_now);

        Assert.That(Read(document)?.BreakGlassUses.Select(u => u.AdmittedRevision), Is.EqualTo(new[] { false, true }));
    }

    /// <summary>The rejected revision was replaced, and comes back under the same BreakGlass: that is another use.</summary>
    [TestCase("Reject", 2)]
    [TestCase(null, 1)]
    public void ARejectedUseIsOver(string? decision, int uses)
    {
        var document = Merge(null, WithGlass("g"), s_now);
        var first = document["status"]!["breakGlass"]![0]!;
        first["reviewedBy"] = "alice";
        first["reviewDecision"] = decision;

        var change = Read(Merge(document, WithGlass("g"), s_now));

        Assert.That(change?.BreakGlassUses, Has.Count.EqualTo(uses));
        Assert.That(change?.IsUnreviewed, Is.EqualTo(uses == 2));
    }

    [Test]
    public void BreakGlassUsesAreKeptUntilTheirReview()
    {
        var document = Merge(null, s_requested, s_now);
        for (var i = 0; i < 30; i++)
        {
            Merge(document, WithGlass($"g{i}"), s_now);
        }

        Assert.That(Read(document)?.BreakGlassUses, Has.Count.EqualTo(30));
        foreach (var use in document["status"]!["breakGlass"]!.AsArray())
        {
            use!["reviewedBy"] = "alice";
        }

        Merge(document, WithGlass("last"), s_now);
        Assert.That(
            Read(document)?.BreakGlassUses.Select(u => u.Name),
            Is.EqualTo(Enumerable.Range(1, 29).Select(i => $"g{i}").Append("last"))
        );
    }

    [Test]
    public void MissingApprovalsAreRecordedUntilAdmissionEvenForAFormerlyCompletedRevision()
    {
        var missing = s_requested with
        {
            Policies = [new MatchedPolicy("p", Mode.Enforce, "a senior")],
            Findings = [new Violation("p", Mode.Enforce, "Approval", new Finding(Reasons.ApprovalMissing, "", "m", "r"))],
        };
        var document = Merge(null, s_requested with { Transition = To(Phase.Completed) }, s_now);

        Assert.That(
            Read(Merge(document, missing, s_now)),
            Has.Property("HasOpenRequirements").True.And.Property("Phase").EqualTo(Phase.Completed)
        );
        Assert.That(
            Read(Merge(document, missing with { Transition = To(Phase.Admitted), Findings = [] }, s_now))?.HasOpenRequirements,
            Is.False
        );
        Merge(document, missing, s_now);
        Assert.That(
            Read(Merge(document, s_requested with { Transition = To(Phase.Admitted) }, s_now))?.HasOpenRequirements,
            Is.False,
            "a rollback waits for nothing"
        );
    }

    private static ChangeEntry WithGlass(string name, Phase requested = Phase.Admitted)
    {
        var glass = new BreakGlass
        {
            Name = name,
            Namespace = "shop",
            Waives = ["Approval"],
            Incident = "INC-1",
            Reason = "orders fail",
            CreatedAt = s_now,
            ExpiresAt = s_now.AddHours(1),
            RequestedBy = new Requester("olga", "", []),
        };
        var finding = new Violation("p", Mode.Enforce, "Approval", new Finding(Reasons.ApprovalMissing, "", "m", "r"))
        {
            Waiver = new Waiver(glass),
        };
        return s_requested with { Transition = To(requested), IsNewRevision = true, Findings = [finding] };
    }

    /// <summary><c>kubectl describe</c> prints these texts as they are.</summary>
    [Test]
    public void NoTextOfAUserBeginsALineOfTheRecord()
    {
        const string Forged = "r\n  Approvals:\u001b[1A\u202e";
        var used = WithGlass("g").Findings[0] with { Finding = new Finding(Reasons.ApprovalMissing, "", Forged, "r") };
        var glass = used.Waiver?.BreakGlass ?? throw new InvalidOperationException("no break-glass");
        var entry = WithGlass("g") with
        {
            Images = [new ImageChange("image", Forged, Forged)],
            Findings = [used with { Waiver = new Waiver(glass with { Incident = Forged, Reason = Forged }) }],
        };

        var document = Merge(null, entry, s_now).ToJsonString();

        Assert.That(document, Does.Contain("r\\u003CLF\\u003E  Approvals:\\u003CESC\\u003E[1A\\u003CU\\u002B202E\\u003E"));
        Assert.That(document, Does.Not.Contain("\\n").And.Not.Contain("\\u001B").And.Not.Contain("\\u202E"));
    }

    [Test]
    public void EvidenceOfAiIsKeptDespiteAFloodOfAuthors()
    {
        var document = Merge(null, s_requested with { Origin = Origin.NothingKnown }, s_now);
        for (var i = 0; i < 100; i++)
        {
            Merge(document, Claims("deployguard.io/authors", $"nobody{i}"), s_now);
        }

        Merge(document, Claims("deployguard.io/ai-assisted", "true"), s_now);

        Assert.That(Read(document)?.Evidence, Has.Count.EqualTo(21).And.Some.Property("Key").EqualTo("deployguard.io/ai-assisted"));
    }

    [Test]
    public void ClaimantsAreRecordedAndALaterRequestersClaimHasNoEffect()
    {
        static ChangeEntry Entry(string who, OriginKind kind, params string[] authors) =>
            s_requested with
            {
                Requester = who,
                Transition = To(Phase.Pending),
                Origin = new Origin(
                    kind,
                    null,
                    authors,
                    [.. authors.Select(a => new Evidence("annotation", "deployguard.io/authors", a) { By = who })]
                ),
            };
        var document = Merge(null, Entry("dana", OriginKind.Unknown), s_now);
        for (var i = 0; i < 30; i++)
        {
            Merge(document, Entry("mallory", OriginKind.AiAssisted, "alice", $"nobody{i}"), s_now);
        }

        Merge(document, Entry("dana", OriginKind.Unknown, "zoe"), s_now);
        var read = Read(document);
        Assert.That(read?.Origin, Is.EqualTo(OriginKind.Unknown));
        Assert.That(read?.Requesters, Is.EqualTo((string[])["dana", "mallory"]));
        Assert.That(read?.FirstRequestedAt, Is.EqualTo(s_now));
        Assert.That(
            read?.EvidenceFor([]).Select(e => (e.Value, e.By)),
            Is.EqualTo(((string, string?)[])[("zoe", "dana")]),
            "their flood does not displace hers"
        );
        Assert.That(read?.EvidenceFor(["mallory"]).Select(e => e.Value), Has.Member("alice"));
        Assert.That(document["status"]?["origin"]?["authors"]?.AsArray().Select(a => (string?)a), Is.EqualTo((string[])["zoe"]));
    }

    [Test]
    public void CarriedClaimIsMarkedUntilTheRequesterClaimsItThemselves()
    {
        var claim = new Evidence("annotation", "deployguard.io/ai-assisted", "true") { By = "dana", IsCarried = true };
        ChangeEntry Requested(Evidence e) => s_requested with { Requester = "dana", Origin = Origin.NothingKnown with { Evidence = [e] } };

        var document = Merge(null, Requested(claim), s_now);
        Merge(document, Requested(claim), s_now);
        Assert.That(Read(document)?.Evidence, Is.EqualTo((Evidence[])[claim]));
        Assert.That(Read(document)?.EvidenceFor(["dana"]), Is.Empty);

        Merge(document, Requested(claim with { IsCarried = false }), s_now);
        Assert.That(Read(document)?.EvidenceFor([]).Count(), Is.EqualTo(1));
    }

    [Test]
    public void FloodOfMachinesIsCappedAndNoPersonIsForgotten()
    {
        var document = Merge(null, s_requested, s_now);
        for (var i = 0; i < 100; i++)
        {
            Merge(document, s_requested with { Requester = $"system:serviceaccount:shop:sa{i}" }, s_now);
        }

        Merge(document, s_requested with { Requester = "erin" }, s_now);

        Assert.That(
            Read(document)?.Requesters,
            Has.Count.EqualTo(22).And.Contains("erin"),
            "twenty machines and every person: a forgotten requester could approve"
        );
    }

    [TestCase(Phase.Pending, "web:9 -> web:2")]
    [TestCase(Phase.Expired, "web:9 -> web:2")]
    [TestCase(Phase.Admitted, "web:1 -> web:2")]
    [TestCase(Phase.Proven, "web:1 -> web:2")]
    public void ApproverSeesTheCurrentDifference(Phase stored, string expected)
    {
        var document = Merge(null, s_requested with { Transition = To(Phase.Pending) }, s_now);
        ChangeStatus.Move(document["status"]!.AsObject(), To(stored), s_now);

        Merge(document, s_requested with { Images = [s_requested.Images[0] with { From = "web:9" }] }, s_now);

        Assert.That($"{document["spec"]?["images"]?[0]?["from"]} -> {document["spec"]?["images"]?[0]?["to"]}", Is.EqualTo(expected));
    }

    [Test]
    public void InvalidFieldIsNamed()
    {
        var document = Merge(null, s_requested, s_now);
        document["status"]!["completedPods"] = "three";
        Assert.That(
            () => Read(document),
            Throws.TypeOf<MalformedObjectException>().With.Message.EqualTo("status.completedPods: expected a whole number, found a string")
        );
    }

    [Test]
    public void ObjectWithoutAPhaseIsNoRecord()
    {
        var document = Merge(null, s_requested, s_now);
        document["status"]!.AsObject().Remove("phase");
        Assert.That(Read(document), Is.Null);
        document.Remove("status");
        Assert.That(Read(document), Is.Null);
    }

    [Test]
    public void NoEmptyTextIsWritten() =>
        Assert.That(
            Merge(null, s_requested with { Workload = s_requested.Workload with { ApiGroup = "" }, Requester = "" }, s_now).ToJsonString(),
            Does.Not.Contain(":\"\"")
        );

    private static JsonObject Merge(JsonObject? existing, ChangeEntry entry, DateTimeOffset at) =>
        ChangeDocument.Merge(existing, entry with { At = at });

    private static Transition To(Phase phase) => new(phase, "Because", "because");

    private static ChangeEntry Claims(string key, string value) =>
        s_requested with
        {
            Origin = Origin.NothingKnown with { Evidence = [new Evidence("annotation", key, value)] },
        };

    private static Change? Read(JsonObject document) =>
        ChangeReader.ReadOrNull(System.Text.Json.JsonSerializer.SerializeToElement(document));
}

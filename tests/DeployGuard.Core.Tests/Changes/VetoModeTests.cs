using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>Phase and conditions of a waiting Change agree, whichever policies count its votes.</summary>
public class VetoModeTests
{
    private static readonly System.Text.Json.Nodes.JsonObject s_deployment = Some.Deployment();
    private static readonly LabelSelector s_others = Some.Policy(
        """{"match": {"workloadSelector": {"matchLabels": {"app": "other"}}}}"""
    ).Match.Workloads;

    private static readonly (string Name, Func<SafeguardPolicy, SafeguardPolicy> Of, bool Decides)[] s_kinds =
    [
        ("enforces", p => p, true),
        ("warns", p => p with { Mode = Mode.Warn }, false),
        ("audits", p => p with { Mode = Mode.Audit }, false),
        ("enforces later", p => p with { Active = new Window(From: Some.Now.AddHours(1)) }, false),
        ("is newer than the request", p => p with { Name = "other" }, true),
        ("is of another kind", p => p with { Match = new PolicyMatch { Kinds = ["DaemonSet"] } }, false),
        (
            "selects other labels",
            p =>
                p with
                {
                    Name = "other",
                    Match = new PolicyMatch { Workloads = s_others },
                },
            false
        ),
        ("requires no approval", p => p with { Approval = p.Approval! with { Required = Required.Never } }, false),
    ];

    private static readonly Approval s_approval = Some.ApprovalOf(s_deployment, Some.Carol);
    private static readonly Approval s_veto = Some.ApprovalOf(s_deployment, Some.Alice, Decision.Reject);

    /// <summary>Two policies of every two kinds, every combination of votes, both phases of a Change that waits.</summary>
    private static IEnumerable<TestCaseData> Combinations =>
        from first in s_kinds
        from second in s_kinds
        from approves in (bool[])[false, true]
        from vetoes in (bool[])[false, true]
        from phase in (Phase[])[Phase.Pending, Phase.Rejected]
        select new TestCaseData(first.Of, second.Of, approves, vetoes, phase, first.Decides || second.Decides).SetName(
            $"{{m}}({first.Name}, {second.Name}, {(approves ? "approved" : "not approved")}, {(vetoes ? "rejected" : "not rejected")}, {phase})"
        );

    /// <summary>A policy that is gone, or enforces no more, refuses no further request.</summary>
    [TestCase(Mode.Enforce, "a", true)]
    [TestCase(Mode.Audit, "a", false)]
    [TestCase(Mode.Enforce, "another", false)]
    public void WhatOnlyAFormerPolicyRefusedIsNotMissing(Mode mode, string name, bool isDenied)
    {
        var change = Some.Change(s_deployment, Phase.Pending) with { Denials = [new RecordedDenial("a", "ImageNotPinned")] };

        var still = StandingVotes.WithPresentDenials(change, [Some.OneSenior with { Name = name, Mode = mode }], Some.Now);

        Assert.That(still.Denials.Any(), Is.EqualTo(isDenied));
    }

    [TestCaseSource(nameof(Combinations))]
    public void AVetoMakesItRejectedAndNotApprovedIfAPolicyThatDecidesCountsIt(
        Func<SafeguardPolicy, SafeguardPolicy> first,
        Func<SafeguardPolicy, SafeguardPolicy> second,
        bool approves,
        bool vetoes,
        Phase phase,
        bool decides
    )
    {
        SafeguardPolicy[] policies = [first(Some.OneSenior with { Name = "a" }), second(Some.OneSenior with { Name = "b" })];
        Approval[] votes = [.. approves ? (Approval[])[s_approval] : [], .. vetoes ? (Approval[])[s_veto] : []];
        var change = Some.Change(s_deployment, phase) with
        {
            Requesters = ["dana"],
            Policies = ["a", "b"],
            Since = Some.Now.AddHours(-1),
            LastRequestedAt = Some.Now.AddHours(-1),
        };

        var labels = s_deployment.Read().Labels;
        var deciding = StandingVotes.Deciding(change, policies, Some.Now, labels);
        var open = StandingRequirements.Of(change, [change], votes, deciding, "", Some.Now);
        var next = ChangeLifecycle.Next(
            change,
            Observation.Nothing,
            StandingVotes.StoppingVeto(change, votes, policies, Some.Now, [change], labels),
            PromotionCriteria.Time,
            Some.Now
        );

        var isRejected = (next?.Phase ?? phase) is Phase.Rejected;
        Assert.Multiple(() =>
        {
            Assert.That(isRejected, Is.EqualTo(vetoes && decides), "phase Rejected");
            Assert.That(open.IsApproved, Is.EqualTo(!decides || (approves && !vetoes)), "condition Approved");
            Assert.That(open.ApprovedBecause.Reason == OpenRequirements.RejectedCode, Is.EqualTo(isRejected), "reason of the condition");
            Assert.That(isRejected && open.IsApproved, Is.False, "Rejected and Approved");
        });
    }

    [TestCase(Mode.Enforce, Phase.Completed, null)]
    [TestCase(Mode.Audit, Phase.Completed, Phase.Proven)]
    [TestCase(Mode.Warn, Phase.Completed, Phase.Proven)]
    public void AVetoThatOnlyAnAuditPolicyCountsStopsNoPromotion(Mode mode, Phase phase, Phase? expected)
    {
        var change = Some.Change(s_deployment, phase) with { AvailableSince = Some.Now.AddHours(-1) };
        SafeguardPolicy[] policies = [Some.OneSenior with { Mode = mode }];

        var next = ChangeLifecycle.Next(
            change,
            new Observation(change.TemplateHash, true, true),
            StandingVotes.StoppingVeto(change, [s_veto], policies, Some.Now, [change]),
            PromotionCriteria.Time,
            Some.Now
        );

        Assert.That(next?.Phase, Is.EqualTo(expected));
    }
}

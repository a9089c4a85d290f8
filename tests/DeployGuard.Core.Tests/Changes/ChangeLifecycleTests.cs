using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Tests;

/// <summary>The lifecycle of a Change by its observed state.</summary>
public class ChangeLifecycleTests
{
    private static readonly System.Text.Json.Nodes.JsonObject s_deployment = Some.Deployment();
    private static readonly string s_hash = s_deployment.Read().Template.Hash;

    [TestCase(Phase.Admitted, true, false, 1, Phase.Running)]
    [TestCase(Phase.Admitted, true, true, 1, Phase.Completed)]
    [TestCase(Phase.Admitted, false, true, 59, null)]
    [TestCase(Phase.Admitted, false, true, 60, Phase.Expired)]
    [TestCase(Phase.Running, true, false, 1, null)]
    [TestCase(Phase.Running, true, true, 1, Phase.Completed)]
    [TestCase(Phase.Running, false, false, 1, Phase.Expired)]
    [TestCase(Phase.Pending, true, true, 1, null)]
    [TestCase(Phase.Completed, false, true, 1, null)]
    [TestCase(Phase.Proven, false, true, 1, null)]
    public void OnlyAnAdmittedChangeCanRun(Phase phase, bool runs, bool isComplete, int minutes, Phase? expected) =>
        Assert.That(
            ChangeLifecycle
                .Next(
                    In(phase, minutes),
                    new Observation(runs ? s_hash : "v1:other", true, isComplete),
                    null,
                    PromotionCriteria.Time,
                    Some.Now
                )
                ?.Phase,
            Is.EqualTo(expected)
        );

    [Test]
    public void UnobservedSpecDoesNotAdvanceTheChange() =>
        Assert.That(
            ChangeLifecycle.Next(In(Phase.Running, 1), new Observation("v1:other", false, false), null, PromotionCriteria.Time, Some.Now),
            Is.Null
        );

    [TestCase(6, null)]
    [TestCase(7, Phase.Expired)]
    public void AChangeThatIsNotRequestedAgainLeavesTheInbox(int days, Phase? expected) =>
        Assert.That(
            ChangeLifecycle.Next(In(Phase.Pending, 60 * 24 * days), Observation.Nothing, null, PromotionCriteria.Time, Some.Now)?.Phase,
            Is.EqualTo(expected)
        );

    [Test]
    public void RequestingAgainKeepsItInTheInbox() =>
        Assert.That(
            ChangeLifecycle.Next(
                In(Phase.Pending, 60 * 24 * 30) with
                {
                    LastRequestedAt = Some.Now.AddDays(-1),
                },
                Observation.Nothing,
                null,
                PromotionCriteria.Time,
                Some.Now
            ),
            Is.Null
        );

    [TestCase(-1, false)]
    [TestCase(1, true)]
    public void AnInactivePolicyDoesNotKeepARevisionFromPhaseProven(int startsInHours, bool isProven)
    {
        var policy = Some.Policy("""{"canary": {"required": "Always", "steps": [5]} }""") with
        {
            Active = new Window(From: Some.Now.AddHours(startsInHours)),
        };
        var completed = In(Phase.Completed, 60) with { AvailableSince = Some.Now.AddHours(-1) };

        var next = ChangeLifecycle.Next(
            completed,
            new Observation(s_hash, true, true),
            null,
            CanaryPromotion.Of(completed, [policy], [], Some.Now),
            Some.Now
        );

        Assert.That(
            next?.Phase,
            Is.EqualTo(isProven ? Phase.Proven : (Phase?)null),
            "it has no standing under a policy that is not active"
        );
    }

    [Test]
    public void VetoRejectsTheChangeAndItsEndReopensIt()
    {
        var veto = Some.ApprovalOf(s_deployment, Some.Alice, Decision.Reject) with { Reason = "drops orders" };

        Assert.That(
            ChangeLifecycle.Next(In(Phase.Pending, 1), Observation.Nothing, veto, PromotionCriteria.Time, Some.Now),
            Is.EqualTo(new Transition(Phase.Rejected, "Vetoed", "alice rejected it: drops orders"))
        );
        Assert.That(
            ChangeLifecycle.Next(In(Phase.Rejected, 1), Observation.Nothing, null, PromotionCriteria.Time, Some.Now)?.Phase,
            Is.EqualTo(Phase.Pending)
        );
    }

    [TestCase(9, false, null)]
    [TestCase(10, false, Phase.Proven)]
    [TestCase(10, true, null)]
    public void WithoutACanaryASoakIsEnough(int minutes, bool needsCanary, Phase? expected) =>
        Assert.That(
            ChangeLifecycle
                .Next(
                    In(Phase.Completed, 60) with
                    {
                        AvailableSince = Some.Now.AddMinutes(-minutes),
                    },
                    new Observation(s_hash, true, true),
                    null,
                    new PromotionCriteria(needsCanary, !needsCanary, ChangeLifecycle.Soak),
                    Some.Now
                )
                ?.Phase,
            Is.EqualTo(expected)
        );

    [Test]
    public void AVetoOfAnEligiblePersonOrMonitorCountsUntilItExpires()
    {
        var policy = Some.OneSenior;
        var monitored = policy with { Approval = policy.Approval! with { Monitors = [Some.Machine.Username] } };
        var change = In(Phase.Pending, 1);
        Approval? Standing(Requester by, SafeguardPolicy under, double hoursAgo = 1) =>
            StandingVotes.Veto(
                change,
                [Some.ApprovalOf(s_deployment, by, Decision.Reject) with { CreatedAt = Some.Now.AddHours(-hoursAgo) }],
                [under],
                Some.Now,
                [change]
            );

        Assert.That(Standing(Some.Alice, policy), Is.Not.Null);
        Assert.That(Standing(Some.Alice, policy, 72), Is.Null);
        Assert.That(Standing(Some.Bob, policy), Is.Null);
        Assert.That(Standing(Some.Machine, policy), Is.Null);
        Assert.That(Standing(Some.Machine, monitored), Is.Not.Null);
    }

    [Test]
    public void ABreakGlassIsReviewedByAnotherEligiblePersonAfterwards()
    {
        var change = In(Phase.Running, 1) with
        {
            BreakGlassUses = [new BreakGlassUse("g", "carol", Some.Now.AddMinutes(-30), null)],
            Requesters = ["dana"],
        };
        string? Reviewer(Requester by, int minutesAgo, Mode mode = Mode.Enforce) =>
            StandingVotes
                .Review(
                    change,
                    [Some.ApprovalOf(s_deployment, by) with { CreatedAt = Some.Now.AddMinutes(-minutesAgo) }],
                    [Some.OneSenior with { Mode = mode }]
                )
                ?.Approver.Username;

        Assert.That(Reviewer(Some.Alice, 10), Is.EqualTo("alice"));
        Assert.That(Reviewer(Some.Alice, 40), Is.Null, "before the use it was no review");
        Assert.That(Reviewer(Some.Carol, 10), Is.Null, "the creator of the BreakGlass");
        Assert.That(Reviewer(Some.Bob, 10), Is.Null, "in none of the groups");
        Assert.That(Reviewer(Some.Bob, 10, Mode.Audit), Is.EqualTo("bob"), "the groups of a policy that does not enforce bind nobody");
        Assert.That(Reviewer(new Requester("dana", "", ["senior-engineers"]), 10), Is.Null, "a requester");
    }

    /// <summary>Without it the next revision would have no canary steps, because no proven revision would be known.</summary>
    [Test]
    public void RetentionKeepsTheLatestThatIsKnownToWork()
    {
        List<Change> changes =
        [
            .. Enumerable.Range(0, 20).Select(i => In(Phase.Completed, i) with { Name = $"c{i}", TemplateHash = $"v1:{i}" }),
            In(Phase.Proven, 60) with
            {
                Name = "proven",
                TemplateHash = "v1:20",
            },
            In(Phase.Proven, 90) with
            {
                Name = "before",
                TemplateHash = "v1:21",
            },
        ];

        Assert.That(
            Retention.Expendable(changes, "v1:0", 7, Some.Now).Select(c => c.Name),
            Does.Contain("before").And.Contain("c19").And.Not.Contain("proven")
        );
    }

    [Test]
    public void RetentionKeepsRunningAndUnreviewedChangesAndRollbackTargets()
    {
        var changes = Enumerable
            .Range(0, 20)
            .Select(i => In(Phase.Completed, i) with { Name = $"c{i}", TemplateHash = $"v1:{i}" })
            .ToList();
        changes[18] = changes[18] with { TemplateHash = s_hash };
        changes[19] = changes[19] with { BreakGlassUses = [new BreakGlassUse("g", "dana", Some.Now, null)] };

        Assert.That(
            Retention.Expendable(changes, s_hash, 7, Some.Now).Select(c => c.Name),
            Is.EqualTo(Enumerable.Range(7, 11).Select(i => $"c{i}"))
        );
        Assert.That(
            Retention.Expendable([In(Phase.Pending, 60 * 24 * 365), In(Phase.Expired, 60 * 24 * 6)], s_hash, 7, Some.Now),
            Is.Empty
        );
        Assert.That(Retention.Expendable([In(Phase.Expired, 60 * 24 * 7)], s_hash, 7, Some.Now).Count(), Is.EqualTo(1));
        Assert.That(Retention.Expendable([In(Phase.Proven, 60 * 24 * 30)], null, 7, Some.Now).Count(), Is.EqualTo(1));
        Assert.That(Retention.Expendable([In(Phase.Proven, 60 * 24 * 30)], "v1:other", 7, Some.Now), Is.Empty);
    }

    /// <summary>
    /// Rollbacks make other records recent: its ReplicaSet could otherwise get pods again, because nothing tells of the rejection.
    /// </summary>
    [TestCase("v1:0", true)]
    [TestCase(null, false)]
    public void ARejectedBreakGlassStaysOnRecordAsLongAsItsWorkload(string? runs, bool isKept)
    {
        List<Change> changes =
        [
            .. Enumerable.Range(0, 20).Select(i => In(Phase.Completed, i) with { Name = $"c{i}", TemplateHash = $"v1:{i}" }),
        ];
        changes[19] = changes[19] with { BreakGlassUses = [new BreakGlassUse("g", "dana", Some.Now, "carol") { IsRejected = true }] };

        var expendable = Retention.Expendable(changes, runs, 0, Some.Now).Select(c => c.Name);

        Assert.That(expendable, isKept ? Does.Not.Contain("c19").And.Contain("c18") : Does.Contain("c19"));
    }

    [Test]
    public void NewestPodsAndJobsOfEachRequesterAreKept()
    {
        Change Pod(int i, string by) =>
            In(Phase.Completed, i) with
            {
                Name = $"{by}{i}",
                Workload = new Workloads.WorkloadRef("", "Pod", "shop", $"p-{i}"),
                Requesters = [by],
            };
        List<Change> pods = [.. Enumerable.Range(0, 210).Select(i => Pod(i, "ci")), Pod(500, "dana")];
        pods[209] = pods[209] with { BreakGlassUses = [new BreakGlassUse("g", "ci", Some.Now, null)] };
        pods[208] = pods[208] with { Phase = Phase.Pending };

        Assert.That(Retention.Surplus(pods).Select(c => c.Name), Is.EqualTo(Enumerable.Range(200, 8).Select(i => $"ci{i}")));
    }

    private static Change In(Phase phase, int minutesAgo) =>
        Some.Change(s_deployment, phase) with
        {
            Since = Some.Now.AddMinutes(-minutesAgo),
        };
}

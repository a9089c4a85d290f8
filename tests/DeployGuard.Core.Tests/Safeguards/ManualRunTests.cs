using System.Text.Json.Nodes;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>
/// <c>kubectl create job --from=cronjob/report</c>: the run of an admitted schedule needs no approval, and nothing else passes.
/// </summary>
public class ManualRunTests
{
    [Test]
    public void TheTemplateOfAnAdmittedScheduleNeedsNoApproval() => Assert.That(Decide(Job(), Schedule(Phase.Completed)), Is.Empty);

    /// <summary>An auditor asks why it ran without an approval.</summary>
    [Test]
    public void TheRecordNamesTheScheduleAndItsChange() =>
        Assert.That(
            Some.Decide(Some.Create(Job()), Schedule(Phase.Completed)).Basis,
            Is.EqualTo(new[] { "a run of cronjob/report, which was admitted with this template (change cronjob-report-1)" })
        );

    [TestCase(Phase.Admitted, true)]
    [TestCase(Phase.Running, true)]
    [TestCase(Phase.Proven, true)]
    [TestCase(Phase.Pending, false)]
    [TestCase(Phase.Rejected, false)]
    [TestCase(Phase.Expired, false)]
    [TestCase(Phase.Withdrawn, false)]
    public void TheScheduleMustBeInForce(Phase phase, bool passes) =>
        Assert.That(Decide(Job(), Schedule(phase)), passes ? Is.Empty : Is.EqualTo(new[] { "ApprovalMissing" }));

    [Test]
    public void AnotherTemplateNeedsApproval() =>
        Assert.That(Decide(Job("evil:1"), Schedule(Phase.Completed)), Is.EqualTo(new[] { "ApprovalMissing" }));

    [Test]
    public void AnOwnerThatDoesNotExistIsNoReason() =>
        Assert.That(Decide(Job(), Schedule(Phase.Completed) with { Owners = [] }), Is.EqualTo(new[] { "ApprovalMissing" }));

    [Test]
    public void ATemplateThatTheScheduleHasNoMoreIsNoReason()
    {
        var changed = ScheduleOf("web:9").Read();

        Assert.That(Decide(Job(), Schedule(Phase.Completed) with { Owners = [changed] }), Is.EqualTo(new[] { "ApprovalMissing" }));
    }

    [Test]
    public void AnUnrecordedScheduleIsNoReason() =>
        Assert.That(Decide(Job(), Schedule(Phase.Completed) with { ScheduleChanges = [] }), Is.EqualTo(new[] { "ApprovalMissing" }));

    [Test]
    public void AnUnreviewedOrRejectedScheduleIsNoReason()
    {
        var cluster = Schedule(Phase.Running);
        var change = cluster.ScheduleChanges[0];
        var used = change with { BreakGlassUses = [new BreakGlassUse("g", "carol", Some.Now, null)] };
        var veto = Some.ApprovalOf(ScheduleOf(Some.Image), Some.Alice, Decision.Reject);

        Assert.That(Decide(Job(), cluster with { ScheduleChanges = [used] }), Is.EqualTo(new[] { "ApprovalMissing" }));
        Assert.That(Decide(Job(), cluster with { ScheduleVotes = [veto] }), Is.EqualTo(new[] { "ApprovalMissing" }));
        Assert.That(
            Decide(Job(), cluster with { ScheduleVotes = [veto with { Approver = Some.Bob }] }),
            Is.Empty,
            "a vote that does not count"
        );
    }

    [Test]
    public void APolicyThatDidNotEvaluateTheScheduleStillAsks()
    {
        var cluster = Schedule(Phase.Completed);
        var other = cluster.ScheduleChanges[0] with { Policies = ["another"] };

        Assert.That(Decide(Job(), cluster with { ScheduleChanges = [other] }), Is.EqualTo(new[] { "ApprovalMissing" }));
        Assert.That(Decide(Job(), cluster with { ScheduleChanges = [other with { Adopted = true }] }), Is.Empty);
    }

    [Test]
    public void ASuspendedScheduleIsNoReason()
    {
        var suspended = ScheduleOf(Some.Image);
        suspended["spec"]!["suspend"] = true;

        Assert.That(Decide(Job(), Schedule(Phase.Completed) with { Owners = [suspended.Read()] }), Is.EqualTo(new[] { "ApprovalMissing" }));
    }

    [Test]
    public void AnotherUidIsAnotherSchedule() =>
        Assert.That(Decide(Job(uid: "u-2"), Schedule(Phase.Completed)), Is.EqualTo(new[] { "ApprovalMissing" }));

    [Test]
    public void APolicyThatPinsImagesStillDoes()
    {
        var job = Job("web:1");
        var schedule = ScheduleOf("web:1").Read();
        var cluster = Schedule(Phase.Completed) with
        {
            Owners = [schedule],
            ScheduleChanges = [Recorded(schedule, Phase.Completed)],
            Policies =
            [
                Some.Policy("""{"images": {"pin": "Digest"}, "approval": {"quorum": [{"groups": ["senior-engineers"], "count": 1}]}}"""),
            ],
        };

        Assert.That(Decide(job, cluster), Is.EqualTo(new[] { "ImageNotPinned" }));
    }

    private static IEnumerable<string> Decide(JsonObject job, ClusterSnapshot cluster) =>
        Some.Decide(Some.Create(job), cluster).Denials.Select(d => d.Finding.Reason);

    private static ClusterSnapshot Schedule(Phase phase)
    {
        var owner = ScheduleOf(Some.Image).Read();
        return new ClusterSnapshot
        {
            Policies = [Some.OneSenior],
            Owners = [owner],
            ScheduleChanges = [Recorded(owner, phase)],
        };
    }

    private static Change Recorded(Workload owner, Phase phase) =>
        new()
        {
            Name = "cronjob-report-1",
            Workload = owner.Ref,
            TemplateHash = owner.Template.Hash,
            Phase = phase,
            Policies = [Some.OneSenior.Name],
        };

    private static JsonObject Job(string image = Some.Image, string uid = "u-1") =>
        Some.Parse(
            $$$"""
            {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "report-now", "namespace": "shop",
              "ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob", "name": "report", "uid": "{{{uid}}}", "controller": true}]},
             "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "report", "image": "{{{image}}}"}] } } } }
            """
        );

    private static JsonObject ScheduleOf(string image) =>
        Some.Parse(
            $$$"""
            {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "report", "namespace": "shop", "uid": "u-1"},
             "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never",
              "containers": [{"name": "report", "image": "{{{image}}}"}] } } } } } }
            """
        );
}

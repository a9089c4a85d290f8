using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Snapshots;
using static DeployGuard.Core.Tests.Shop;

namespace DeployGuard.Core.Tests;

/// <summary>
/// A revision may serve again as many pods as it did recently, and a completed one may be created again: a rollback up to its former size.
/// </summary>
public class ServedBeforeTests
{
    private const string Refused = "20 of 20 pods (100%) behind Service web would be unproven";

    private static readonly Requester s_autoscaler = new("system:serviceaccount:kube-system:horizontal-pod-autoscaler", "", []);

    [Test]
    public void AutoscalerGoesToFourAndBackToTen()
    {
        var objects = Completed(4, c => c with { Served = [ServedBy(10, minutesAgo: 5)] });

        Expect(objects, Scale(Web(4, V2), 10, s_autoscaler), null);
        Expect(objects, Scale(Web(4, V2), 11, s_autoscaler), "11 of 20 pods (55%) behind Service web would be unproven");
        Expect(
            Completed(4, c => c with { Served = [ServedBy(10, minutesAgo: 61)] }),
            Scale(Web(4, V2), 10, s_autoscaler),
            "10 of 20 pods (50%) behind Service web would be unproven"
        );
        Expect(
            Completed(4, c => c with { Served = [ServedBy(10, minutesAgo: 600) with { IsPresent = true }] }),
            Scale(Web(4, V2), 10, s_autoscaler),
            null
        );
    }

    [Test]
    public void PersonMayScaleLikeAnAutoscaler() =>
        Expect(Completed(8, c => c with { Served = [ServedBy(20, 5)] }), Some.Update(Web(8, V2), Web(20, V2)), null);

    [Test]
    public void RejectedRevisionMayNotServeAgain()
    {
        var objects = Completed(8, c => c with { Served = [ServedBy(20, 5)] });

        Expect(
            objects with
            {
                Votes = [Some.ApprovalOf(Web(8, V2), Some.Carol, Decision.Reject)],
            },
            Scale(Web(8, V2), 20, s_autoscaler),
            Refused
        );
    }

    [TestCase(null, Refused)]
    [TestCase("alice", null, Description = "another person reviewed it")]
    public void RevisionServedUnderABreakGlassMayNotServeAgainBeforeItsReview(string? reviewer, string? refusal) =>
        Expect(
            Completed(
                8,
                c =>
                    c with
                    {
                        Served = [ServedBy(20, 5)],
                        BreakGlassUses = [new BreakGlassUse("g", "dana", Some.Now.AddHours(-1), reviewer)],
                    }
            ),
            Scale(Web(8, V2), 20, s_autoscaler),
            refusal
        );

    [Test]
    public void PodsServedByAnotherRevisionOrInAnotherPoolDoNotCount()
    {
        Expect(Completed(8, c => c), Scale(Web(8, V2), 20, s_autoscaler), Refused);
        Expect(
            Completed(8, c => c with { Served = [ServedBy(20, 5) with { Pool = "Service api" }] }),
            Scale(Web(8, V2), 20, s_autoscaler),
            Refused
        );
        Expect(
            Completed(8, c => c with { Phase = Phase.Running, Served = [ServedBy(20, 5)] }),
            Scale(Web(8, V2), 20, s_autoscaler),
            Refused
        );
    }

    [TestCase(Phase.Completed, 20, 20, ChangeType.Rollback, null)]
    [TestCase(Phase.Completed, 19, 20, ChangeType.Rollback, Refused, Description = "it completed on fewer")]
    [TestCase(Phase.Proven, 1, 20, ChangeType.Rollback, null, Description = "a proven revision may have any size")]
    [TestCase(Phase.Running, 0, 20, ChangeType.NewRevision, Refused)]
    [TestCase(Phase.Expired, 0, 20, ChangeType.NewRevision, Refused)]
    public void WorkloadCreatedAgain(Phase phase, int completedOn, int replicas, ChangeType type, string? refusal)
    {
        var gone = Completed(20, c => c with { Phase = phase, CompletedPods = completedOn, Served = [ServedBy(20, minutesAgo: 600)] }) with
        {
            Workloads = [],
            Pods = [],
        };

        Assert.That(gone.Decide(Some.Create(Web(replicas, V2), Some.Machine)).Evaluated.ChangeType, Is.EqualTo(type));
        Expect(gone, Some.Create(Web(replicas, V2), Some.Machine), refusal);
    }

    [Test]
    public void RevisionCompletedForOtherUsersIsUnprovenHere()
    {
        var gone = Completed(
            20,
            c => c with { CompletedPods = 20, Served = [ServedBy(20, minutesAgo: 600) with { Pool = "Service api" }] }
        ) with
        {
            Workloads = [],
            Pods = [],
        };

        Expect(gone, Some.Create(Web(20, V2), Some.Machine), Refused);
    }

    /// <summary>Ten pods completed behind another Service and one pod served here: here only one counts.</summary>
    [TestCase(Phase.Completed, 20, null)]
    [TestCase(Phase.Completed, 19, Refused)]
    [TestCase(Phase.Proven, 19, Refused, Description = "it was proven for other users")]
    public void RollbackIsLimitedToItsFormerSizeInThisPool(Phase phase, int most, string? refusal)
    {
        var gone = Completed(
            20,
            c =>
                c with
                {
                    Phase = phase,
                    CompletedPods = 20,
                    Served = [ServedBy(20, minutesAgo: 600) with { Pods = 0, MaxPods = most, WasOnlyUnproven = true }],
                }
        ) with
        {
            Workloads = [],
            Pods = [],
        };

        Expect(gone, Some.Create(Web(20, V2), Some.Machine), refusal);
    }

    /// <summary>
    /// If every record is lost, the former size of the older revision is unknown: a rollback may replace the current pods, and no more.
    /// </summary>
    [TestCase(20, null)]
    [TestCase(21, "21 of 41 pods (51%) behind Service web would be unproven")]
    public void WithoutRecordsARollbackIsLimitedToTheCurrentSize(int replicas, string? refusal)
    {
        var objects = WithoutRecords();

        Assert.That(
            objects.Decide(Some.Update(Web(20), Web(replicas, V2))).Evaluated.ChangeType,
            Is.EqualTo(ChangeType.Rollback),
            "it needs no approval"
        );
        Expect(objects, Some.Update(Web(20), Web(replicas, V2)), refusal);
    }

    [TestCase(20, null)]
    [TestCase(21, "21 of 41 pods (51%) behind Service web would be unproven")]
    public void RecoveredRecordLimitsTheRollbackToTheCurrentSize(int replicas, string? refusal) =>
        Expect(WithoutRecords().With(s_recovered), Some.Update(Web(20), Web(replicas, V2)), refusal);

    /// <summary>A workload that is created again has no running pods to replace.</summary>
    [Test]
    public void RecoveredRecordIsNoEvidenceForAWorkloadCreatedAgain()
    {
        var objects = Empty.Running(C(20, V1), Phase.Proven).With(s_recovered);

        Assert.That(objects.Decide(Some.Create(Web(20, V2))).Evaluated.ChangeType, Is.EqualTo(ChangeType.Rollback));
        Expect(objects, Some.Create(Web(20, V2)), "20 of 40 pods (50%) behind Service web would be unproven");
    }

    [TestCase("Service web", 3, "20 of 40 pods (50%) behind Service web would be unproven")]
    [TestCase("Service web", 20, null)]
    [TestCase("Service api", 20, "20 of 40 pods (50%) behind Service web would be unproven")]
    public void RecoveredRecordIsLimitedToTheSizeThatWasObservedInThisPool(string pool, int most, string? refusal) =>
        Expect(
            WithoutRecords().With(s_recovered with { Served = [ServedBy(0, minutesAgo: 600) with { Pool = pool, MaxPods = most }] }),
            Some.Update(Web(20), Web(20, V2)),
            refusal
        );

    /// <summary>The adoption recorded no pools: a workload that ran before the namespace was guarded may have any size.</summary>
    [Test]
    public void AdoptedRevisionMayHaveAnySize() =>
        Expect(WithoutRecords().With(s_recovered with { Phase = Phase.Proven }), Some.Update(Web(20), Web(21, V2)), null);

    [Test]
    public void RevisionOfAnotherNameIsNoRollback()
    {
        var gone = Completed(20, c => c with { CompletedPods = 20 }) with { Workloads = [], Pods = [] };

        Assert.That(
            gone.Decide(Some.Create(Deployment("web-2", 20, V2), Some.Machine)).Evaluated.ChangeType,
            Is.EqualTo(ChangeType.NewRevision)
        );
    }

    [Test]
    public void RevisionAdmittedByBreakGlassIsCreatedAgainOnlyAfterItsReview()
    {
        NamespaceObjects Gone(string? reviewer) =>
            Completed(
                20,
                c => c with { CompletedPods = 20, BreakGlassUses = [new BreakGlassUse("g", "dana", Some.Now.AddHours(-1), reviewer)] }
            ) with
            {
                Workloads = [],
                Pods = [],
            };

        Assert.That(Gone(null).Decide(Some.Create(Web(20, V2))).Evaluated.ChangeType, Is.EqualTo(ChangeType.NewRevision));
        Assert.That(Gone("alice").Decide(Some.Create(Web(20, V2))).Evaluated.ChangeType, Is.EqualTo(ChangeType.Rollback));
    }

    private static readonly Change s_recovered = Some.Change(Web(20, V2), Phase.Completed) with { Adopted = true };

    /// <summary>Web runs v1, which only the record of another workload proves, and its ReplicaSet of v2 is kept.</summary>
    private static NamespaceObjects WithoutRecords()
    {
        var objects = Empty.Running(C(20, V1), Phase.Proven).Running(Web(20), Phase.Proven).With(SetOf(Web(20, V2), Second, 0).Live());
        return objects with { Changes = [.. objects.Changes.Where(c => c.Workload.Name != "web")] };
    }

    /// <summary>Web completed v2 in place; 20 pods of proven v1 served until half an hour ago.</summary>
    private static NamespaceObjects Completed(int replicas, Func<Change, Change> alter)
    {
        var web = Web(replicas, V2);
        return Empty.Running(web, Phase.Completed, minutes: 4) with
        {
            Changes = [alter(Some.Change(web, Phase.Completed)), Some.Change(Web(20), Phase.Proven) with { Served = [ServedBy(20, 30)] }],
        };
    }

    private static ServedPool ServedBy(int pods, int minutesAgo) =>
        new("Service web", pods, Some.Now.AddMinutes(-minutesAgo)) { Selector = "app=web" };

    private static void Expect(NamespaceObjects objects, Request request, string? refusal) =>
        Assert.That(objects.Refusal(request), refusal is null ? Is.Null : Does.StartWith(refusal));
}

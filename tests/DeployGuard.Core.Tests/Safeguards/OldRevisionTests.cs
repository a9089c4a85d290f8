using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>The ReplicaSets that a Deployment keeps with no pods: revisions that it left.</summary>
public class OldRevisionTests
{
    private static JsonObject Web => Shop.Web(4);

    private static JsonObject LeftWeb => Shop.Web(4, Shop.V2);

    private static readonly BreakGlassUse s_rejected = new("g", "olga", Some.Now.AddHours(-1), "carol") { IsRejected = true };

    private static readonly Change s_current = Some.Change(Web, Phase.Completed);

    public static IEnumerable<TestCaseData> Left()
    {
        var rejected = Some.Change(LeftWeb, Phase.Completed) with { BreakGlassUses = [s_rejected] };
        var awaiting = rejected with { BreakGlassUses = [s_rejected with { ReviewedBy = null, IsRejected = false }] };
        yield return new TestCaseData(rejected, "that carol rejected (change deployment-web-").SetArgDisplayNames("rejected");
        yield return new TestCaseData(awaiting, "that awaits the review of its break-glass").SetArgDisplayNames("awaiting a review");
        yield return new TestCaseData(Some.Change(LeftWeb, Phase.Expired), "that never completed").SetArgDisplayNames("never completed");
        yield return new TestCaseData(Some.Change(LeftWeb, Phase.Completed), null).SetArgDisplayNames("completed");
    }

    [TestCaseSource(nameof(Left))]
    public void AReplicaSetOfARevisionThatMustNotServeIsNotRaised(Change left, string? refusal)
    {
        var set = Shop.SetOf(LeftWeb, Shop.Second, 0);

        var live = Message(Some.Update(set, Shop.SetOf(LeftWeb, Shop.Second, 4)), left, owner: Web);
        var orphaned = Message(Some.Update(Orphan(set), Orphan(Shop.SetOf(LeftWeb, Shop.Second, 4))), left, owner: null);
        var scaled = Message(Shop.Scale(set, 4), left, owner: Web, parent: set);

        Assert.That(new[] { live, orphaned, scaled }, refusal is null ? Has.All.Null : Has.All.Contains(refusal));
    }

    [Test]
    public void TheRevisionThatItsDeploymentRunsIsRaisedWithIt()
    {
        var set = Shop.SetOf(LeftWeb, Shop.Second, 1);

        Assert.That(
            Message(Some.Update(set, Shop.SetOf(LeftWeb, Shop.Second, 4)), Some.Change(LeftWeb, Phase.Running), owner: LeftWeb),
            Is.Null
        );
    }

    /// <summary>Its controller gives it pods: the Deployment went back to it, or is paused and lost the ReplicaSet that served.</summary>
    [TestCase(false, false, true, TestName = "the Deployment runs another revision")]
    [TestCase(true, false, true, TestName = "the Deployment is paused")]
    [TestCase(false, true, false, TestName = "the Deployment runs it")]
    public void TheControllerGivesNoPodsToARejectedRevision(bool isPaused, bool runsIt, bool isRefused)
    {
        var rejected = Some.Change(LeftWeb, Phase.Completed) with { BreakGlassUses = [s_rejected] };
        var owner = (runsIt ? LeftWeb : Web).With("spec/paused", isPaused ? "true" : "false");

        var message = Message(ByController(0), rejected, owner);

        Assert.That(message, isRefused ? Does.Contain("has a revision of deployment/web that carol rejected") : Is.Null);
        Assert.That(Message(ByController(1), rejected, owner), Is.Null, "it has pods already");
    }

    /// <summary>The cache may lag behind a Deployment that went on; one that is paused goes nowhere.</summary>
    [TestCase(true)]
    [TestCase(false)]
    public void WhatNeverCompletedIsRefusedToTheControllerOfAPausedDeployment(bool isPaused)
    {
        var owner = Web.With("spec/paused", isPaused ? "true" : "false");

        var expired = Message(ByController(0), Some.Change(LeftWeb, Phase.Expired), owner);
        var unknown = Message(ByController(0), null, owner);
        var completed = Message(ByController(0), Some.Change(LeftWeb, Phase.Completed), owner);

        Assert.That(expired, isPaused ? Does.Contain("that never completed") : Is.Null);
        Assert.That(unknown, isPaused ? Does.EndWith("has a revision of deployment/web that has no record") : Is.Null);
        Assert.That(completed, Is.Null);
    }

    [Test]
    public void AReplicaSetWithoutARecordIsNotRaisedBesideOthersThatHaveOne()
    {
        var raised = Some.Update(Orphan(Shop.SetOf(LeftWeb, Shop.Second, 0)), Orphan(Shop.SetOf(LeftWeb, Shop.Second, 4)));

        Assert.That(Message(raised, null, owner: null), Does.EndWith("that has no record"));
        Assert.That(Some.Decide(raised, new ClusterSnapshot { Policies = [Some.OneSenior] }).IsAllowed, Is.True, "it stands alone");
    }

    private static WorkloadRequest ByController(int before) =>
        Some.Update(
            Shop.SetOf(LeftWeb, Shop.Second, before),
            Shop.SetOf(LeftWeb, Shop.Second, 4),
            new Requester("system:serviceaccount:kube-system:deployment-controller", "", [])
        );

    private static JsonObject Orphan(JsonObject set) => set.DeepClone().AsObject().With("metadata/ownerReferences", "[]");

    private static string? Message(Request request, Change? left, JsonObject? owner, JsonObject? parent = null) =>
        Some.Decide(
                request,
                new ClusterSnapshot
                {
                    Policies = [Some.OneSenior],
                    RevisionChanges = left is null ? [s_current] : [s_current, left],
                    Owners = owner is null ? [] : [owner.Read()],
                    Parent = parent?.Read(),
                }
            )
            .Denials.SingleOrDefault()
            ?.Finding.Message;
}

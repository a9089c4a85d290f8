using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
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

    [TestCase(true)]
    [TestCase(false)]
    public void APausedDeploymentKeepsTheReplicaSetOfItsRevision(bool isPaused)
    {
        var rejected = Some.Change(LeftWeb, Phase.Completed) with { BreakGlassUses = [s_rejected] };
        var owner = Web.With("spec/paused", isPaused ? "true" : "false");

        var deleted = Message(Shop.Delete(Shop.SetOf(Web)), rejected, owner);

        Assert.That(
            deleted,
            isPaused
                ? Does.Contain("while deployment/web is paused, its controller may give these pods to a revision that carol rejected")
                : Is.Null
        );
    }

    [Test]
    public void ADeploymentThatIsMadePausedAdoptsNoRejectedRevision()
    {
        var rejected = Some.Change(LeftWeb, Phase.Completed) with { BreakGlassUses = [s_rejected] };

        Assert.That(Message(Some.Create(Web.With("spec/paused", "true")), rejected, null), Does.Contain("is paused"));
        Assert.That(Message(Some.Create(Web), rejected, null), Is.Null);
    }

    private static JsonObject Orphan(JsonObject set) => set.With("metadata/ownerReferences", "[]");

    private static string? Message(Request request, Change left, JsonObject? owner, JsonObject? parent = null) =>
        Some.Decide(
                request,
                new ClusterSnapshot
                {
                    Policies = [Some.OneSenior],
                    Changes = request.Target.Type.HasReplicaSets ? [s_current, left] : [],
                    RevisionChanges = request.Target.Type.HoldsOneRevision ? [s_current, left] : [],
                    Owners = owner is null ? [] : [owner.Read()],
                    Parent = parent?.Read(),
                }
            )
            .Denials.SingleOrDefault()
            ?.Finding.Message;
}

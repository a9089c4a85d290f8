using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
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

    /// <summary>Each way to take pods from the ReplicaSet that serves, beside one that the Deployment keeps.</summary>
    public static IEnumerable<TestCaseData> Losses()
    {
        var serving = Shop.SetOf(Web);
        yield return new TestCaseData(Shop.Delete(serving), null).SetArgDisplayNames("deleted");
        yield return new TestCaseData(Some.Update(serving, Shop.SetOf(Web, replicas: 0)), null).SetArgDisplayNames("no pods");
        yield return new TestCaseData(Shop.Scale(serving, 0), serving).SetArgDisplayNames("scaled");
        yield return new TestCaseData(Some.Update(serving, Relabelled(serving)), null).SetArgDisplayNames("relabelled");
        yield return new TestCaseData(Some.Update(serving, Orphan(serving)), null).SetArgDisplayNames("without its owner");
    }

    [TestCaseSource(nameof(Losses))]
    public void TheReplicaSetThatServesKeepsItsPodsBesideARejectedRevision(Request request, JsonObject? parent)
    {
        const string Paused = "while deployment/web is paused, its controller may give these pods to replicaset/web-";
        var rejected = Some.Change(LeftWeb, Phase.Completed) with { BreakGlassUses = [s_rejected] };
        var neverCompleted = Some.Change(LeftWeb, Phase.Expired);
        var completed = Some.Change(LeftWeb, Phase.Completed);

        Assert.That(Message(request, rejected, PausedWeb, parent), Does.StartWith(Paused).And.Contain("a revision that carol rejected"));
        Assert.That(Message(request, neverCompleted, PausedWeb, parent), Does.StartWith(Paused));
        Assert.That(Message(request, completed, PausedWeb, parent), Is.Null);
        Assert.That(Message(request, null, PausedWeb, parent), Does.StartWith(Paused).And.EndsWith("a revision that has no record"));
        // Its controller makes another of the same revision, unless it is paused in time.
        Assert.That(Message(request, rejected, Web, parent), Does.Contain("once paused, it could give these pods to that revision"));
        Assert.That(Message(request, neverCompleted, Web, parent), Is.Null);
    }

    /// <summary>Its controller makes no ReplicaSet: with no pods anywhere, it takes the newest one that is there.</summary>
    [TestCase(0, 0, true, TestName = "had no pods")]
    [TestCase(0, 4, true, TestName = "had no pods, but the cache shows some")]
    [TestCase(4, 4, false, TestName = "its own revision serves")]
    [TestCase(4, 0, true, TestName = "nothing serves")]
    public void APausedDeploymentDoesNotComeBackBesideSuchARevision(int replicas, int serving, bool isRefused)
    {
        var rejected = Some.Change(LeftWeb, Phase.Completed) with { BreakGlassUses = [s_rejected] };
        var (before, after) = (Shop.Web(replicas), PausedWeb.With("spec/replicas", "5"));

        var updated = Message(Some.Update(before, after), rejected, null, serving: serving);
        var scaled = Message(Shop.Scale(before, 5), rejected, null, before.With("spec/paused", "true"), serving);
        var resumed = Message(Some.Update(before, Shop.Web(5)), rejected, null, serving: serving);

        Assert.That(new[] { updated, scaled }, isRefused ? Has.All.Contains("its controller may give these pods") : Has.All.Null);
        Assert.That(resumed, Is.Null);
    }

    /// <summary>The ReplicaSet is named after the Deployment that it left, and its record is there.</summary>
    [Test]
    public void APausedDeploymentOfAnotherNameAdoptsNoRejectedRevision()
    {
        var rejected = Some.Change(LeftWeb, Phase.Completed) with { BreakGlassUses = [s_rejected] };
        var other = PausedWeb.With("metadata/name", "\"other\"").With("metadata/uid", "\"uid-other\"");
        var orphan = Orphan(Shop.SetOf(LeftWeb, Shop.Second, 0));

        var created = Refusals(Some.Create(other), new() { RevisionSets = [Kept(orphan, rejected)] });
        var joining = Refusals(
            Some.Update(Relabelled(orphan), orphan),
            new() { SetUsers = [other.Read()], RevisionSets = [Kept(orphan, rejected)] }
        );
        var beside = Refusals(Some.Create(other), new() { RevisionSets = [Kept(Shop.SetOf(LeftWeb, Shop.Second, 0), rejected)] });

        Assert.That(created.Single(), Does.StartWith("while deployment/other is paused").And.Contain("carol rejected"));
        Assert.That(joining.Single(), Does.Contain(" has a revision of deployment/web that carol rejected"));
        Assert.That(beside, Is.Empty, "it has an owner");
    }

    [Test]
    public void APausedDeploymentTakesBackAReplicaSetOfARevisionThatCompleted() =>
        Assert.That(
            Refusals(
                Some.Update(Relabelled(Shop.SetOf(LeftWeb, Shop.Second, 0)), Shop.SetOf(LeftWeb, Shop.Second, 0)),
                new()
                {
                    SetUsers = [PausedWeb.Read()],
                    RevisionSets = [Kept(Shop.SetOf(LeftWeb, Shop.Second, 0), Some.Change(LeftWeb, Phase.Completed))],
                }
            ),
            Is.Empty
        );

    private static JsonObject PausedWeb => Web.With("spec/paused", "true");

    private static JsonObject Orphan(JsonObject set) => set.DeepClone().AsObject().With("metadata/ownerReferences", "[]");

    private static JsonObject Relabelled(JsonObject set) => set.DeepClone().AsObject().With("metadata/labels/track", "\"x\"");

    private static RevisionSet Kept(JsonObject set, params IEnumerable<Change> changes) => new(set.Read(), [.. changes]);

    private static string? Message(Request request, Change? left, JsonObject? owner, JsonObject? parent = null, int serving = 4)
    {
        Change[] records = left is null ? [s_current] : [s_current, left];
        return Refusals(
                request,
                new ClusterSnapshot
                {
                    Changes = request.Target.Type.HasReplicaSets ? records : [],
                    SetUsers = owner is null || request.Target.Type.HasReplicaSets ? [] : [owner.Read()],
                    RevisionSets = [Kept(Shop.SetOf(Web, replicas: serving), records), Kept(Shop.SetOf(LeftWeb, Shop.Second, 0), records)],
                    Parent = parent?.Read(),
                }
            )
            .SingleOrDefault();
    }

    private static IEnumerable<string> Refusals(Request request, ClusterSnapshot cluster) =>
        Some.Decide(request, cluster with { Policies = [Some.OneSenior] })
            .Denials.Where(d => d.Finding.Reason == Reasons.OldRevision.Code)
            .Select(d => d.Finding.Message);
}

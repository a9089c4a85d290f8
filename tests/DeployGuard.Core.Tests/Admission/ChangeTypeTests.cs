using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

public class ChangeTypeTests
{
    private static readonly ClusterSnapshot s_guarded = new() { Policies = [Some.OneSenior] };

    private static readonly ClusterSnapshot s_v1Completed = s_guarded with { Changes = [Some.Change(Some.Deployment(), Phase.Completed)] };

    public static IEnumerable<TestCaseData> Requests()
    {
        var v1 = Some.Deployment();
        var v2 = Some.Deployment(Some.OtherImage);
        yield return Case("a create", Some.Create(v1), ChangeType.NewRevision);
        yield return Case("another image", Some.Update(v1, v2), ChangeType.NewRevision);
        yield return Case(
            "another image with fewer replicas",
            Some.Update(v1, Some.Deployment(Some.OtherImage, 1)),
            ChangeType.NewRevision
        );
        yield return Case(
            "another environment",
            Some.Update(v1, Some.Deployment().With("spec/template/spec/containers/0/env", """[{"name": "A", "value": "1"}]""")),
            ChangeType.NewRevision
        );
        yield return Case("a delete", Some.Create(v1) with { Operation = Operation.Delete, After = null }, ChangeType.NothingToGuard);
        yield return Case(
            "a restart",
            Some.Update(v1, Some.Deployment().Annotated("kubectl.kubernetes.io/restartedAt", "now")),
            ChangeType.NothingToGuard
        );
        yield return Case("a scale-down", Some.Update(v1, Some.Deployment(replicas: 1)), ChangeType.LessExposure);
        yield return Case("a scale-up", Some.Update(v1, Some.Deployment(replicas: 9)), ChangeType.MoreExposure);
        yield return Case("pausing", Some.Update(v1, Some.Deployment().With("spec/paused", "true")), ChangeType.NothingToGuard);
        yield return Case("resuming", Some.Update(Some.Deployment().With("spec/paused", "true"), v1), ChangeType.MoreExposure);
        yield return Case(
            "Recreate",
            Some.Update(v1, Some.Deployment().With("spec/strategy", """{"type": "Recreate"}""")),
            ChangeType.MoreExposure
        );
        yield return Case(
            "a larger surge",
            Some.Update(v1, Some.Deployment().With("spec/strategy/rollingUpdate/maxSurge", "\"100%\"")),
            ChangeType.MoreExposure
        );
        yield return Case(
            "a shorter minReadySeconds",
            Some.Update(Some.Deployment().With("spec/minReadySeconds", "60"), v1),
            ChangeType.MoreExposure
        );
        yield return Case(
            "a slower pace",
            Some.Update(v1, Some.Deployment().With("spec/minReadySeconds", "60")),
            ChangeType.NothingToGuard
        );
        yield return Case(
            "a label of the workload",
            Some.Update(v1, Some.Deployment().With("metadata/labels/team", "\"a\"")),
            ChangeType.NothingToGuard
        );
        yield return Case("a status", Some.Update(v1, v2) with { SubResource = "status" }, ChangeType.NothingToGuard);
        yield return Case("more by /scale", Scale(3, 5), ChangeType.MoreExposure);
        yield return Case("less by /scale", Scale(5, 3), ChangeType.LessExposure);
        yield return Case("an unknown kind", Opaque("Rollout", metadataOnly: false), ChangeType.NotUnderstood);
        yield return Case("metadata of an unknown kind", Opaque("Rollout", metadataOnly: true), ChangeType.NothingToGuard);
        yield return Case("a ControllerRevision by a person", Opaque("ControllerRevision", metadataOnly: false), ChangeType.NotUnderstood);
    }

    [TestCase("""["sed", "s/\\uFFFD//"]""", false)]
    [TestCase("""["sed", "s/\\\\uFFFD//"]""", false)]
    [TestCase("""["sed", "s/\\\uFFFD//"]""", true)]
    [TestCase("""["\\uFFFD", "\ufffd"]""", true)]
    [TestCase("""["\uD83D\uDE00"]""", false)]
    public void LiteralEscapeIsNotTheReplacementCharacter(string command, bool isLost)
    {
        var template = Some.Deployment().With("spec/template/spec/containers/0/command", command).Read().Template;

        Assert.That(template.HasLostText, Is.EqualTo(isLost));
        Assert.That(template.Canonical?.HasLostText, Is.EqualTo(isLost));
    }

    /// <summary>As an API server shows invalid UTF-8, which its binary form admits.</summary>
    [Test]
    public void TemplateWithInvalidUtf8IsNotUnderstood()
    {
        var lost = Some.Deployment().With("spec/template/spec/containers/0/command", "[\"/bin/\ufffd\"]");
        var cluster = new ClusterSnapshot { Policies = [Some.OneSenior] };

        Assert.That(Some.Decide(Some.Create(lost), cluster).Reasons(), Is.EqualTo(new[] { "TextNotUtf8" }));
        Assert.That(
            Some.Decide(Some.Update(lost, lost), cluster).Reasons(),
            Is.EqualTo(new[] { "TextNotUtf8" }),
            "other bytes may be behind the same character"
        );
    }

    [TestCaseSource(nameof(Requests))]
    public void ARequestMeans(Request request, ChangeType type) =>
        Assert.That(Some.Decide(request, s_guarded).Evaluated.ChangeType, Is.EqualTo(type));

    [Test]
    public void GoingBackToACompletedRevisionIsARollback() =>
        Assert.That(
            Some.Decide(Some.Update(Some.Deployment(Some.OtherImage), Some.Deployment()), s_v1Completed).Evaluated.ChangeType,
            Is.EqualTo(ChangeType.Rollback)
        );

    [Test]
    public void GoingBackToARevisionThatNeverCompletedIsNoRollback()
    {
        var cluster = s_guarded with { Changes = [Some.Change(Some.Deployment(), Phase.Running)] };

        Assert.That(
            Some.Decide(Some.Update(Some.Deployment(Some.OtherImage), Some.Deployment()), cluster).Evaluated.ChangeType,
            Is.EqualTo(ChangeType.NewRevision)
        );
    }

    [Test]
    public void CreatingACompletedRevisionAgainIsARollback() =>
        Assert.That(Some.Decide(Some.Create(Some.Deployment()), s_v1Completed).Evaluated.ChangeType, Is.EqualTo(ChangeType.Rollback));

    [Test]
    public void AReplicaSetUnderTheNameOfACompletedRevisionIsNoHistory()
    {
        var template = Some.Deployment().Read().Template.Hash;
        var recorded = Some.Change(Some.Deployment(Some.OtherImage), Phase.Completed) with
        {
            OwnedRevision = "web-1",
            OwnedUid = "uid-1",
            OwnedHash = template,
        };
        var forged = s_guarded with { Changes = [recorded], History = [new OwnedRevision("web-1", template, "uid-2")] };
        var edited = s_guarded with
        {
            Changes = [recorded with { OwnedHash = "v2:" + new string('0', 64) }],
            History = [new OwnedRevision("web-1", template, "uid-1")],
        };

        Assert.That(
            Some.Decide(Some.Update(Some.Deployment(Some.OtherImage), Some.Deployment()), forged).Evaluated.ChangeType,
            Is.EqualTo(ChangeType.NewRevision)
        );
        Assert.That(
            Some.Decide(Some.Update(Some.Deployment(Some.OtherImage), Some.Deployment()), edited).Evaluated.ChangeType,
            Is.EqualTo(ChangeType.NewRevision)
        );
    }

    [Test]
    public void AnUnrecordedWorkloadAfterAdoptionHasNoHistory()
    {
        var cluster = s_guarded with
        {
            HadRecords = false,
            History = [new OwnedRevision("web-1", Some.Deployment().Read().Template.Hash, "uid-1")],
        };

        Assert.That(
            Some.Decide(Some.Update(Some.Deployment(Some.OtherImage), Some.Deployment()), cluster).Evaluated.ChangeType,
            Is.EqualTo(ChangeType.NewRevision)
        );
    }

    [Test]
    public void HashChangedByAServerUpgradeStillAllowsTheRollback()
    {
        var recorded = Some.Change(Some.Deployment(), Phase.Completed) with
        {
            TemplateHash = "v1:" + new string('0', 64),
            OwnedUid = "uid-1",
            OwnedHash = Some.Deployment().Read().Template.Hash,
        };
        var cluster = s_guarded with
        {
            Changes = [recorded],
            History = [new OwnedRevision("web-1", Some.Deployment().Read().Template.Hash, "uid-1")],
        };

        Assert.That(
            Some.Decide(Some.Update(Some.Deployment(Some.OtherImage), Some.Deployment()), cluster).Evaluated.ChangeType,
            Is.EqualTo(ChangeType.Rollback)
        );
    }

    [TestCase(false)]
    [TestCase(true)]
    public void WithoutRecordsTheLiveHistoryCountsAsCompleted(bool refusedJustNow)
    {
        var v1 = Some.Deployment();
        var cluster = s_guarded with
        {
            History = [new OwnedRevision("web-1", v1.Read().Template.Hash)],
            Changes = refusedJustNow ? [Some.Change(Some.Deployment("x:3"), Phase.Pending)] : [],
        };

        Assert.That(
            Some.Decide(Some.Update(Some.Deployment(Some.OtherImage), v1), cluster).Evaluated.ChangeType,
            Is.EqualTo(ChangeType.Rollback)
        );
    }

    [TestCase("system:serviceaccount:kube-system:deployment-controller", "ReplicaSet", ExpectedResult = ChangeType.NothingToGuard)]
    [TestCase("system:kube-controller-manager", "ReplicaSet", ExpectedResult = ChangeType.NothingToGuard)]
    [TestCase("system:serviceaccount:kube-system:deployment-controller", "Deployment", ExpectedResult = ChangeType.NewRevision)]
    [TestCase("system:serviceaccount:shop:deployment-controller", "ReplicaSet", ExpectedResult = ChangeType.NewRevision)]
    [TestCase("dana", "ReplicaSet", ExpectedResult = ChangeType.NewRevision)]
    public ChangeType RequesterDecidesAndNotTheClaimOfTheObject(string user, string kind)
    {
        var owned = Some.Deployment()
            .With("kind", $"\"{kind}\"")
            .With("metadata/ownerReferences", """[{"kind": "Deployment", "name": "web", "uid": "u1", "controller": true}]""");

        return Some.Decide(Some.Create(owned, new Requester(user, "", [])), s_guarded).Evaluated.ChangeType;
    }

    [Test]
    public void PodIsComparedByItsImages()
    {
        JsonObject Pod(string image, string node) =>
            Some.Parse(
                $$"""
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"hostname": "{{node}}", "containers": [{"name": "a", "image": "{{image}}"}] } }
                """
            );

        Assert.That(
            Some.Decide(Some.Update(Pod("a:1", "x"), Pod("a:1", "y")), s_guarded).Evaluated.ChangeType,
            Is.EqualTo(ChangeType.NothingToGuard)
        );
        Assert.That(
            Some.Decide(Some.Update(Pod("a:1", "x"), Pod("a:2", "x")), s_guarded).Evaluated.ChangeType,
            Is.EqualTo(ChangeType.NewRevision)
        );
    }

    [Test]
    public void ADebugContainerIsANewRevision()
    {
        JsonObject Pod(string more) =>
            Some.Parse(
                $$"""
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "a", "image": "a:1"}]{{more}} } }
                """
            );

        var request = Some.Update(Pod(""), Pod(""", "ephemeralContainers": [{"name": "d", "image": "debug:1"}]""")) with
        {
            SubResource = "ephemeralcontainers",
        };

        Assert.That(Some.Decide(request, s_guarded).Evaluated.ChangeType, Is.EqualTo(ChangeType.NewRevision));
    }

    private static TestCaseData Case(string name, Request request, ChangeType type) =>
        new TestCaseData(request, type).SetName($"{name} is {type}");

    private static ScaleRequest Scale(int before, int after) =>
        new(before, after, "1")
        {
            Operation = Operation.Update,
            Requester = Some.Developer,
            Target = new WorkloadRef("apps", "Deployment", "shop", "web"),
        };

    private static OpaqueRequest Opaque(string kind, bool metadataOnly) =>
        new(metadataOnly)
        {
            Operation = Operation.Update,
            Requester = Some.Developer,
            Target = new WorkloadRef("x.io", kind, "shop", "web"),
        };
}

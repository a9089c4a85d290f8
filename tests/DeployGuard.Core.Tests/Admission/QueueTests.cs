using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Tests;

/// <summary>
/// A queue may start a Job on other nodes, and restore it when it suspends it. No other user may, and the queue may change nothing else.
/// </summary>
public class QueueTests
{
    private const string SpotNode = """{"instance-type": "spot"}""";

    private static readonly Requester s_kueue = new(
        "system:serviceaccount:kueue-system:kueue-controller-manager",
        "",
        ["system:serviceaccounts"]
    );
    private static readonly ClusterSnapshot s_guarded = new() { Policies = [Some.OneSenior] };

    public static IEnumerable<TestCaseData> Updates()
    {
        var waiting = Job(suspended: true);
        var placed = Job(suspended: false).With("spec/template/spec/nodeSelector", SpotNode);
        yield return Case("started with a node selector", waiting, placed, ChangeType.MoreExposure);
        yield return Case(
            "started with tolerations",
            waiting,
            Job(false).With("spec/template/spec/tolerations", """[{"operator": "Exists"}]"""),
            ChangeType.MoreExposure
        );
        yield return Case(
            "started with affinity to nodes",
            waiting,
            Job(false).With("spec/template/spec/affinity", """{"nodeAffinity": {}}"""),
            ChangeType.MoreExposure
        );
        yield return Case(
            "started with gates and marks of its own",
            waiting,
            Job(false)
                .With("spec/template/spec/schedulingGates", """[{"name": "kueue.x-k8s.io/topology"}]""")
                .With("spec/template/metadata/labels/kueue.x-k8s.io~podset", "\"main\"")
                .With("spec/template/metadata/annotations/kueue.x-k8s.io~workload", "\"w\""),
            ChangeType.MoreExposure
        );
        yield return Case("suspended and restored at once", placed, waiting, ChangeType.LessExposure);
        yield return Case(
            "restored while it is suspended",
            Job(true).With("spec/template/spec/nodeSelector", SpotNode),
            waiting,
            ChangeType.LessExposure
        );
        yield return Case("suspended", placed, Job(true).With("spec/template/spec/nodeSelector", SpotNode), ChangeType.LessExposure);
        yield return Case("started as it is", Job(true).With("spec/template/spec/nodeSelector", SpotNode), placed, ChangeType.MoreExposure);

        yield return Case("another image", waiting, Job(false, Some.OtherImage), ChangeType.NewRevision);
        yield return Case(
            "another command",
            waiting,
            Job(false).With("spec/template/spec/containers/0/command", """["sh"]"""),
            ChangeType.NewRevision
        );
        yield return Case("a node by name", waiting, Job(false).With("spec/template/spec/nodeName", "\"n1\""), ChangeType.NewRevision);
        yield return Case(
            "affinity to pods",
            waiting,
            Job(false).With("spec/template/spec/affinity", """{"podAffinity": {}}"""),
            ChangeType.NewRevision
        );
        yield return Case(
            "a label of others",
            waiting,
            Job(false).With("spec/template/metadata/labels/app", "\"web\""),
            ChangeType.NewRevision
        );
        yield return Case(
            "an annotation of others",
            waiting,
            Job(false).With("spec/template/metadata/annotations/sidecar.istio.io~proxyImage", "\"evil@sha256:1\""),
            ChangeType.NewRevision
        );
        yield return Case("while it runs", Job(false), placed, ChangeType.NewRevision);
        const string Reads = """[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels"}}}]""";
        yield return Case(
            "a mark that the pod reads",
            Job(true).With("spec/template/spec/containers/0/env", Reads),
            Job(false)
                .With("spec/template/spec/containers/0/env", Reads)
                .With("spec/template/metadata/labels/kueue.x-k8s.io~podset", "\"main\""),
            ChangeType.NewRevision
        );
    }

    [TestCaseSource(nameof(Updates))]
    public void AnUpdateByTheQueueMeans(JsonObject before, JsonObject after, ChangeType type)
    {
        var verdict = Some.Decide(Some.Update(before, after, s_kueue), s_guarded);

        Assert.That(verdict.Evaluated.ChangeType, Is.EqualTo(type));
        Assert.That(verdict.IsAllowed, Is.EqualTo(type is not ChangeType.NewRevision));
    }

    [TestCase("system:serviceaccount:shop:kueue-controller-manager")]
    [TestCase("system:serviceaccount:kueue-system:default")]
    [TestCase("dana")]
    public void NoOtherUserMayMoveAJobToAnotherNode(string user)
    {
        var after = Job(false).With("spec/template/spec/nodeSelector", SpotNode);

        Assert.That(Some.Decide(Some.Update(Job(true), after, new Requester(user, "", [])), s_guarded).IsAllowed, Is.False);
        Assert.That(
            Some.Decide(
                Some.Update(Job(true), Job(true).With("spec/template/spec/nodeSelector", SpotNode), new Requester(user, "", [])),
                s_guarded
            ).IsAllowed,
            Is.False,
            "nor ahead of its start"
        );
    }

    [Test]
    public void EveryUserMaySuspendAndResumeAnUnchangedJob()
    {
        Assert.That(Some.Decide(Some.Update(Job(false), Job(true)), s_guarded).Evaluated.ChangeType, Is.EqualTo(ChangeType.LessExposure));
        Assert.That(Some.Decide(Some.Update(Job(true), Job(false)), s_guarded).IsAllowed, Is.True);
    }

    [Test]
    public void QueueMayNotCreateJobsAndMayChangeOnlyJobs()
    {
        Assert.That(Some.Decide(Some.Create(Job(false), s_kueue), s_guarded).IsAllowed, Is.False);
        Assert.That(
            Some.Decide(
                Some.Update(Some.Deployment(), Some.Deployment().With("spec/template/spec/nodeSelector", SpotNode), s_kueue),
                s_guarded
            ).IsAllowed,
            Is.False
        );
    }

    [TestCase(Phase.Admitted, true)]
    [TestCase(Phase.Pending, false)]
    public void AJobThatAQueueStartsIsRecordedIfItWasAdmitted(Phase phase, bool expected)
    {
        var cluster = s_guarded with { Changes = [Some.Change(Job(true), phase)] };

        Assert.That(
            Some.Decide(
                Some.Update(Job(true), Job(false).With("spec/template/spec/nodeSelector", SpotNode), s_kueue),
                cluster
            ).Evaluated.IsScheduled,
            Is.EqualTo(expected)
        );
    }

    private static TestCaseData Case(string what, JsonObject before, JsonObject after, ChangeType type) =>
        new TestCaseData(before, after, type).SetName($"{{m}}({what})");

    private static JsonObject Job(bool suspended, string image = Some.Image) =>
        Some.Parse(
            $$$"""
            {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "train", "namespace": "shop", "uid": "u1"},
             "spec": {"parallelism": 1, "suspend": {{{(suspended ? "true" : "false")}}},
              "template": {"metadata": {"labels": {"job-name": "train"}}, "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "{{{image}}}"}] } } } }
            """
        );
}

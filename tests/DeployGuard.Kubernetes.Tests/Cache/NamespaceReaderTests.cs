using System.Text.Json;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>The serving pods of a namespace by revision, read from its objects as the API server writes them.</summary>
public class NamespaceReaderTests
{
    private const string V1 = "web@sha256:1111111111111111111111111111111111111111111111111111111111111111";
    private const string V2 = "web@sha256:2222222222222222222222222222222222222222222222222222222222222222";

    [Test]
    public void ADeploymentsPodsAreItsReplicaSets()
    {
        var member = MemberOf([Workload("Deployment", "web", V2, 20), Owned("web-1", V1, 17), Owned("web-2", V2, 3)]);

        Assert.That(
            member.Pods.Select(p => (p.OwnedName, p.OwnedUid, p.Pods)),
            Is.EquivalentTo(new[] { ("web-1", "uid-web-1", 17), ("web-2", "uid-web-2", 3) })
        );
        Assert.That(member.IsRollingOut);
    }

    [Test]
    public void AStatefulSetsPodsAreSplitByItsStatus()
    {
        var set = Workload(
            "StatefulSet",
            "db",
            V2,
            10,
            """{"observedGeneration": 1, "currentRevision": "db-1", "updateRevision": "db-2", "updatedReplicas": 3}"""
        );
        var member = MemberOf([set], [Revision("db-1", V1, 1), Revision("db-2", V2, 2)]);

        Assert.That(
            member.Pods.Select(p => (p.OwnedName, p.OwnedUid, p.Pods)),
            Is.EquivalentTo(new[] { ("db-1", "uid-db-1", 7), ("db-2", "uid-db-2", 3) })
        );
    }

    [Test]
    public void UnobservedStatefulSetRunsItsFormerRevision()
    {
        var set = Workload(
            "StatefulSet",
            "db",
            V2,
            10,
            """{"observedGeneration": 0, "currentRevision": "db-1", "updateRevision": "db-1", "updatedReplicas": 10}"""
        );
        var member = MemberOf([set], [Revision("db-1", V1, 1)]);

        Assert.That(member.Pods.Select(p => (p.OwnedName, p.Pods)), Is.EqualTo(new[] { ("db-1", 10) }));
        Assert.That(member.IsRollingOut);
    }

    [Test]
    public void ADaemonSetsPodsAreSplitByItsNewestRevision()
    {
        var set = Workload(
            "DaemonSet",
            "db",
            V2,
            0,
            """{"observedGeneration": 1, "desiredNumberScheduled": 30, "updatedNumberScheduled": 2}"""
        );
        var member = MemberOf([set], [Revision("db-1", V1, 1, "DaemonSet"), Revision("db-2", V2, 2, "DaemonSet")]);

        Assert.That(
            (member.Size, member.Pods.Single(p => p.OwnedName == "db-1").Pods, member.Pods.Single(p => p.OwnedName == "db-2").Pods),
            Is.EqualTo((30, 28, 2))
        );
    }

    [TestCase(0, 20)]
    [TestCase(5, 15)]
    public void ARestartedDeploymentHasOneRevisionInTwoReplicaSets(int old, int young)
    {
        // The restart annotation is noise: both sets have the same hash.
        var member = MemberOf([Workload("Deployment", "web", V1, 20), Owned("web-1", V1, old), Owned("web-2", V1, young)]);

        Assert.That(member.Pods.Select(p => (p.OwnedName, p.Pods)), Is.EqualTo(new[] { ("web-2", 20) }));
    }

    [Test]
    public void ARestartedStatefulSetHasOneRevisionUnderTwoLabels()
    {
        var set = Workload(
            "StatefulSet",
            "db",
            V1,
            10,
            """{"observedGeneration": 1, "currentRevision": "db-1", "updateRevision": "db-2", "updatedReplicas": 3}"""
        );

        Assert.That(MemberOf([set], [Revision("db-1", V1, 1), Revision("db-2", V1, 2)]).Pods.Single().Pods, Is.EqualTo(10));
    }

    [Test]
    public void OnlyReadyPodsOfAJobServe()
    {
        var members = Of([Workload("Job", "work", V1, 1, """{"active": 5, "ready": 2}""")]).ToSnapshot().Members;

        Assert.That(
            members.Select(m => (m.Spec.Ref.Name, m.Present, m.IsPoolByItself)),
            Is.EqualTo(new[] { ("work", 1, false) }),
            "the parallelism caps it"
        );
    }

    private static Member MemberOf(IReadOnlyList<ObservedWorkload> workloads, IReadOnlyList<ObservedRevision>? revisions = null) =>
        Of(workloads, revisions).ToSnapshot().Members.Single();

    private static NamespaceObjects Of(IReadOnlyList<ObservedWorkload> workloads, IReadOnlyList<ObservedRevision>? revisions = null) =>
        new()
        {
            Namespace = "shop",
            PodsAreKnown = false,
            Workloads = [.. workloads.Select(w => w.Live)],
            Revisions = [.. (revisions ?? []).Select(r => r.Live(workloads.FirstOrDefault(w => w.Uid == r.ControllerUid)))],
        };

    private static ObservedWorkload Workload(string kind, string name, string image, int replicas, string status = "{}") =>
        Read(
            kind,
            $$"""
            {"metadata": {"name": "{{name}}", "namespace": "shop", "uid": "uid-{{name}}", "generation": 1},
             "spec": {"replicas": {{replicas}}, "selector": {"matchLabels": {"app": "x"} }, "template": {{Template(
                image
            )}} }, "status": {{status}} }
            """
        );

    private static ObservedWorkload Owned(string name, string image, int replicas) =>
        Read(
            "ReplicaSet",
            $$"""
            {"metadata": {"name": "{{name}}", "namespace": "shop", "uid": "uid-{{name}}", "labels": {"app": "x"}, "ownerReferences": [{"uid": "uid-web", "controller": true}]},
             "spec": {"replicas": {{replicas}}, "selector": {"matchLabels": {"app": "x", "pod-template-hash": "{{name}}"} }, "template": {{Template(
                image
            )}} } }
            """
        );

    private static ObservedRevision Revision(string name, string image, int number, string owner = "StatefulSet") =>
        ObservedRevision.Read(
            Parse(
                $$"""
                {"metadata": {"name": "{{name}}", "uid": "uid-{{name}}", "labels": {"controller-revision-hash": "hash-{{name}}"}, "ownerReferences": [{"uid": "uid-db", "kind": "{{owner}}", "controller": true}]},
                 "revision": {{number}}, "data": {"spec": {"template": {{Template(image)}} } } }
                """
            ),
            WorkloadReader.Default
        ) ?? throw new InvalidOperationException("no template");

    private static ObservedWorkload Read(string kind, string json) =>
        ObservedWorkload.Read(Parse(json), kind == "Job" ? "batch/v1" : "apps/v1", kind, WorkloadReader.Default);

    private static string Template(string image) =>
        $$"""{"metadata": {"labels": {"app": "x"} }, "spec": {"containers": [{"name": "web", "image": "{{image}}"}] } }""";

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;
}

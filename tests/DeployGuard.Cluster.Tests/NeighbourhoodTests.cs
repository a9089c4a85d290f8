using System.Text.Json;
using DeployGuard.Cluster.Caches;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cluster.Tests;

/// <summary>What the objects of a namespace tell about who serves: pods by revision, and how to ask for them.</summary>
public class NeighbourhoodTests
{
    private const string V1 = "web@sha256:1111111111111111111111111111111111111111111111111111111111111111";
    private const string V2 = "web@sha256:2222222222222222222222222222222222222222222222222222222222222222";

    [Test]
    public void ADeploymentsPodsAreItsReplicaSets()
    {
        var known = Of([Workload("Deployment", "web", V2, 20), Owned("web-1", V1, 17), Owned("web-2", V2, 3)]);
        var member = known.ToServing().Members.Single();

        Assert.That(member.Pods.Select(p => (p.Owned, p.Pods)), Is.EquivalentTo(new[] { ("web-1", 17), ("web-2", 3) }));
        Assert.That(member.IsRollingOut);
        Assert.That(known.PodsOf(member.Spec.Ref, member.Spec.Template.Hash), Is.EqualTo(new[] { ("app=web,pod-template-hash=web-2", "uid-web-2") }));
    }

    [Test]
    public void AStatefulSetsPodsAreSplitByItsStatus()
    {
        var set = Workload("StatefulSet", "db", V2, 10, """{"observedGeneration": 1, "currentRevision": "db-1", "updateRevision": "db-2", "updatedReplicas": 3}""");
        var known = Of([set], [Revision("db-1", V1, 1), Revision("db-2", V2, 2)]);
        var member = known.ToServing().Members.Single();

        Assert.That(member.Pods.Select(p => (p.Owned, p.Pods)), Is.EquivalentTo(new[] { ("db-1", 7), ("db-2", 3) }));
        Assert.That(known.PodsOf(member.Spec.Ref, member.Spec.Template.Hash), Is.EqualTo(new[] { ("app=db,controller-revision-hash in (db-2)", "uid-db") }));
    }

    [Test]
    public void ARevisionOfASetWithClaimsHashesAsTheSetDid()
    {
        var set = ObservedWorkload.Read(Parse($$"""
            {"metadata": {"name": "db", "namespace": "shop", "uid": "uid-db", "generation": 1},
             "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "db"} }, "template": {{Template(V1)}}, "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {} }] } }
            """), "apps/v1", "StatefulSet");
        var revision = Revision("db-1", V1, 1);

        Assert.That(revision.TemplateHash, Is.Not.EqualTo(set.TemplateHash));
        Assert.That(revision.Under(set).TemplateHash, Is.EqualTo(set.TemplateHash));
        Assert.That(LiveHistory.Owned(revision.Under(set)).LegacyHash, Is.EqualTo(set.Spec.Template.LegacyHash));
    }

    [Test]
    public void BeforeItsControllerHasSeenItAStatefulSetRunsWhatItRan()
    {
        var set = Workload("StatefulSet", "db", V2, 10, """{"observedGeneration": 0, "currentRevision": "db-1", "updateRevision": "db-1", "updatedReplicas": 10}""");
        var member = Of([set], [Revision("db-1", V1, 1)]).ToServing().Members.Single();

        Assert.That(member.Pods.Select(p => (p.Owned, p.Pods)), Is.EqualTo(new[] { ("db-1", 10) }));
        Assert.That(member.IsRollingOut);
    }

    [Test]
    public void ADaemonSetsPodsAreSplitByItsNewestRevision()
    {
        var set = Workload("DaemonSet", "db", V2, 0, """{"observedGeneration": 1, "desiredNumberScheduled": 30, "updatedNumberScheduled": 2}""");
        var known = Of([set], [Revision("db-1", V1, 1, "DaemonSet"), Revision("db-2", V2, 2, "DaemonSet")]);
        var member = known.ToServing().Members.Single();

        Assert.That((member.Size, member.Pods.Single(p => p.Owned == "db-1").Pods, member.Pods.Single(p => p.Owned == "db-2").Pods), Is.EqualTo((30, 28, 2)));
        Assert.That(known.PodsOf(member.Spec.Ref, member.Spec.Template.Hash), Is.EqualTo(new[] { ("app=db,controller-revision-hash in (hash-db-2)", "uid-db") }));
    }

    [TestCase(0, 20, "uid-web-2")]
    [TestCase(5, 15, "uid-web-1 uid-web-2")]
    public void ARestartedDeploymentHasOneRevisionInTwoReplicaSets(int old, int young, string owners)
    {
        // The restart annotation is noise: both sets have the same hash.
        var known = Of([Workload("Deployment", "web", V1, 20), Owned("web-1", V1, old), Owned("web-2", V1, young)]);
        var member = known.ToServing().Members.Single();

        Assert.That(member.Pods.Select(p => (p.Owned, p.Pods)), Is.EqualTo(new[] { ("web-2", 20) }));
        Assert.That(known.PodsOf(member.Spec.Ref, member.Spec.Template.Hash).Select(p => p.OwnerUid), Is.EqualTo(owners.Split(' ')));
    }

    [Test]
    public void ARestartedStatefulSetHasOneRevisionUnderTwoLabels()
    {
        var set = Workload("StatefulSet", "db", V1, 10, """{"observedGeneration": 1, "currentRevision": "db-1", "updateRevision": "db-2", "updatedReplicas": 3}""");
        var known = Of([set], [Revision("db-1", V1, 1), Revision("db-2", V1, 2)]);
        var member = known.ToServing().Members.Single();

        Assert.That(member.Pods.Single().Pods, Is.EqualTo(10));
        Assert.That(known.PodsOf(member.Spec.Ref, member.Spec.Template.Hash), Is.EqualTo(new[] { ("app=db,controller-revision-hash in (db-1,db-2)", "uid-db") }));
    }

    [Test]
    public void WhatAControllerOwnsIsNoMemberAndAJobServesNobody() =>
        Assert.That(Of([Workload("Deployment", "web", V1, 2), Owned("web-1", V1, 2), Workload("Job", "work", V1, 1)]).ToServing().Members.Select(m => m.Spec.Ref.Name), Is.EqualTo(new[] { "web" }));

    [TestCase("""{"selector": {"matchLabels": {"app": "web", "tier": "a"}}}""", "app=web,tier=a")]
    [TestCase("""{"selector": {"matchExpressions": [{"key": "tier", "operator": "In", "values": ["a", "b"]}, {"key": "old", "operator": "DoesNotExist"}]}}""", "tier in (a,b),!old")]
    [TestCase("""{"selector": {"app": "web"}}""", "app=web")]
    [TestCase("{}", "")]
    public void ASelectorIsAskedForAs(string spec, string query) => Assert.That(LabelQuery.Of(Parse(spec)), Is.EqualTo(query));

    [Test]
    public void APodTellsHowLongItServed()
    {
        var pod = Parse("""
            {"metadata": {"creationTimestamp": "2026-11-24T00:00:00Z", "ownerReferences": [{"uid": "uid-web-1", "controller": true}]},
             "status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-24T00:05:00Z"}],
              "containerStatuses": [{"restartCount": 1, "state": {"running": {"startedAt": "2026-11-24T00:04:00Z"}}, "lastState": {"terminated": {"finishedAt": "2026-11-24T00:03:59Z"}}},
                                    {"restartCount": 0, "state": {"running": {"startedAt": "2026-11-24T00:00:10Z"}}}]}}
            """);
        var owner = new WorkloadRef("apps", "Deployment", "shop", "web");
        var read = ObservedPod.Read(pod, owner, "uid-web-1", "v1:x");

        Assert.That(read, Is.EqualTo(new LivePod
        {
            Owner = owner,
            TemplateHash = "v1:x",
            CreatedAt = At(0),
            ReadySince = At(5),
            StartedAt = At(4),
            RestartedAt = At(4),
        }));
        Assert.That(ObservedPod.Read(pod, owner, "uid-other", "v1:x"), Is.Null, "somebody else's, whatever its labels say");
    }

    private static DateTimeOffset At(int minute) => new(2026, 11, 24, 0, minute, 0, TimeSpan.Zero);

    private static Neighbourhood Of(IReadOnlyList<ObservedWorkload> workloads, IReadOnlyList<ObservedRevision>? revisions = null) => new([], workloads, revisions ?? [], [], []);

    private static ObservedWorkload Workload(string kind, string name, string image, int replicas, string status = "{}") => Read(kind, $$"""
        {"metadata": {"name": "{{name}}", "namespace": "shop", "uid": "uid-{{name}}", "generation": 1},
         "spec": {"replicas": {{replicas}}, "selector": {"matchLabels": {"app": "{{name}}"} }, "template": {{Template(image)}} }, "status": {{status}} }
        """);

    private static ObservedWorkload Owned(string name, string image, int replicas) => Read("ReplicaSet", $$"""
        {"metadata": {"name": "{{name}}", "namespace": "shop", "uid": "uid-{{name}}", "ownerReferences": [{"uid": "uid-web", "controller": true}]},
         "spec": {"replicas": {{replicas}}, "selector": {"matchLabels": {"app": "web", "pod-template-hash": "{{name}}"} }, "template": {{Template(image)}} } }
        """);

    private static ObservedRevision Revision(string name, string image, int number, string owner = "StatefulSet") => ObservedRevision.Read(Parse($$"""
        {"metadata": {"name": "{{name}}", "labels": {"controller-revision-hash": "hash-{{name}}"}, "ownerReferences": [{"uid": "uid-db", "kind": "{{owner}}", "controller": true}]},
         "revision": {{number}}, "data": {"spec": {"template": {{Template(image)}} } } }
        """)) ?? throw new InvalidOperationException("no template");

    private static ObservedWorkload Read(string kind, string json) => ObservedWorkload.Read(Parse(json), kind == "Job" ? "batch/v1" : "apps/v1", kind);

    private static string Template(string image) => $$"""{"metadata": {"labels": {"app": "x"} }, "spec": {"containers": [{"name": "web", "image": "{{image}}"}] } }""";

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;
}

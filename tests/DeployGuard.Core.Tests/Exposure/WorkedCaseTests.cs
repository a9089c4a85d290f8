using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using static DeployGuard.Core.Tests.Shop;

namespace DeployGuard.Core.Tests;

/// <summary>
/// The worked cases that were found on a live cluster, by their numbers, from the objects of the namespace: claims of objects decide
/// nothing. Policy and cluster as in <see cref="CanaryTests"/>; the canary is in the fifth minute of its first soak.
/// </summary>
public class WorkedCaseTests
{
    private static NamespaceObjects WithCanary => Settled.Running(C(1), Phase.Completed, minutes: 5);

    private static readonly Requester s_autoscaler = new("system:serviceaccount:kube-system:horizontal-pod-autoscaler", "", []);

    [Test]
    public void Case28_ForgedOwnerDoesNotRemoveAPodFromItsPool()
    {
        var forged = Web(20).With("metadata/ownerReferences", OwnerJson("v1", "ConfigMap", "unrelated"));
        Assert.That(Settled.Refusal(Some.Update(Web(20), forged)), Is.Null, "metadata alone");

        var objects = Empty.Running(forged, Phase.Proven);
        var recreate = Web(20, V2)
            .With("metadata/ownerReferences", OwnerJson("v1", "ConfigMap", "unrelated"))
            .With("spec/strategy", """{"type": "Recreate"}""");
        Assert.That(
            objects.Refusal(Some.Update(forged, recreate)),
            Does.StartWith("20 of 20 pods (100%) behind Service web would be unproven, 20 at once; step 5% allows 1")
        );
        Assert.That(
            objects.Refusal(
                Some.Update(forged, Web(20, V2).Paced().With("metadata/ownerReferences", OwnerJson("v1", "ConfigMap", "unrelated")))
            ),
            Is.Null,
            "its pace is kept"
        );
    }

    [TestCase(30, """{"app": "web"}""", "30 of 50 pods (60%) behind Service web would be unproven; step 5% allows 2")]
    [TestCase(1, """{"app": "web"}""", null)]
    [TestCase(30, """{"app": "batch"}""", null, Description = "no user reaches it")]
    public void Case29_JobSelectedByTheServiceCounts(int parallelism, string labels, string? refusal) =>
        Expect(Settled, Some.Create(Job("work", parallelism, V2, labels)), refusal);

    [Test]
    public void Case29_RaisedParallelismCounts()
    {
        var one = Job("work", 1, V2, """{"app": "web"}""");
        var objects = Settled.With(one.Live()).With(Some.Change(one, Phase.Completed));

        Expect(
            objects,
            Some.Update(one, Job("work", 30, V2, """{"app": "web"}""")),
            "30 of 50 pods (60%) behind Service web would be unproven; step 5% allows 2"
        );
    }

    [TestCase("Allow", "Jobs may overlap, so the number of pods behind Service web is unknown")]
    [TestCase("Forbid", null)]
    [TestCase("Replace", null)]
    public void Case29_PodsOfACronJobWithConcurrentJobsCannotBeCounted(string concurrency, string? refusal)
    {
        Expect(Settled, Some.Create(CronJob("nightly", 1, V2, concurrency)), refusal);

        var known = CronJob("nightly", 1, V2, "Forbid");
        var objects = Settled.With(known.Live()).With(Some.Change(known, Phase.Completed));
        Expect(objects, Some.Update(known, CronJob("nightly", 1, V2, concurrency)), refusal);
        Expect(Settled, Some.Create(CronJob("nightly", 1, V1, concurrency)), null);
    }

    /// <summary>Its Jobs end before a soak: it would block every rollout in the pool forever.</summary>
    [Test]
    public void Case29_CronJobHasItsOwnStep()
    {
        var nightly = CronJob("nightly", 1, V2, "Forbid");
        var objects = Settled.With(nightly.Live()).With(Some.Change(nightly, Phase.Completed));

        Expect(objects, Some.Update(Web(20), Web(20, V3).Paced()), null);
        Expect(objects, Some.Create(C(1, V3)), null);
        Expect(
            objects,
            Some.Create(CronJob("hourly", 1, V3, "Forbid")),
            "2 of 22 pods (9%) behind Service web would be unproven; step 5% allows 1"
        );
        Expect(objects, Some.Update(nightly, CronJob("nightly", 1, V3, "Forbid")), null);
        Assert.That(
            objects.Decide(Some.Create(CronJob("hourly", 1, V3, "Forbid"))).Denials.Select(d => d.Finding.Remedy),
            Has.One.Contains("Give its pods labels that no Service selects")
        );
    }

    [TestCase("web-canary", "1 of 1 pod (100%) behind Service web would be unproven; step 5% allows 0; 5m of soak left")]
    [TestCase("web", null, Description = "the canary is taken out")]
    public void Case30_ServiceNarrowedToTheCanary(string track, string? refusal) =>
        Expect(WithCanary, ServiceChange(WebService, WebService with { Selector = Labels(("app", "web"), ("track", track)) }), refusal);

    [TestCase("green.shop.svc.cluster.local", V2, "20 of 20 pods (100%) behind Service web would be unproven; step 5% allows 1")]
    [TestCase("shop.example.com", V2, "users behind Service web would be redirected: the serving pods at shop.example.com are unknown")]
    [TestCase("green.shop.svc.cluster.local", V1, null, Description = "the pods there are proven here")]
    public void Case31_ServiceChangedToAnExternalName(string host, string image, string? refusal)
    {
        var green = Deployment("green", 20, image).With("spec/template/metadata/labels", """{"app": "green", "track": "green"}""");
        var objects = Settled.Running(green, Phase.Completed, minutes: 5) with
        {
            Services = [WebService, new Service("green", Labels(("app", "green")), false)],
        };

        Expect(objects, ServiceChange(WebService, WebService with { IsExternalName = true, ExternalName = host }), refusal);
    }

    [Test]
    public void Case32_ScalingTheOldReplicaSetToZeroUndoesThePace()
    {
        var old = SetOf(Web(20));
        const string refusal = "20 of 20 pods (100%) behind Service web would be unproven; step 5% allows 1";

        Expect(Rolling(), Scale(old, 0), refusal);
        Expect(Rolling(), Some.Update(old, SetOf(Web(20), First, 0)), refusal);
        Expect(Rolling(), Delete(old), refusal);
        Expect(
            Rolling(),
            Some.Update(old, SetOf(Web(20), First, 0), new Requester("system:serviceaccount:kube-system:deployment-controller", "", [])),
            null
        );
        Expect(Rolling(), Delete(old, new Requester("system:serviceaccount:kube-system:generic-garbage-collector", "", [])), null);
        Expect(Settled, Scale(old, 0), null);
    }

    [Test]
    public void Case32_DeletedPodOfADeploymentIsReplacedByTheSameRevision()
    {
        Expect(Rolling(), Delete(PodOf(SetOf(Web(20)))), null);
        Expect(Rolling(), Delete(PodOf(SetOf(Web(20, V2), Second))), null);
    }

    [Test]
    public void Case33_OrphanedReplicaSetKeepsServing()
    {
        var set = SetOf(C(1));
        const string refusal = "2 of 22 pods (9%) behind Service web would be unproven; step 5% allows 1";

        Expect(WithCanary, Some.Update(set, SetOf(C(1)).With("metadata/ownerReferences", "[]")), refusal);
        Expect(WithCanary, Some.Update(set, SetOf(C(1)).With("metadata/labels/track", "\"elsewhere\"")), refusal);
        Expect(WithCanary, Some.Update(set, SetOf(C(1)).With("metadata/annotations", """{"note": "mine"}""")), null);
        Expect(Settled, Some.Update(SetOf(Web(20)), SetOf(Web(20)).With("metadata/ownerReferences", "[]")), null);
    }

    [TestCase(
        "track",
        "2 of 22 pods (9%) behind Service web would be unproven; step 5% allows 1",
        Description = "its ReplicaSet creates another"
    )]
    [TestCase("pod-template-hash", "2 of 22 pods (9%) behind Service web would be unproven; step 5% allows 1")]
    [TestCase("app", null, Description = "the Service no longer selects it either")]
    public void Case34_OrphanedPodKeepsServing(string label, string? refusal)
    {
        var pod = PodOf(SetOf(C(1)));
        var without = pod.DeepClone().AsObject().With($"metadata/labels/{label}", "\"gone\"");

        Expect(WithCanary, Some.Update(pod, without), refusal);
        Expect(WithCanary, Some.Update(pod, without) with { SubResource = "status" }, refusal);
    }

    [Test]
    public void PodCreatedByAPersonCountsUnderAPolicyThatSelectsWorkloads()
    {
        var policy = Some.Policy(
            """
            {"match": {"workloadSelector": {"matchLabels": {"tier": "1"}}}, "approval": {"required": "Never", "quorum": [{"groups": ["senior-engineers"]}]},
             "canary": {"steps": [5, 25, 50], "soak": "10m"} }
            """
        );
        var objects = Settled with { Adopted = new Dictionary<string, AdoptedPods> { [policy.Name] = Settled.Adopted[Policy.Name] } };
        static JsonObject Alone(string name) =>
            PodOf(C(1), name).With("metadata/ownerReferences", "[]").With("metadata/labels/tier", "\"1\"");
        var one = Alone("0");

        Assert.That(objects.Refusal(Some.Create(one), policy), Is.Null, "the first is a step");
        objects = objects.With(Pods(one, 1, 1)).With(Some.Change(one, Phase.Completed));
        Assert.That(
            objects.Refusal(Some.Create(Alone("1")), policy),
            Does.StartWith("2 of 22 pods (9%) behind Service web would be unproven; step 5% allows 1")
        );
    }

    /// <summary>No traffic reaches a pod without a port of that name: running for an hour proves nothing.</summary>
    [TestCase("http", false, null)]
    [TestCase(
        "idle",
        true,
        "6 of 26 pods (23%) behind Service web would be unproven; step 5% allows 1; no pod of this revision has served here for 10m",
        Description = "a port beside it, by number"
    )]
    [TestCase(
        "idle",
        false,
        "6 of 26 pods (23%) behind Service web would be unproven; step 5% allows 1; no pod of this revision has served here for 10m"
    )]
    public void CanaryWithoutThePortOfTheServiceCompletesNoStep(string port, bool hasOther, string? refusal)
    {
        static JsonObject Named(JsonObject deployment, string name) =>
            deployment.With("spec/template/spec/containers/0/ports", $$"""[{"name": "{{name}}", "containerPort": 8080}]""");
        var front = WebService with
        {
            Ports = [new ServicePort(80, "TCP", "http"), .. hasOther ? [new ServicePort(81, "TCP", "9999")] : (ServicePort[])[]],
        };
        var objects = (Empty with { Services = [front] })
            .Running(Named(Web(20), "http"), Phase.Proven)
            .Running(Named(C(1), port), Phase.Completed);

        Expect(objects, Scale(Named(C(1), port), 6), refusal);
    }

    /// <summary>A canary with an additional port is no pool by itself.</summary>
    [Test]
    public void PortThatOnlyTheCanaryDeclaresDoesNotShrinkThePool()
    {
        static JsonObject Named(JsonObject deployment, string ports) => deployment.With("spec/template/spec/containers/0/ports", ports);
        const string Http = """[{"name": "http", "containerPort": 8080}]""",
            Both = """[{"name": "http", "containerPort": 8080}, {"name": "metrics", "containerPort": 9090}]""";
        var objects = (
            Empty with
            {
                Services = [WebService with { Ports = [new ServicePort(80, "TCP", "http"), new ServicePort(90, "TCP", "metrics")] }],
            }
        )
            .Running(Named(Web(20), Http), Phase.Proven)
            .Running(Named(C(1), Both), Phase.Completed, minutes: 1);

        Expect(objects, Scale(Named(C(1), Both), 2), "2 of 22 pods (9%) behind Service web would be unproven; step 5% allows 1");
    }

    /// <summary>Pods with proven images that no user of the port reaches: they would make room for unproven ones.</summary>
    [TestCase("idle", "6 of 26 pods (23%) behind Service web would be unproven; step 5% allows 1")]
    [TestCase("http", null, Description = "they serve")]
    public void PodsWithoutThePortOfTheServiceMakeNoRoom(string port, string? refusal)
    {
        static JsonObject Named(JsonObject deployment, string name) =>
            deployment.With("spec/template/spec/containers/0/ports", $$"""[{"name": "{{name}}", "containerPort": 8080}]""");
        var objects = (Empty with { Services = [WebService with { Ports = [new ServicePort(80, "TCP", "http")] }] })
            .Running(Named(Web(20), "http"), Phase.Proven)
            .Running(Named(Deployment("pad", 200, V1).With("spec/template/metadata/labels", """{"app": "web"}"""), port), Phase.Proven);

        Expect(objects, Some.Create(Named(C(6), "http")), refusal);
    }

    [TestCase(true, 0, Operation.Create, "10 of 30 pods (33%) behind Service web would be unproven; step 5% allows 1")]
    [TestCase(true, 1, Operation.Create, "10 of 30 pods (33%) behind Service web would be unproven; step 5% allows 1")]
    [TestCase(false, 0, Operation.Create, null, Description = "it creates pods of its own template")]
    public void PausedDeploymentScalesTheOrphanThatItAdopts(bool isPaused, int pods, Operation operation, string? refusal)
    {
        var taker = Deployment("taker", 10, V1)
            .With("spec/selector/matchLabels", """{"track": "web-canary"}""")
            .With("spec/template/metadata/labels", """{"app": "web", "track": "web-canary"}""")
            .With("spec/paused", isPaused ? "true" : "false");
        var orphan = SetOf(C(1), Second, pods).With("metadata/ownerReferences", "[]");
        var objects = Settled.With(orphan.Live()).With(Some.Change(orphan, Phase.Completed));

        Expect(objects, Some.Create(taker), refusal);
        // As a rollback too: the adopted orphan is none.
        Expect(
            objects.With(
                Some.Change(taker, Phase.Completed) with
                {
                    CompletedPods = 10,
                    Served = [new ServedPool("Service web", 10, Some.Now.AddDays(-1))],
                }
            ),
            Some.Create(taker),
            refusal
        );
    }

    /// <summary>The quicker one adopts it: the effect on the one without pods is evaluated, in any order of the two.</summary>
    [TestCase(false)]
    [TestCase(true)]
    public void TwoDeploymentsThatMayAdoptOneOrphan(bool isOtherFirst)
    {
        JsonObject Taker(string name, int pods, string label, bool isPaused) =>
            Deployment(name, pods, V1)
                .With("spec/selector/matchLabels", $$"""{"{{label}}": "yes"}""")
                .With("spec/template/metadata/labels", $$"""{"app": "web", "{{label}}": "yes"}""")
                .With("spec/paused", isPaused ? "true" : "false");
        var (running, paused) = (Taker("running", 2, "a", false), Taker("paused", 10, "b", true));
        var orphan = SetOf(C(1), Second, 0)
            .With("metadata/ownerReferences", "[]")
            .With("metadata/labels", """{"app": "web", "a": "yes", "b": "yes"}""");
        LiveWorkload[] takers = [running.Live(), SetOf(running).Live(), paused.Live()];
        var objects = Settled
            .With(isOtherFirst ? [.. takers.Reverse()] : takers)
            .With(Some.Change(running, Phase.Proven), Some.Change(paused, Phase.Completed));

        Expect(objects, Some.Create(orphan), "10 of 42 pods (23%) behind Service web would be unproven; step 5% allows 2");
    }

    [TestCase("nodeSelector", """{"pool": "all"}""", "10 of 30 pods (33%) behind Service web would be unproven; step 5% allows 1")]
    [TestCase("terminationGracePeriodSeconds", "5", null)]
    public void DaemonSetThatMayRunOnOtherNodesCountsAllNodes(string field, string json, string? refusal)
    {
        var daemons = DaemonSet("agent", 1, V2).With("spec/template/spec/nodeSelector", """{"pool": "one"}""");
        var objects = Settled.With(daemons.Live(1)).With(Some.Change(daemons, Phase.Completed));
        var request = Some.Update(daemons, daemons.DeepClone().AsObject().With($"spec/template/spec/{field}", json));

        Assert.That(request.After is { } after && RequestedWorkload.IsPlaced(request.Before, after), Is.EqualTo(refusal is not null));
        var snapshot = objects.ToSnapshot() with { Nodes = 10 };
        var verdict = Some.Decide(
            request,
            new ClusterSnapshot
            {
                Policies = [Policy],
                Changes = [.. objects.Changes.Where(c => c.Workload == request.Target)],
                Namespace = snapshot,
                HadRecords = false,
            }
        );
        Assert.That(verdict.Denials.Select(d => d.Finding.Message).FirstOrDefault(), refusal is null ? Is.Null : Does.StartWith(refusal));
    }

    [TestCase("uid-web-7c6b9", Description = "the template of the ReplicaSet was edited")]
    [TestCase("uid-forged", Description = "another one was created under its name")]
    public void Case35_NameOfACompletedReplicaSetIsNoHistory(string uid)
    {
        var completed = Some.Change(Web(20, V3), Phase.Completed) with
        {
            OwnedRevision = "web-7c6b9",
            OwnedUid = "uid-web-7c6b9",
            OwnedHash = Web(20, V3).Read().Template.Hash,
            CompletedPods = 20,
            Served = [new ServedPool("Service web", 20, Some.Now.AddDays(-1))],
        };
        var forged = SetOf(Web(20, V2), Second, 0).With("metadata/uid", $"\"{uid}\"");
        var objects = Settled.With(forged.Live()).With(completed);

        Assert.That(objects.Decide(Some.Update(Web(20), Web(20, V2))).Evaluated.ChangeType, Is.EqualTo(ChangeType.NewRevision));
        Expect(
            objects,
            Some.Update(Web(20), Web(20, V2)),
            "20 of 20 pods (100%) behind Service web would be unproven, 10 at once; step 5% allows 1"
        );
        Assert.That(
            objects.Decide(Some.Update(Web(20), Web(20, V3))).Evaluated.ChangeType,
            Is.EqualTo(ChangeType.Rollback),
            "the completed revision is"
        );
        Expect(objects, Some.Update(Web(20), Web(20, V3)), null);
    }

    [Test]
    public void Case36_ServiceCreatedAgainUnchangedRaisesNoExposure()
    {
        Expect(Completed(20), ServiceChange(null, WebService), null);
        Expect(
            Completed(20, selector: "app=old"),
            ServiceChange(null, WebService),
            "20 of 20 pods (100%) behind Service web would be unproven; step 5% allows 1"
        );
    }

    [TestCase(20, 5, null)]
    [TestCase(21, 5, "21 of 21 pods (100%) behind Service web would be unproven; step 5% allows 1")]
    [TestCase(20, 61, "20 of 20 pods (100%) behind Service web would be unproven; step 5% allows 1", Description = "too long ago")]
    public void Case37_AutoscalerReturnsToTheFormerSizeOfTheRevision(int replicas, int servedAt, string? refusal) =>
        Expect(Completed(8, servedAt), Scale(Web(8, V2), replicas, s_autoscaler), refusal);

    [TestCase(20, null)]
    [TestCase(21, "21 of 21 pods (100%) behind Service web would be unproven; step 5% allows 1")]
    public void Case38_DeploymentCreatedAgainWithACompletedRevision(int replicas, string? refusal)
    {
        var gone = Completed(20) with { Workloads = [], Pods = [] };

        Assert.That(gone.Decide(Some.Create(Web(replicas, V2), Some.Machine)).Evaluated.ChangeType, Is.EqualTo(ChangeType.Rollback));
        Expect(gone, Some.Create(Web(replicas, V2), Some.Machine), refusal);
    }

    /// <summary>Web completed v2 in place and is not proven yet; proven v1 served until half an hour ago.</summary>
    private static NamespaceObjects Completed(int replicas, int at = 5, string selector = "app=web")
    {
        var web = Web(replicas, V2);
        var objects = Empty.Running(web, Phase.Completed, minutes: 4);
        return objects with
        {
            Changes =
            [
                Some.Change(web, Phase.Completed) with
                {
                    CompletedPods = 20,
                    Served = [new ServedPool("Service web", 20, Some.Now.AddMinutes(-at)) { Selector = selector }],
                },
                Some.Change(Web(20), Phase.Proven) with
                {
                    Served = [new ServedPool("Service web", 20, Some.Now.AddMinutes(-30)) { Selector = selector }],
                },
            ],
        };
    }

    private static void Expect(NamespaceObjects objects, Request request, string? refusal) =>
        Assert.That(objects.Refusal(request), refusal is null ? Is.Null : Does.StartWith(refusal));
}

using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Snapshots;
using static DeployGuard.Core.Tests.Shop;

namespace DeployGuard.Core.Tests;

/// <summary>
/// Requests of people for objects that a controller created: evaluated by the controller's next actions, while its rollout is in progress.
/// </summary>
public class ObjectChangeTests
{
    private const string AllOfThem = "20 of 20 pods (100%) behind Service web would be unproven; step 5% allows 1";

    [TestCase(20, AllOfThem)]
    [TestCase(0, AllOfThem, Description = "briefly not ready: deleting its pods first must not help")]
    public void ScalingDownAnOldReplicaSetIsRefusedWhetherItIsReadyOrNot(int ready, string? refusal)
    {
        var old = SetOf(Web(20));
        var objects = Rolling() with
        {
            Workloads = [.. Rolling().Workloads.Select(w => w.Spec.Ref.Name == "web-5d9f7" ? w with { ReadyPods = ready } : w)],
        };

        Expect(objects, Delete(old), refusal);
        Expect(objects, Scale(old, 0), refusal);
    }

    [TestCase(19, null, Description = "one, as the rollout itself would")]
    [TestCase(18, "2 of 20 pods (10%) behind Service web would be unproven; step 5% allows 1")]
    public void OldReplicaSetScaledDownByAPerson(int replicas, string? refusal) =>
        Expect(Rolling(), Scale(SetOf(Web(20)), replicas), refusal);

    /// <summary>
    /// Each removed old pod is replaced by a new one at once: a rollout of hours would end in as many requests as it has pods.
    /// </summary>
    [TestCase(false, "11 of 20 pods (55%) behind Service web would be unproven; step 5% allows 1")]
    [TestCase(true, null, Description = "its owner is being deleted, and creates no pods")]
    public void OldReplicaSetScaledDownOnePodAtATimeDuringARollout(bool isEnding, string? refusal)
    {
        var half = SetOf(Web(20, V2).Paced(), Second, 11);
        var old = SetOf(Web(20), First, 10);
        var web = isEnding ? Web(20, V2).Paced().With("metadata/deletionTimestamp", "\"2026-11-23T11:59:00Z\"") : Web(20, V2).Paced();
        var objects = Rolling() with
        {
            Workloads =
            [
                .. Rolling()
                    .Workloads.Select(w =>
                        w.Spec.Ref.Name switch
                        {
                            "web-7c6b9" => half.Live(),
                            "web-5d9f7" => old.Live(),
                            _ => web.Live(),
                        }
                    ),
            ],
        };

        Expect(objects, Scale(old, 9), refusal);
    }

    [TestCase("[]", "12 of 32 pods (37%) behind Service web would be unproven; step 5% allows 1")]
    [TestCase(null, null, Description = "it keeps its owner")]
    public void JobReleasedByItsCronJobIsCreatedAgain(string? owners, string? refusal)
    {
        var cron = CronJob("nightly", 6, V2, "Forbid");
        var job = Job("nightly-1", 6, V2, """{"app": "web"}""")
            .With("metadata/ownerReferences", OwnerJson("batch/v1", "CronJob", "nightly"));
        var objects = Settled.With(cron.Live(), job.Live()).With(Some.Change(cron, Phase.Completed));

        Expect(
            objects,
            Some.Update(
                job,
                owners is null
                    ? job.DeepClone().AsObject().With("metadata/labels", """{"note": "mine"}""")
                    : job.DeepClone().AsObject().With("metadata/ownerReferences", owners)
            ),
            refusal
        );
    }

    [Test]
    public void NewReplicaSetScaledUpByAPerson()
    {
        var young = SetOf(Web(20, V2).Paced(), Second, 1);

        Expect(Rolling(), Scale(young, 5), "5 of 20 pods (25%) behind Service web would be unproven; step 5% allows 1");
        Expect(
            Rolling(),
            Some.Update(young, SetOf(Web(20, V2).Paced(), Second, 5)),
            "5 of 20 pods (25%) behind Service web would be unproven; step 5% allows 1"
        );
        Expect(Rolling(), Scale(young, 0), null);
        Expect(Rolling(), Delete(young), null);
    }

    [TestCase(
        "metadata/deletionTimestamp",
        "\"2026-11-23T11:59:00Z\"",
        null,
        Description = "an object that is being deleted creates no pods"
    )]
    [TestCase("spec/paused", "true", AllOfThem, Description = "the only ReplicaSet left is scaled to all replicas, paused or not")]
    public void OwnerThatIsBeingDeletedOrPaused(string path, string json, string? refusal)
    {
        var after = Web(20, V2).Paced().With(path, json);
        var objects = Rolling() with
        {
            Workloads = [.. Rolling().Workloads.Select(w => w.Spec.Ref.Kind == "Deployment" ? after.Live() : w)],
        };

        Expect(objects, Delete(SetOf(Web(20))), refusal);
        Expect(objects, Scale(SetOf(Web(20)), 0), refusal);
    }

    [Test]
    public void PodsOfASettledReplicaSetAreReplacedByTheSameRevision()
    {
        var canary = Settled.Running(C(1), Phase.Completed, minutes: 5);

        Expect(canary, Delete(SetOf(C(1))), null);
        Expect(canary, Delete(SetOf(Web(20))), null);
        Expect(canary, Delete(PodOf(SetOf(Web(20)))), null);
    }

    [TestCase(
        "db-2",
        0,
        "8 of 10 pods (80%) behind Service web would be unproven; step 5% allows 1",
        Description = "an old pod returns at the new revision"
    )]
    [TestCase("db-9", 0, null, Description = "a new one of the same revision")]
    [TestCase("db-2", 3, null, Description = "below the partition it returns at the old revision")]
    public void PodOfAStatefulSetDuringARollout(string pod, int partition, string? refusal)
    {
        var objects = Sets(StatefulSet("db", 10, V2, partition), updated: 10 - Math.Max(partition, 3));
        var (image, revision) = pod == "db-9" ? (V2, "db-new") : (V1, "db-old");

        var requested = PodOf(StatefulSet("db", 10, image), pod[3..]).With("metadata/labels/controller-revision-hash", $"\"{revision}\"");
        JsonObject Until(int seconds) => requested.DeepClone().AsObject().With("spec/activeDeadlineSeconds", $"{seconds}");
        Expect(objects, Delete(requested), refusal);
        Expect(objects, Some.Update(requested, Until(1)), refusal);
        Expect(objects, Some.Update(Until(60), Until(1)), refusal);
        Expect(objects, Some.Update(Until(60), Until(60).With("metadata/annotations", """{"a": "b"}""")), null);
    }

    [TestCase(true, null, Description = "a drain must go on")]
    [TestCase(false, "8 of 10 pods (80%) behind Service web would be unproven; step 5% allows 1")]
    public void PodOnACordonedNodeMayBeDeleted(bool isCordoned, string? refusal)
    {
        var objects = Sets(StatefulSet("db", 10, V2), updated: 7) with
        {
            CordonedNodes = isCordoned ? new HashSet<string> { "node-2" } : new HashSet<string>(),
        };

        Expect(
            objects,
            Delete(PodOf(StatefulSet("db", 10, V1), "2").With("metadata/labels/controller-revision-hash", "\"db-old\"")),
            refusal
        );
    }

    [Test]
    public void PodOfADaemonSetDuringARollout()
    {
        var objects = Sets(DaemonSet("db", 10, V2), updated: 1);

        Expect(
            objects,
            Delete(PodOf(DaemonSet("db", 10, V1), "2").With("metadata/labels/controller-revision-hash", "\"db-old\"")),
            "2 of 10 pods (20%) behind Service web would be unproven; step 5% allows 1"
        );
        Expect(objects, Delete(PodOf(DaemonSet("db", 10, V2), "9").With("metadata/labels/controller-revision-hash", "\"db-new\"")), null);
    }

    [Test]
    public void PodJoiningAServiceByItsLabelsCounts()
    {
        var green = Deployment("green", 5, V2).With("spec/template/metadata/labels", """{"app": "green", "track": "green"}""");
        var objects = Settled.Running(green, Phase.Completed, minutes: 5).Running(C(1), Phase.Completed, minutes: 5);
        var pod = PodOf(SetOf(green));
        var joined = pod.DeepClone().AsObject().With("metadata/labels/app", "\"web\"");

        Expect(objects, Some.Update(pod, joined), "2 of 22 pods (9%) behind Service web would be unproven; step 5% allows 1");
        Expect(
            objects,
            Some.Update(pod, joined) with
            {
                SubResource = "status",
            },
            "2 of 22 pods (9%) behind Service web would be unproven; step 5% allows 1"
        );
        Expect(objects, Some.Update(pod, pod.DeepClone().AsObject().With("metadata/labels/note", "\"mine\"")), null);
    }

    [Test]
    public void RemovingAProvenPodRaisesTheShareOfTheOthers()
    {
        var pod = PodOf(SetOf(Web(20)));
        var taken = pod.DeepClone().AsObject().With("metadata/labels/app", "\"gone\"");

        Expect(
            Settled.Running(C(2), Phase.Completed, minutes: 5),
            Some.Update(pod, taken),
            "2 of 21 pods (9%) behind Service web would be unproven; step 5% allows 1"
        );
        Expect(Settled.Running(C(1), Phase.Completed, minutes: 5), Some.Update(pod, taken), null);
        Expect(Settled, Some.Update(pod, taken), null);
    }

    [Test]
    public void ReplicaSetWithLowerMinReadySecondsNoLongerLimitsThePace()
    {
        var young = SetOf(Web(20, V2).Paced(), Second, 1);

        Expect(Rolling(), Some.Update(young, young.DeepClone().AsObject().With("spec/minReadySeconds", "0")), AllOfThem);
        Expect(Rolling(), Some.Update(young, young.DeepClone().AsObject().With("spec/minReadySeconds", "700")), null);
    }

    [TestCase("deployment.kubernetes.io/max-replicas")]
    [TestCase("deployment.kubernetes.io/desired-replicas")]
    public void ScalingAnnotationsOfAReplicaSetBelongToItsController(string annotation)
    {
        var old = SetOf(Web(20));
        System.Text.Json.Nodes.JsonObject With(string key) =>
            old.DeepClone().AsObject().With("metadata/annotations", $$"""{"{{key}}": "1"}""");

        Assert.That(
            Rolling().Decide(Some.Update(old, With(annotation))).Denials.Select(d => d.Finding.Reason),
            Is.EqualTo(new[] { Reasons.ControllerOnly.Code })
        );
        Expect(Rolling(), Some.Update(old, With("example.com/note")), null);
    }

    [TestCase("db-2")]
    [TestCase(null, Description = "without it, the newest revision would count")]
    public void OnlyTheControllerMayChangeTheRevisionLabelOfAPod(string? value)
    {
        var pod = PodOf(SetOf(Web(20))).With("metadata/labels", """{"app": "web", "controller-revision-hash": "db-1"}""");
        var relabelled = pod.DeepClone()
            .AsObject()
            .With(
                "metadata/labels",
                value is null ? """{"app": "web"}""" : $$"""{"app": "web", "controller-revision-hash": "{{value}}"}"""
            );

        Assert.That(
            Settled.Decide(Some.Update(pod, relabelled)).Denials.Select(d => d.Finding.Reason),
            Is.EqualTo(new[] { Reasons.ControllerOnly.Code })
        );
    }

    [Test]
    public void ScalingAnnotationsOfACreatedReplicaSetBelongToTheController()
    {
        var orphan = SetOf(C(1), Second, 1)
            .With("metadata/ownerReferences", "[]")
            .With("metadata/annotations", """{"deployment.kubernetes.io/max-replicas": "1"}""");

        Assert.That(
            Settled.Decide(Some.Create(orphan)).Denials.Select(d => d.Finding.Reason),
            Is.EqualTo(new[] { Reasons.ControllerOnly.Code })
        );
    }

    /// <summary>A paused Deployment without pods scales its newest ReplicaSet, whether its own was deleted or scaled to zero.</summary>
    [TestCase(true)]
    [TestCase(false)]
    public void ReplicaSetOfAPausedDeploymentMayNotBeReplacedByAnother(bool isDeleted)
    {
        var (web, own) = (Web(20).With("spec/paused", "true"), SetOf(Web(20)));
        var taken = SetOf(Web(20, V2), Second, 0).With("metadata/creationTimestamp", "\"2026-11-23T11:00:00Z\"");
        var objects = Empty.With(web.Live(), own.Live(), taken.Live()).With(Pods(PodOf(own), 20)).With(Some.Change(Web(20), Phase.Proven));

        Expect(objects, isDeleted ? Delete(own) : Scale(own, 0), AllOfThem);
    }

    [Test]
    public void ReplicaSetOfADeploymentThatIsBeingDeletedKeepsServing()
    {
        var canary = C(1).With("metadata/deletionTimestamp", "\"2026-11-23T11:59:00Z\"");
        var objects = Settled.Running(C(1), Phase.Completed, minutes: 5);
        objects = objects with { Workloads = [.. objects.Workloads.Select(w => w.Spec.Ref == canary.Read().Ref ? canary.Live() : w)] };

        Expect(objects, Scale(SetOf(C(1)), 20), "20 of 40 pods (50%) behind Service web would be unproven; step 5% allows 2");
    }

    [TestCase(0, null)]
    [TestCase(1, "2 of 10 pods (20%) behind Service web would be unproven; step 5% allows 1")]
    public void OtherStartOrdinalsOfAStatefulSetAreNewPods(int start, string? refusal)
    {
        var set = StatefulSet("db", 10, V2, partition: 9);

        Expect(
            Sets(set, updated: 1),
            Some.Update(set, set.DeepClone().AsObject().With("spec/ordinals", $$"""{"start": {{start}}}""")),
            refusal
        );
    }

    /// <summary>A StatefulSet or DaemonSet of ten whose rollout to v2 is under way from the end, behind Service web.</summary>
    private static NamespaceObjects Sets(System.Text.Json.Nodes.JsonObject set, int updated)
    {
        var kind = $"{set["kind"]}";
        System.Text.Json.Nodes.JsonObject Of(string image) =>
            kind == "DaemonSet" ? DaemonSet("db", 10, image) : StatefulSet("db", 10, image);
        LiveRevision Revision(string name, string image, long number) =>
            new(name, "uid-db", Of(image).Read().Template, number, name) { Uid = $"uid-{name}" };
        var old = Pods(PodOf(Of(V1)).With("metadata/labels/controller-revision-hash", "\"db-old\""), 10);
        var young = Pods(PodOf(Of(V2)).With("metadata/labels/controller-revision-hash", "\"db-new\""), 10, minutes: 1);
        return Empty.With(
            new LiveWorkload
            {
                Spec = set.Read(),
                ReadyPods = 10,
                Revisions = ("db-old", "db-new"),
                UpdatedPods = updated,
            }
        ) with
        {
            Revisions = [Revision("db-old", V1, 1), Revision("db-new", V2, 2)],
            Pods = [old with { Pods = [.. old.Pods.Take(10 - updated)] }, young with { Pods = [.. young.Pods.Skip(10 - updated)] }],
            Changes = [Some.Change(Of(V1), Phase.Proven), Some.Change(Of(V2), Phase.Running)],
        };
    }

    private static void Expect(NamespaceObjects objects, Request request, string? refusal) =>
        Assert.That(objects.Refusal(request), refusal is null ? Is.Null : Does.StartWith(refusal));
}

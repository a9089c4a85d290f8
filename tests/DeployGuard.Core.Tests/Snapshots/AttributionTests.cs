using System.Text.Json.Nodes;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using static DeployGuard.Core.Tests.Shop;

namespace DeployGuard.Core.Tests;

/// <summary>
/// Attribution of the objects and pods of a namespace. An owner reference is a claim; an unattributed object is its own member.
/// </summary>
public class AttributionTests
{
    private const string Mirrored = "mirror.example.com/proxy/web@sha256:1111111111111111111111111111111111111111111111111111111111111111";
    private const string Sidecar =
        """{"name": "proxy", "image": "registry.example.com/mesh/proxy@sha256:9999999999999999999999999999999999999999999999999999999999999999"}""";

    [Test]
    public void DeploymentOwnsItsReplicaSetsAndTheirPods()
    {
        var member = Rolling().ToSnapshot().Members.Single();

        Assert.That(member.Spec.Ref.KubectlName, Is.EqualTo("deployment/web"));
        Assert.That(
            member.Pods.Select(p => (p.OwnedUid, p.Pods, p.Seen.Sum(g => g.Serving))),
            Is.EquivalentTo(new[] { ("uid-web-5d9f7", 20, 20), ("uid-web-7c6b9", 1, 1) })
        );
    }

    [TestCase(60, false, 60, TestName = "{m}(its only template, since it was created)")]
    [TestCase(60, true, 0, TestName = "{m}(another template before, rewritten at once)")]
    [TestCase(30, false, 0, TestName = "{m}(no record of the template with which it was created)")]
    [TestCase(30, true, 0, TestName = "{m}(another template before)")]
    public void PodsOfAReplicaSetCanRunItsTemplateSince(int requested, bool hadAnother, int created)
    {
        var set = Web(3).With("kind", "\"ReplicaSet\"").With("spec/strategy", "null");
        var mine = Requested(set, requested);

        Assert.That(
            CanRunSince(set, 60, hadAnother ? [mine, mine with { TemplateHash = "v2:another" }] : [mine]),
            Is.EqualTo(created > 0 ? Ago(created) : Ago(requested).AddSeconds(10))
        );
    }

    /// <summary>Its Deployment created it, without a record of its own, so its pods are those of an unknown template.</summary>
    [Test]
    public void PodsOfAnOrphanedReplicaSetCannotRunATemplateThatWasRequestedLater()
    {
        var set = SetOf(Web(3)).With("metadata/ownerReferences", "[]");

        Assert.That(CanRunSince(set, 60, []), Is.EqualTo(Ago(60)));
        Assert.That(CanRunSince(set, 60, [Requested(set, 30)]), Is.EqualTo(Ago(30).AddSeconds(10)));
        Assert.That(CanRunSince(set, 30, [Requested(set, 30)]), Is.EqualTo(Ago(30).AddSeconds(10)), "also at once");
    }

    /// <summary>A ReplicaSet that is created again adopts older pods with its labels and images.</summary>
    [Test]
    public void PodsThatAreOlderThanTheirOwnerCannotRunItsTemplate()
    {
        var rolling = Rolling();
        var created = rolling.Workloads.Select(w => w with { Spec = w.Spec with { CreatedAt = Ago(5) } });
        var seen = (rolling with { Workloads = [.. created] }).ToSnapshot().Members.Single().Pods.SelectMany(p => p.Seen);

        Assert.That(seen.Select(g => g.CanRunSince), Is.EqualTo(new[] { Ago(5), Ago(5) }));
    }

    private static DateTimeOffset Ago(int minutes) => Some.Now.AddMinutes(-minutes);

    private static Change Requested(JsonObject workload, int minutesAgo) =>
        Some.Change(workload, Phase.Completed) with
        {
            FirstRequestedAt = Ago(minutesAgo),
            LastRequestedAt = Ago(minutesAgo),
        };

    /// <param name="created">Minutes ago.</param>
    private static DateTimeOffset CanRunSince(JsonObject owner, int created, Change[] changes)
    {
        var live = owner.Live();
        var objects = Empty
            .With(changes)
            .With(live with { Spec = live.Spec with { CreatedAt = Ago(created) } })
            .With(Pods(PodOf(owner), 3));
        return objects.ToSnapshot().Members.SelectMany(m => m.Pods).SelectMany(p => p.Seen).Single().CanRunSince;
    }

    [TestCase("uid-of-no-object", Description = "no such owner")]
    [TestCase("uid-web", Description = "a Deployment creates no pods")]
    [TestCase("uid-job", Description = "its selector matches other pods")]
    public void PodWithAnOwnerThatDoesNotSelectItIsUnattributed(string uid)
    {
        var forged = PodOf(SetOf(Web(20))).With("metadata/ownerReferences", OwnerJson("apps/v1", "ReplicaSet", "web-5d9f7", uid));
        var job = Job("job", 1, V1, """{"app": "batch"}""").With("spec/selector", """{"matchLabels": {"app": "batch"}}""");

        Assert.That(Alone(Settled.With(job.Live()).With(Pods(forged, 3))), Is.EqualTo(new[] { ("pod/web-5d9f7-0", 3, true) }));
    }

    [Test]
    public void PodWithAnotherImageThanItsOwnerIsUnattributed() =>
        Assert.That(
            Alone(Settled.With(Pods(PodOf(SetOf(Web(20))).With("spec/containers/0/image", $"\"{V2}\""), 1))),
            Is.EqualTo(new[] { ("pod/web-5d9f7-0", 1, true) })
        );

    [Test]
    public void PodWithoutAContainerOfItsOwnerIsUnattributed() =>
        Assert.That(
            Alone(Settled.With(Pods(PodOf(SetOf(Web(20))).With("spec/containers/0/name", "\"other\""), 1))),
            Is.EqualTo(new[] { ("pod/web-5d9f7-0", 1, true) })
        );

    [Test]
    public void RegistryMirrorAndSidecarMakeNoOtherRevision()
    {
        var mirrored = PodOf(SetOf(Web(20))).With("spec/containers/0/image", $"\"{Mirrored}\"");
        var injected = PodOf(SetOf(Web(20)));
        (injected["spec"]?["containers"] as JsonArray)?.Add(JsonNode.Parse(Sidecar));

        var objects = Settled with { Pods = [Pods(mirrored, 10), Pods(injected, 10)] };
        Assert.That(Alone(objects), Is.Empty);
        Assert.That(objects.ToSnapshot().Members.Single().Pods.Single().Seen.Sum(g => g.Serving), Is.EqualTo(20));
    }

    [Test]
    public void PodAdmittedByARequestIsEvaluatedByItsOwnRecord()
    {
        var pod = PodOf(SetOf(Web(20)), "19");
        var objects = Settled.With(
            Some.Change(pod, Phase.Completed) with
            {
                Workload = new WorkloadRef("", "Pod", "shop", "web-5d9f7-19"),
            }
        );

        Assert.That(Alone(objects), Is.EqualTo(new[] { ("pod/web-5d9f7-19", 1, false) }), "whatever owner it names");
        Assert.That(
            objects.ToSnapshot().Members.Single(m => m.Spec.Ref.Kind == "Deployment").Pods.Single().Seen.Sum(g => g.Serving),
            Is.EqualTo(19)
        );
    }

    [Test]
    public void PodCreatedLaterByAControllerUnderAKnownNameIsAttributedToIt()
    {
        var pod = Some.Change(PodOf(SetOf(Web(20)), "19"), Phase.Completed) with
        {
            Workload = new WorkloadRef("", "Pod", "shop", "web-5d9f7-19"),
        };

        Assert.That(Alone(Settled.With(pod with { LastRequestedAt = Some.Now.AddMinutes(-63) })), Is.Empty);
        Assert.That(
            Alone(Settled.With(pod with { LastRequestedAt = Some.Now.AddMinutes(-59) })),
            Is.EqualTo(new[] { ("pod/web-5d9f7-19", 1, false) })
        );
    }

    [Test]
    public void PodWithAnotherInitContainerThanItsOwnerIsUnattributed()
    {
        const string init = """[{"name": "agent", "image": "{0}", "restartPolicy": "Always"}]""";
        JsonObject With(JsonObject of, string path, string image) =>
            of.With($"{path}/initContainers", init.Replace("{0}", image, StringComparison.Ordinal));
        var web = With(Web(20), "spec/template/spec", V1);
        var objects = Empty.With(web.Live(), SetOf(web).Live());

        Assert.That(Alone(objects.With(Pods(PodOf(SetOf(web)), 1))), Is.Empty);
        Assert.That(Alone(objects.With(Pods(With(PodOf(SetOf(web)), "spec", V2), 1))), Is.EqualTo(new[] { ("pod/web-5d9f7-0", 1, true) }));
    }

    [TestCase(
        "metadata/ownerReferences",
        """[{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "uid-of-no-object", "controller": true}]"""
    )]
    [TestCase(
        "metadata/ownerReferences",
        """[{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "uid-db", "controller": true}]""",
        Description = "its controller creates no ReplicaSets"
    )]
    [TestCase(
        "metadata/ownerReferences",
        """[{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "uid-web"}]""",
        Description = "not as its controller"
    )]
    [TestCase("metadata/labels", """{"track": "elsewhere"}""", Description = "the selector lets it go")]
    [TestCase("spec/template/metadata/labels", """{"app": "web", "track": "elsewhere"}""", Description = "and its pods")]
    public void ReplicaSetWithoutAValidOwnerIsUnattributed(string path, string json)
    {
        var set = SetOf(Web(20), Second, 4).With(path, json);
        var db = StatefulSet("db", 1, V1).With("spec/template/metadata/labels", """{"track": "db"}""");

        Assert.That(Alone(Settled.With(db.Live(), set.Live())), Is.EqualTo(new[] { ("replicaset/web-7c6b9", 4, true) }));
    }

    [Test]
    public void ReplicaSetAdmittedByARequestStandsByItsOwnRecord()
    {
        var set = SetOf(Web(4), Second).With("metadata/ownerReferences", "[]");

        Assert.That(
            Alone(Settled.With(set.Live()).With(Some.Change(set, Phase.Completed))),
            Is.EqualTo(new[] { ("replicaset/web-7c6b9", 4, false) })
        );
    }

    [Test]
    public void ReplicationControllersOwnTheirPods()
    {
        var controller = Deployment("rc", 2, V1)
            .With("apiVersion", "\"v1\"")
            .With("kind", "\"ReplicationController\"")
            .With("spec/selector", """{"track": "rc"}""");

        Assert.That(
            Empty
                .With(controller.Live())
                .With(Pods(PodOf(controller), 2))
                .ToSnapshot()
                .Members.Select(m => (m.Spec.Ref.Kind, m.Pods.Single().Seen.Sum(g => g.Serving))),
            Is.EqualTo(new[] { ("ReplicationController", 2) })
        );
    }

    [Test]
    public void CronJobCountsThePodsThatItsJobsDoNotRunYet()
    {
        var cron = CronJob("nightly", 5, V1, "Forbid");
        JsonObject Made(string name, string image) =>
            Job(name, 3, image, """{"app": "web"}""").With("metadata/ownerReferences", OwnerJson("batch/v1", "CronJob", "nightly"));

        var members = Empty.With(cron.Live(), Made("nightly-1", V1).Live(), Made("nightly-2", V2).Live()).ToSnapshot().Members;

        Assert.That(
            members.Select(m => (m.Spec.Ref.Name, m.Size, m.RecordedAs?.Name, m.IsUnattributed)),
            Is.EquivalentTo(
                new[] { ("nightly", 2, (string?)null, false), ("nightly-1", 3, "nightly", false), ("nightly-2", 3, null, true) }
            ),
            "one that runs something else is none of its own"
        );
    }

    [Test]
    public void RevisionLabelOfAStatefulSetPodIsOnlyAClaim()
    {
        var set = StatefulSet("db", 3, V2);
        LiveRevision Revision(string name, string image, long number) =>
            new(name, "uid-db", StatefulSet("db", 3, image).Read().Template, number, name) { Uid = $"uid-{name}" };
        JsonObject Labelled(string image, string revision, string name) =>
            PodOf(StatefulSet("db", 3, image), name).With("metadata/labels/controller-revision-hash", $"\"{revision}\"");
        var objects = Empty.With(
            new LiveWorkload
            {
                Spec = set.Read(),
                ReadyPods = 3,
                Revisions = ("db-1", "db-2"),
                UpdatedPods = 2,
            }
        ) with
        {
            Revisions = [Revision("db-1", V1, 1), Revision("db-2", V2, 2)],
            Pods = [Pods(Labelled(V1, "db-1", "0"), 1), Pods(Labelled(V2, "db-2", "1"), 1), Pods(Labelled(V2, "db-1", "2"), 1)],
        };

        Assert.That(
            objects.ToSnapshot().Members.Single().Pods.Select(p => (p.OwnedName, p.Pods, p.Seen.Sum(g => g.Serving))),
            Is.EquivalentTo(new[] { ("db-2", 2, 2), ("db-1", 1, 1) }),
            "identified by its image"
        );
    }

    [Test]
    public void PodsWithoutAnOwnerAreDistinguishedByCreationTime()
    {
        var loose = PodOf(SetOf(Web(20))).With("metadata/ownerReferences", "[]");
        var group = Pods(loose, 4);
        var adopted = group with
        {
            Pods =
            [
                .. group.Pods.Select((p, i) => i < 3 ? p with { CreatedAt = AdoptedAt } : p with { CreatedAt = AdoptedAt.AddSeconds(1) }),
            ],
        };

        Assert.That(Alone(Settled.With(adopted)).Select(m => m.Pods), Is.EquivalentTo(new[] { 3, 1 }));
    }

    [TestCase(0, null, Description = "adopted with the rest")]
    [TestCase(1, "2 of 22 pods (9%) behind Service web would be unproven; step 5% allows 1", Description = "of unknown origin")]
    public void PodsServingAtAdoptionAreKnownAndLaterOnesAreUnproven(int secondsAfter, string? refusal)
    {
        var loose = Pods(PodOf(SetOf(Web(20, V3))).With("metadata/ownerReferences", "[]"), 1);
        var pod = loose.Pods[0] with { CreatedAt = AdoptedAt.AddSeconds(secondsAfter) };
        var objects = Settled.With(loose with { Pods = [pod] }) with
        {
            Adopted = new Dictionary<string, AdoptedPods> { [Policy.Name] = new(AdoptedAt, new HashSet<string> { pod.Name }) },
        };

        Assert.That(objects.Refusal(Some.Create(C(1))), refusal is null ? Is.Null : Does.StartWith(refusal));
    }

    [Test]
    public void UnattributedPodOfAProvenRevisionIsProven() =>
        Assert.That(
            Settled.With(Pods(PodOf(SetOf(Web(20))).With("metadata/ownerReferences", "[]"), 5)).Refusal(Some.Create(C(1))),
            Is.Null
        );

    [Test]
    public void FinishedAndDeletedPodsServeNoUser()
    {
        var loose = Pods(PodOf(SetOf(Web(20, V3))).With("metadata/ownerReferences", "[]"), 2);

        Assert.That(
            Alone(Settled.With(loose with { Pods = [loose.Pods[0] with { IsDeleting = true }, loose.Pods[1] with { IsFinished = true }] })),
            Is.Empty
        );
    }

    [Test]
    public void RelabelledPodLeavesOnePoolAndJoinsAnother()
    {
        var set = SetOf(Web(20));
        var moved = PodOf(set, "19").With("metadata/labels", """{"app": "api", "track": "web", "pod-template-hash": "5d9f7"}""");
        var group = Pods(PodOf(set), 20);
        var api = new Service("api", Labels(("app", "api")), false);
        var objects = Settled with
        {
            Services = [WebService, api],
            Pods = [group with { Pods = [.. group.Pods.Take(19)] }, Pods(moved, 1) with { Pods = [group.Pods[19]] }],
        };
        var members = objects.ToSnapshot().Members;

        var (web, strays) = (Pool.Behind(WebService, members), Pool.Behind(api, members));
        Assert.That((web.Total, web.Members.Single().Excluded, web.Members.Single().Pods.Single().Pods), Is.EqualTo((19, 1, 19)));
        Assert.That(
            (strays.Total, strays.Members.Single().Spec.Ref.Name, strays.Members.Single().RecordedAs?.Name),
            Is.EqualTo((1, "web-5d9f7-19", "web"))
        );
    }

    /// <summary>Unattributed members: name, pods, and whether their origin is unknown.</summary>
    private static (string Name, int Pods, bool IsUnattributed)[] Alone(NamespaceObjects objects) =>
        [
            .. objects
                .ToSnapshot()
                .Members.Where(m => m.Spec.Ref.Kind is "Pod" or "ReplicaSet")
                .Select(m => (m.Spec.Ref.KubectlName, m.Size, m.IsUnattributed)),
        ];
}

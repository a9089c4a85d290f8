using System.Text.Json;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>The fields that are kept of a watched pod, and those that many pods share.</summary>
public class LivePodReaderTests
{
    private const string Running = """
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-24T00:05:00Z"}],
        "containerStatuses": [{"restartCount": 1, "state": {"running": {"startedAt": "2026-11-24T00:04:00Z"}}, "lastState": {"terminated": {"finishedAt": "2026-11-24T00:03:59Z"}}},
                              {"restartCount": 0, "state": {"running": {"startedAt": "2026-11-24T00:00:10Z"}}}]
        """;

    private LivePodReader _reader = new(WorkloadReader.Default);

    [SetUp]
    public void Start() => _reader = new LivePodReader(WorkloadReader.Default);

    [Test]
    public void PodTimesAreRead()
    {
        var read = _reader.Read(Pod(status: Running)).Pod;

        Assert.That(
            (read.Name, read.Node, read.CreatedAt, read.ReadySince, read.StartedAt, read.RestartedAt, read.IsDeleting, read.IsFinished),
            Is.EqualTo(("web-1-a", "node-1", At(0), (DateTimeOffset?)At(5), (DateTimeOffset?)At(4), (DateTimeOffset?)At(4), false, false))
        );
    }

    [Test]
    public void WithoutAStatusItIsNotReady()
    {
        var read = _reader.Read(Pod()).Pod;

        Assert.That(
            (read.ReadySince, read.StartedAt, read.RestartedAt, read.IsReady),
            Is.EqualTo(((DateTimeOffset?)null, (DateTimeOffset?)null, (DateTimeOffset?)null, false))
        );
    }

    [TestCase("Failed", true)]
    [TestCase("Succeeded", true)]
    [TestCase("Running", false)]
    public void FinishedPodServesNoUser(string phase, bool isFinished) =>
        Assert.That(_reader.Read(Pod(status: $"\"phase\": \"{phase}\"")).Pod.IsFinished, Is.EqualTo(isFinished));

    [Test]
    public void PodThatIsBeingDeletedIsMarked()
    {
        var read = _reader.Read(Pod(metadata: "\"deletionTimestamp\": \"2026-11-24T00:09:00Z\",", status: Running)).Pod;

        Assert.That((read.IsDeleting, read.IsReady, read.IsActive), Is.EqualTo((true, false, false)));
    }

    [Test]
    public void EqualPodsShareOneShape()
    {
        var (one, other) = (_reader.Read(Pod("web-1-a")), _reader.Read(Pod("web-1-b", status: Running)));

        Assert.That(other.Shape, Is.SameAs(one.Shape));
        Assert.That(other.Key, Is.EqualTo(one.Key));
        Assert.That(one.Shape.OwnerUid, Is.EqualTo("uid-web-1"));
        Assert.That(
            one.Shape.Template.Containers.Single(),
            Is.EqualTo(new Container("web", "web:1", one.Shape.Template.Containers.Single().Ports, false))
        );
        Assert.That(_reader.Shapes, Is.EqualTo(1));
    }

    [TestCase("web", "web:2", "web", "uid-web-1", Description = "another image")]
    [TestCase("web", "web:1", "other", "uid-web-1", Description = "another label")]
    [TestCase("web", "web:1", "web", "uid-web-2", Description = "another owner")]
    [TestCase("app", "web:1", "web", "uid-web-1", Description = "another container")]
    public void PodsThatMayServeOtherUsersHaveDifferentShapes(string container, string image, string label, string owner) =>
        Assert.That(
            _reader.Read(Pod("b", container: container, image: image, label: label, owner: owner)).Shape,
            Is.Not.SameAs(_reader.Read(Pod("a")).Shape)
        );

    [Test]
    public void HashIdentifiesTheRevisionOfPodsWithoutAnOwner()
    {
        var (one, other) = (_reader.Read(Pod("a", owner: null)), _reader.Read(Pod("b", owner: null, command: "serve")));

        Assert.That(one.Shape.Template.Hash, Does.StartWith("v2:"));
        Assert.That(other.Shape, Is.Not.SameAs(one.Shape));
        Assert.That(other.Shape.Template.Hash, Is.Not.EqualTo(one.Shape.Template.Hash));
    }

    [Test]
    public void ShapesWithoutPodsAreForgotten()
    {
        var kept = _reader.Read(Pod("a"));
        _reader.Read(Pod("b", image: "web:2"));

        _reader.Keep(new HashSet<string> { kept.Key });
        Assert.That(_reader.Shapes, Is.EqualTo(1));
        Assert.That(_reader.Read(Pod("c")).Shape, Is.SameAs(kept.Shape));
    }

    private static DateTimeOffset At(int minute) => new(2026, 11, 24, 0, minute, 0, TimeSpan.Zero);

    private static JsonElement Pod(
        string name = "web-1-a",
        string container = "web",
        string image = "web:1",
        string label = "web",
        string? owner = "uid-web-1",
        string command = "run",
        string metadata = "",
        string status = ""
    ) =>
        JsonDocument
            .Parse(
                $$"""
                {"metadata": {"name": "{{name}}", "namespace": "shop", "creationTimestamp": "2026-11-24T00:00:00Z", {{metadata}} "labels": {"app": "{{label}}"},
                  "ownerReferences": [{{(
                    owner is null
                        ? ""
                        : $$"""{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "uid": "{{owner}}", "controller": true}"""
                )}}]},
                 "spec": {"nodeName": "node-1", "containers": [{"name": "{{container}}", "image": "{{image}}", "command": ["{{command}}"]}]},
                 "status": { {{status}} } }
                """
            )
            .RootElement;
}

using System.Text.Json.Nodes;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Reservations;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>Pending exposure, reserved by compare-and-swap on an object of the API server.</summary>
public class PendingExposureStoreTests
{
    private const string Foreign = """
        [{"at": "AT", "pods": {"policy": "canary", "pool": "Service web", "workload": {"apiGroup": "apps", "kind": "Deployment", "namespace": "shop", "name": "web-9"},
          "templateHash": "HASH", "images": [IMAGE], "pods": PODS, "generation": null}}]
        """;

    private static readonly string s_hash = $"v1:{new string('2', 64)}";

    /// <summary>A loaded machine answers all the same.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 0, 0, 0, TimeSpan.Zero));
    private ObjectStore? _store;

    private ObjectStore Store => _store ?? throw new InvalidOperationException("not started");

    [SetUp]
    public async Task StartAsync() => _store = await ObjectStore.StartAsync();

    [TearDown]
    public async Task StopAsync() => await Store.DisposeAsync();

    [Test]
    public async Task ReplicasAdmitOneOfManyConcurrentRequests()
    {
        PendingExposureStore[] replicas = [NewReplica(), NewReplica(), NewReplica()];

        // Called again after every lost swap: only the written answer counts.
        var seen = await Task.WhenAll(
            Enumerable
                .Range(0, 30)
                .Select(i =>
                    replicas[i % 3].TakeAsync("shop", "dana", others => others.Count > 0 ? [] : [Pods($"web-{i}")], CancellationToken.None)
                )
        );

        Assert.That(seen.Count(others => others.Count == 0), Is.EqualTo(1));
        Assert.That(Stored(), Has.Length.EqualTo(1));
    }

    [Test]
    public async Task PendingExposureIsReadByAnotherReplica()
    {
        await NewReplica()
            .TakeAsync(
                "shop",
                "dana",
                _ => [Pods("web-1"), Pods("web-1") with { Pool = "Service other", Generation = 7 }],
                CancellationToken.None
            );

        var others = await NewReplica().TakeAsync("shop", "dana", _ => [], CancellationToken.None);

        Assert.That(
            others.Select(o => (o.Policy, o.Pool, o.Workload, o.TemplateHash, Image: o.Images.Single(), o.Pods, o.Generation)),
            Is.EqualTo(
                new[]
                {
                    ("canary", "Service web", Ref("web-1"), s_hash, "registry.example.com/web@sha256:2", 1, (long?)null),
                    ("canary", "Service other", Ref("web-1"), s_hash, "registry.example.com/web@sha256:2", 1, 7),
                }
            )
        );
    }

    [Test]
    public async Task PendingExposureCountsUntilItExpiresAndOnlyInItsNamespace()
    {
        var replica = NewReplica();
        PutDeployment("web-1", 1);
        await replica.TakeAsync("shop", "dana", _ => [Pods("web-1")], CancellationToken.None);

        Assert.That(await replica.TakeAsync("elsewhere", "dana", _ => [], CancellationToken.None), Is.Empty);
        _time.Advance(PendingExposure.VisibleWithin - TimeSpan.FromSeconds(1));
        Assert.That(await replica.TakeAsync("shop", "dana", _ => [], CancellationToken.None), Has.Count.EqualTo(1));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.That(await replica.TakeAsync("shop", "dana", _ => [Pods("web-2")], CancellationToken.None), Is.Empty);
        Assert.That(Stored(), Has.Length.EqualTo(1), "expired entries are not kept");
    }

    [TestCase(null, 1, 0, Description = "the request was not stored")]
    [TestCase(7, 7, 0, Description = "the object was not written since")]
    [TestCase(7, 8, 1)]
    [TestCase(null, 0, 1, Description = "it was created")]
    public async Task PendingExposureOfARequestThatWasNotStoredCountsForSecondsOnly(int? requested, int generation, int expected)
    {
        var replica = NewReplica();
        var name = requested is null && generation == 1 ? "another" : "web-1";
        PutDeployment(name, generation);
        await replica.TakeAsync("shop", "dana", _ => [Pods("web-1") with { Generation = requested }], CancellationToken.None);

        _time.Advance(RecentObjects.WrittenWithin - TimeSpan.FromSeconds(1));
        Assert.That(
            await replica.TakeAsync("shop", "dana", _ => [], CancellationToken.None),
            Has.Count.EqualTo(1),
            "the API server may be slow to write it"
        );
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(await replica.TakeAsync("shop", "dana", _ => [Pods("web-2")], CancellationToken.None), Has.Count.EqualTo(expected));
        Assert.That(Stored(), Has.Length.EqualTo(expected + 1));
    }

    [Test]
    public async Task PlacesOfOneWorkloadAndOfOneRequesterAreLimited()
    {
        var replica = NewReplica();
        for (var i = 0; i < 10; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
            await replica.TakeAsync("shop", "dana", _ => [Pods("web-0") with { Pods = i + 1 }], CancellationToken.None);
        }

        Assert.That(
            (await replica.TakeAsync("shop", "erin", _ => [], CancellationToken.None)).Select(o => o.Pods),
            Is.EquivalentTo((int[])[7, 8, 9, 10]),
            "its latest"
        );

        var more = Enumerable.Range(1, 50).Select(i => Pods($"web-{i}")).ToList();
        Assert.That(() => replica.TakeAsync("shop", "dana", _ => more, CancellationToken.None), Throws.TypeOf<UnavailableException>());
        Assert.That(
            await replica.TakeAsync("shop", "erin", _ => more, CancellationToken.None),
            Has.Count.EqualTo(4),
            "another requester has places of their own"
        );
    }

    /// <summary>Hundreds of steps of an autoscaler do not block a canary.</summary>
    [Test]
    public async Task RequestWithoutMoreExposureDisplacesNoOther()
    {
        var replica = NewReplica();
        await replica.TakeAsync(
            "shop",
            "system:autoscaler",
            _ => [.. Enumerable.Range(0, 250).Select(i => Pods($"web-{i}") with { Pool = "" })],
            CancellationToken.None
        );

        Assert.That(
            await replica.TakeAsync("shop", "dana", _ => [Pods("canary")], CancellationToken.None),
            Has.Count.EqualTo(200),
            "the last of them are known"
        );
        Assert.That(await replica.TakeAsync("shop", "erin", _ => [], CancellationToken.None), Has.Count.EqualTo(201));
    }

    [Test]
    public async Task RequestWithoutExposureWritesNothing()
    {
        await NewReplica().TakeAsync("shop", "dana", _ => [], CancellationToken.None);

        Assert.That(Store.Writes, Is.Empty);
    }

    [TestCase("nonsense")]
    [TestCase("""[{"pods": {}}]""")]
    [TestCase("""[{"at": "2026-11-24T00:00:00Z", "pods": null}]""")]
    [TestCase("[null]")]
    [TestCase(Foreign, 2147483647, 64, "2026-11-24T00:00:00Z", "\"x\"")]
    [TestCase(Foreign, 1, 0, "2026-11-24T00:00:00Z", "\"x\"")]
    [TestCase(Foreign, 1, 64, "2099-11-24T00:00:00Z", "\"x\"")]
    [TestCase(Foreign, 1, 64, "2026-11-24T00:00:00Z", "null")]
    public async Task ForeignContentIsOverwritten(string format, int pods = 0, int digits = 0, string at = "", string image = "")
    {
        var foreign = format
            .Replace("PODS", $"{pods}", StringComparison.Ordinal)
            .Replace("HASH", $"v1:{new string('2', digits)}", StringComparison.Ordinal)
            .Replace("AT", at, StringComparison.Ordinal)
            .Replace("IMAGE", image, StringComparison.Ordinal);
        var replica = NewReplica();
        await replica.TakeAsync("shop", "dana", _ => [Pods("web-1")], CancellationToken.None);
        Store.Objects.Values.Single()["data"] = new JsonObject { ["places"] = foreign };

        Assert.That(await replica.TakeAsync("shop", "dana", _ => [Pods("web-2")], CancellationToken.None), Is.Empty);
        Assert.That(Stored(), Has.Length.EqualTo(1));
    }

    [Test]
    public async Task FailedWriteIsUnavailable()
    {
        Store.Admit = _ => throw new InvalidOperationException("quota");

        await Assert.ThrowsAsync<UnavailableException>(() =>
            NewReplica().TakeAsync("shop", "dana", _ => [Pods("web-1")], CancellationToken.None)
        );
    }

    private void PutDeployment(string name, int generation) =>
        Store.Put(
            $"apis/apps/v1/namespaces/shop/deployments/{name}",
            Parsed(
                $$"""
                {"metadata": {"name": "{{name}}", "namespace": "shop", "uid": "u", "generation": {{generation}} },
                 "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]} } } }
                """
            )
        );

    private PendingExposureStore NewReplica() =>
        new(
            Store.Connection,
            new RecentObjects(Store.Connection, new ClusterCaches(Store.Connection, WorkloadReader.Default, _time, NullLogger.Instance)),
            TestOptions.Installed,
            _time,
            s_patience
        );

    private JsonObject[] Stored() =>
        [
            .. (
                JsonNode.Parse((string?)Store.Objects.Values.Single(o => o["data"] is not null)["data"]?["places"] ?? "[]")?.AsArray() ?? []
            ).OfType<JsonObject>(),
        ];

    private static JsonObject Parsed(string json) => JsonNode.Parse(json)?.AsObject() ?? throw new InvalidOperationException("no object");

    private static PendingExposure Pods(string workload) =>
        new("canary", "Service web", Ref(workload), s_hash, ["registry.example.com/web@sha256:2"], 1, null);

    private static WorkloadRef Ref(string name) => new("apps", "Deployment", "shop", name);
}

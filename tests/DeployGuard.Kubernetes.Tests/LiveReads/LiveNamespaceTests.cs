using System.Text.Json;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Safeguards;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.LiveReads;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>A namespace that is read from the API server before a refusal, and one that is read too slowly.</summary>
public class LiveNamespaceTests
{
    private const string V1 = "web@sha256:1111111111111111111111111111111111111111111111111111111111111111";
    private const string V2 = "web@sha256:2222222222222222222222222222222222222222222222222222222222222222";

    private static readonly SafeguardPolicy s_policy = new()
    {
        Name = "canary",
        Canary = new CanaryRules { Required = Required.Always, Steps = [5, 25] },
    };

    private FakeApi _api = null!;
    private ClusterCaches _caches = null!;
    private CancellationTokenSource _stop = null!;
    private Task _running = Task.CompletedTask;

    /// <summary>Lists of this resource are answered very late.</summary>
    private string _slow = "";

    [SetUp]
    public async Task StartAsync()
    {
        _slow = "";
        _api = await FakeApi.StartAsync();
        _api.Own = AnswerAsync;
        _caches = new ClusterCaches(_api.Connection, WorkloadReader.Default, TimeProvider.System, NullLogger.Instance);
        _stop = new CancellationTokenSource();
        _running = Task.WhenAll(_caches.All.Select(c => c.RunAsync(_stop.Token)));
        await UntilAsync(() => _caches.All.All(c => c.IsSynced));
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAny(_running);
        Assert.That(_running.IsFaulted, Is.False);
        _stop.Dispose();
        await _api.DisposeAsync();
    }

    [Test]
    public async Task StateOfTheApiServerDecides()
    {
        var read = await new LiveNamespace(_api.Connection, _caches).ReadAsync("shop", new NamespaceSnapshot(), CancellationToken.None);

        Assert.That((read.Stale, read.Services.Single().Name), Is.EqualTo(((string?)null, "web")));
        var member = read.Members.Single();
        Assert.That(
            (member.Spec.Ref.Name, member.Pods.Single().OwnedUid, member.Pods.Single().Seen.Sum(g => g.Serving)),
            Is.EqualTo(("canary", "uid-canary-1", 1))
        );
    }

    [Test]
    public async Task SlowListUsesTheRecordedStepsAndTheMessageSaysSo()
    {
        var canary = Workload("canary", V2, 6);
        _slow = "/deployments";

        var read = await new LiveNamespace(_api.Connection, _caches, TimeSpan.FromSeconds(1)).ReadAsync(
            "shop",
            Known(canary),
            CancellationToken.None
        );

        Assert.That(read.Stale, Is.EqualTo("the API server did not list the namespace in time"));
        Assert.That(
            Refusal(canary, 7, read),
            Is.EqualTo(
                "7 of 27 pods (25%) behind Service web would be unproven; step 25% allows 6; no pod of this revision has served "
                    + "here for 10m. Evaluated with older data, because the API server did not list the namespace in time"
            )
        );
        Assert.That(Refusal(Workload("canary", V2, 5), 6, read), Is.Empty, "the step on record counts");
    }

    [Test]
    public async Task UnwatchedPodsAreListed()
    {
        var cached = new CachedNamespace("shop", _caches).Objects;
        Assert.That((cached.PodsAreKnown, cached.Pods.Count), Is.EqualTo((false, 0)), "no replica watches the namespace");

        var read = await new LiveNamespace(_api.Connection, _caches).WithPodsAsync(
            "shop",
            cached.ToSnapshot() with
            {
                Nodes = 3,
            },
            CancellationToken.None
        );

        Assert.That((read.Objects?.PodsAreKnown, read.Nodes), Is.EqualTo(((bool?)true, 3)));
        Assert.That(read.Members.Single().Pods.Single().Seen.Single().Pods.Single().Name, Is.EqualTo("canary-1-a"));
        Assert.That(
            await new LiveNamespace(_api.Connection, _caches).WithPodsAsync("shop", read, CancellationToken.None),
            Is.SameAs(read),
            "they are known"
        );
    }

    [Test]
    public async Task PodsThatCannotBeListedInTimeAreNotTakenAsAbsent()
    {
        _slow = "/pods";
        var serving = new LiveNamespace(_api.Connection, _caches, TimeSpan.FromSeconds(1));

        await Assert.ThrowsAsync<UnavailableException>(() =>
            serving.WithPodsAsync("shop", new CachedNamespace("shop", _caches).Objects.ToSnapshot(), CancellationToken.None)
        );
    }

    [Test]
    public async Task PodsOfAWatchedNamespaceComeFromItsWatch()
    {
        _caches.Pods.Follow(new HashSet<string> { "shop" }, _stop.Token);
        await UntilAsync(() => _caches.Pods.Of("shop") is not null);

        var cached = new CachedNamespace("shop", _caches).Objects;
        Assert.That((cached.PodsAreKnown, cached.Pods.Single().Pods.Single().Name), Is.EqualTo((true, "canary-1-a")));
        Assert.That(_caches.Pods.Of("shop")?.Single(), Is.SameAs(cached.Pods.Single()), "an unchanged group is the same object");

        _caches.Pods.Follow(new HashSet<string>(), _stop.Token);
        Assert.That(_caches.Pods.Of("shop"), Is.Null, "followed no more");
    }

    [TestCase("true", true)]
    [TestCase("false", false)]
    public async Task UnschedulableNodeIsCordoned(string unschedulable, bool isCordoned)
    {
        _api.Objects["/api/v1/nodes/node-1"] = $$"""{"metadata": {"name": "node-1"}, "spec": {"unschedulable": {{unschedulable}} } }""";

        Assert.That(
            await new LiveNamespace(_api.Connection, _caches).IsCordonedAsync("node-1", CancellationToken.None),
            Is.EqualTo(isCordoned)
        );
    }

    private static NamespaceSnapshot Known(Workload canary) =>
        new()
        {
            Services = [new Service("web", new Dictionary<string, string> { ["app"] = "web" }, false)],
            Members = [Running(Workload("web", V1, 20)), Running(canary)],
            Changes =
            [
                Change(Workload("web", V1, 20), Phase.Proven),
                Change(canary, Phase.Running) with
                {
                    CompletedSteps = [new CompletedStep("canary", "Service web", 5, TimeProvider.System.GetUtcNow())],
                },
            ],
        };

    private static string Refusal(Workload canary, int replicas, NamespaceSnapshot snapshot) =>
        string.Join(
            "; ",
            SafeguardList
                .Evaluator(TrustedControllers.BuiltIn)
                .Evaluate(
                    new WorkloadRequest
                    {
                        Operation = Operation.Update,
                        Requester = new Requester("dana", "", []),
                        Target = canary.Ref,
                        Before = canary,
                        After = canary with { Replicas = replicas },
                    },
                    new ClusterSnapshot
                    {
                        Policies = [s_policy],
                        Namespace = snapshot,
                        Changes = snapshot.Changes,
                    },
                    TimeProvider.System.GetUtcNow()
                )
                .Denials.Select(d => d.Finding.Message)
        );

    /// <summary>A canary with its ReplicaSet and one pod, behind Service web.</summary>
    private async Task<bool> AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        if (context.Request.Query.ContainsKey("watch") || path.StartsWith("/api/v1/nodes/", StringComparison.Ordinal))
        {
            return false;
        }

        if (_slow.Length > 0 && path.EndsWith(_slow, StringComparison.Ordinal))
        {
            await Task.Delay(TimeSpan.FromSeconds(30), context.RequestAborted);
        }

        var items = path[(path.LastIndexOf('/') + 1)..] switch
        {
            "deployments" => Json("canary", V2, 6, ""),
            "replicasets" => Json("canary-1", V2, 6, Owner("canary")),
            "pods" => Pod(),
            "services" => """{"metadata": {"name": "web", "namespace": "shop"}, "spec": {"selector": {"app": "web"}}}""",
            _ => "",
        };
        await context.Response.WriteAsync(
            path.EndsWith("/batch/v1", StringComparison.Ordinal)
                ? """{"resources": [{"name": "cronjobs"}]}"""
                : $$"""{"metadata": {"resourceVersion": "1"}, "items": [{{items}}]}"""
        );
        return true;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition())
        {
            await Task.Delay(10, limit.Token);
        }
    }

    private static Member Running(Workload workload) =>
        new() { Spec = workload, Pods = [new RevisionPods(workload.Template.Hash, null, workload.Template.ImageNames, workload.Replicas)] };

    private static Change Change(Workload workload, Phase phase) =>
        new()
        {
            Name = workload.Ref.Name,
            Workload = workload.Ref,
            TemplateHash = workload.Template.Hash,
            Images = workload.Template.ImageNames,
            Phase = phase,
        };

    private static Workload Workload(string name, string image, int replicas) =>
        ObservedWorkload
            .Read(JsonDocument.Parse(Json(name, image, replicas, "")).RootElement, "apps/v1", "Deployment", WorkloadReader.Default)
            .Spec;

    private static string Json(string name, string image, int replicas, string owner) =>
        $$"""
            {"metadata": {"name": "{{name}}", "namespace": "shop", "uid": "uid-{{name}}", "labels": {"app": "web"}, "ownerReferences": [{{owner}}]},
             "spec": {"replicas": {{replicas}}, "selector": {"matchLabels": {"app": "web"} },
              "template": {"metadata": {"labels": {"app": "web"} }, "spec": {"containers": [{"name": "web", "image": "{{image}}"}] } } } }
            """;

    private static string Pod() =>
        $$"""
            {"metadata": {"name": "canary-1-a", "namespace": "shop", "uid": "uid-pod", "creationTimestamp": "2026-11-24T00:00:00Z", "labels": {"app": "web"}, "ownerReferences": [{{Owner(
                "canary-1"
            )}}]},
             "spec": {"containers": [{"name": "web", "image": "{{V2}}"}]} }
            """;

    private static string Owner(string name) =>
        $$"""{"apiVersion": "apps/v1", "kind": "Deployment", "name": "{{name}}", "uid": "uid-{{name}}", "controller": true}""";
}

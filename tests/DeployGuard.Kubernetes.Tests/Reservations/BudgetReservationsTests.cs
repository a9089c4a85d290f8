using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Reservations;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>Places in a budget, reserved by compare-and-swap on an object of the API server.</summary>
public class BudgetReservationsTests
{
    private const string V1 = "registry.example.com/web@sha256:1111111111111111111111111111111111111111111111111111111111111111";

    /// <summary>A loaded machine answers all the same.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly Clock _time = new();
    private readonly Dictionary<string, JsonObject> _stored = [];
    private readonly List<JsonObject> _changes = [];
    private readonly List<JsonObject> _deployments = [];
    private readonly List<JsonObject> _policies = [];
    private FakeApi? _api;
    private BudgetReservations? _budgets;
    private int _conflicts;
    private TimeSpan _slow;

    private FakeApi Api => _api ?? throw new InvalidOperationException("not started");

    private BudgetReservations First => _budgets ?? throw new InvalidOperationException("not started");

    [SetUp]
    public async Task StartAsync()
    {
        _stored.Clear();
        _changes.Clear();
        _deployments.Clear();
        _policies.Clear();
        (_conflicts, _slow, _time.Now) = (0, TimeSpan.Zero, new DateTimeOffset(2026, 11, 24, 0, 0, 0, TimeSpan.Zero));
        _api = await FakeApi.StartAsync();
        Api.Own = AnswerAsync;
        _budgets = NewReplica();
    }

    [TearDown]
    public async Task StopAsync() => await Api.DisposeAsync();

    [Test]
    public async Task PlaceIsTakenOncePerRevisionAndTheLastOneByOneRequest()
    {
        Assert.That(await TakeAsync("a"), Is.Empty);
        Assert.That(await TakeAsync("a"), Is.Empty, "requested again: the same place");
        Assert.That(await TakeAsync("b"), Is.EqualTo(new[] { "a" }));
        Assert.That(await TakeAsync("c"), Is.EqualTo(new[] { "a", "b" }), "spent");
        Assert.That(Places(), Is.EqualTo(new[] { "a", "b" }));
    }

    [Test]
    public async Task AnotherReplicaSeesThePlacesOfThisOne()
    {
        await TakeAsync("a");
        await TakeAsync("b");

        Assert.That(await TakeAsync("c", NewReplica()), Is.EqualTo(new[] { "a", "b" }));
    }

    [Test]
    public async Task LostSwapIsRetriedWithFreshData()
    {
        await TakeAsync("a");
        _conflicts = 3;

        Assert.That(await TakeAsync("b"), Is.EqualTo(new[] { "a" }));
        Assert.That(_conflicts, Is.Zero);
        Assert.That(Places(), Is.EqualTo(new[] { "a", "b" }));
    }

    [TestCase(true, 29, Description = "its Change is not observed yet, for half a minute at most")]
    [TestCase(false, 4, Description = "the API server has not written it yet")]
    public async Task PlaceIsReleasedWithinSecondsIfTheRequestWasNotStored(bool came, int seconds)
    {
        await TakeAsync("a");
        if (came)
        {
            _deployments.Add(Live("a", "{}", isPaused: false));
        }

        _time.Now += TimeSpan.FromSeconds(seconds);
        Assert.That(await TakeAsync("b"), Is.EqualTo(new[] { "a" }));
        _time.Now += TimeSpan.FromSeconds(2);
        _deployments.Add(Live("b", "{}", isPaused: false));

        Assert.That(await TakeAsync("c"), Is.EqualTo(new[] { "b" }));
    }

    [Test]
    public async Task AdmittedChangeThatWasNotStoredHoldsNoPlace()
    {
        _changes.Add(Change("a", "Admitted", "budget"));
        Assert.That(await TakeAsync("b"), Is.EqualTo(new[] { "a" }));
        _time.Now += TimeSpan.FromSeconds(6);
        _deployments.Add(Live("b", "{}", isPaused: false));

        Assert.That(await TakeAsync("c"), Is.EqualTo(new[] { "b" }));
    }

    [TestCase("Admitted", true, Description = "and counts as a rollout from then on")]
    [TestCase("Completed", false, Description = "completed before the next read")]
    public async Task APlaceIsDroppedOnceItsChangeCounts(string phase, bool counts)
    {
        await TakeAsync("a");
        _changes.Add(Change("a", phase, "budget"));

        Assert.That(await TakeAsync("b"), Is.EqualTo(counts ? ["a"] : Array.Empty<string>()));
        Assert.That(Places(), Is.EqualTo(new[] { "b" }));
    }

    [Test]
    public async Task RolloutsThatThePolicyDoesNotMatchAreNotCounted()
    {
        _changes.Add(Change("a", "Running", "baseline"));
        _changes.Add(Change("b", "Running", "budget"));

        Assert.That(await TakeAsync("c"), Is.EqualTo(new[] { "b" }));
    }

    [Test]
    public async Task RolloutInFlightMayBeFixedDespiteAnExhaustedBudget()
    {
        _changes.Add(Change("a", "Running", "budget"));
        _changes.Add(Change("b", "Running", "budget"));

        Assert.That(await TakeAsync("c"), Is.EqualTo(new[] { "a", "b" }));
        Assert.That(await TakeAsync("b"), Is.EqualTo(new[] { "a" }));
    }

    [Test]
    public async Task ClusterBudgetCountsOtherNamespaces()
    {
        _changes.Add(Change("a", "Running", "budget", "elsewhere"));
        var policy = PolicyOf("budget", BudgetScope.Cluster);

        Assert.That(
            (await First.ReserveAsync(Verdict("b", policy), CancellationToken.None))["budget"]
                .Rollouts.Select(r => $"{r.Namespace}/{r.Name}"),
            Is.EqualTo(new[] { "elsewhere/a" })
        );
        Assert.That(Api.Requests, Has.Some.StartsWith("/apis/deployguard.io/v1alpha1/changes?"));
        Assert.That(await TakeAsync("c"), Is.Empty, "the budget of a namespace is another");
    }

    [TestCase("nonsense")]
    [TestCase("{}")]
    [TestCase("""[{"kind": 7}]""")]
    public async Task ForeignContentIsOverwritten(string foreign)
    {
        await TakeAsync("a");
        foreach (var stored in _stored.Values)
        {
            stored["data"] = new JsonObject { ["places"] = foreign };
        }

        Assert.That(await TakeAsync("b"), Is.Empty);
        Assert.That(Places(), Is.EqualTo(new[] { "b" }));
    }

    [Test]
    public async Task IfOneOfTwoBudgetsIsExhaustedNoPlaceIsTakenInTheOther()
    {
        _changes.Add(Change("a", "Running", "tight"));
        var tight = PolicyOf("tight", BudgetScope.Namespace) with
        {
            Budget = new BudgetRules(1, BudgetScope.Namespace, TimeSpan.FromHours(1)),
        };

        var uses = await First.ReserveAsync(Verdict("b", PolicyOf("budget", BudgetScope.Namespace), tight), CancellationToken.None);

        Assert.That(uses["tight"].Rollouts.Select(r => r.Name), Is.EqualTo(new[] { "a" }));
        Assert.That(_stored, Is.Empty);
    }

    /// <summary>The value of the gauge, which is also the used part of a budget.</summary>
    [TestCase("Admitted", null, 0, 1, Description = "requested just now; its controller may start late")]
    [TestCase("Admitted", null, 31, 0, Description = "the request was not stored")]
    [TestCase("Admitted", "{}", 31, 1, Description = "it is the desired revision of the workload")]
    [TestCase("Running", "{}", 31, 1)]
    [TestCase(
        "Running",
        """{"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}""",
        31,
        0,
        Description = "completed, although the leader has not recorded it"
    )]
    [TestCase("Running", "paused", 31, 0, Description = "paused")]
    [TestCase("Running", "{}", 3600, 0, Description = "it hangs")]
    [TestCase("Pending", "{}", 0, 0)]
    [TestCase("Completed", "{}", 0, 0)]
    [TestCase("Expired", "{}", 0, 0)]
    public async Task RolloutIsInFlightFromItsAdmissionUntilItCompletesIsPausedOrHangs(
        string phase,
        string? status,
        int seconds,
        int inFlight
    )
    {
        _changes.Add(Change("a", phase, "baseline"));
        if (status is not null)
        {
            _deployments.Add(Live("a", status == "paused" ? "{}" : status, status == "paused"));
        }

        _time.Now += TimeSpan.FromSeconds(seconds);

        Assert.That(await InFlightAsync(), Is.EqualTo(inFlight == 0 ? [] : new Dictionary<string, int> { ["shop"] = inFlight }));
    }

    [Test]
    public async Task RolloutsInFlightAreCountedByNamespaceUnderAnyPolicy()
    {
        _changes.AddRange([
            Change("a", "Running", "budget"),
            Change("b", "Admitted", "baseline"),
            Change("c", "Running", "budget", "bank"),
            Change("d", "Proven", "budget", "elsewhere"),
        ]);

        Assert.That(await InFlightAsync(), Is.EquivalentTo(new Dictionary<string, int> { ["shop"] = 2, ["bank"] = 1 }));
    }

    [TestCase("patient", 1)]
    [TestCase("baseline", 0, Description = "no budget counts it: an hour")]
    public async Task RolloutHangsOnceEveryBudgetThatCountsItGaveItUp(string policy, int inFlight)
    {
        _policies.Add(
            JsonNode
                .Parse("""{"metadata": {"name": "patient"}, "spec": {"budget": {"maxConcurrentRollouts": 1, "hangAfter": "2h"} } }""")!
                .AsObject()
        );
        _changes.Add(Change("a", "Running", policy));
        _time.Now += TimeSpan.FromMinutes(90);

        Assert.That((await InFlightAsync()).GetValueOrDefault("shop"), Is.EqualTo(inFlight));
    }

    [Test]
    public async Task ReservationOverHalfASecondIsUnavailable()
    {
        _slow = TimeSpan.FromSeconds(30);

        var impatient = new BudgetReservations(Api.Connection, NewCaches(), Came(NewCaches()), TestOptions.Installed, _time);

        await Assert.ThrowsAsync<UnavailableException>(() => TakeAsync("a", impatient));
    }

    private async Task<IReadOnlyList<string>> TakeAsync(string workload, BudgetReservations? replica = null) =>
        [
            .. (
                await (replica ?? First).ReserveAsync(Verdict(workload, PolicyOf("budget", BudgetScope.Namespace)), CancellationToken.None)
            )["budget"]
                .Rollouts.Select(r => r.Name)
                .Order(),
        ];

    private IEnumerable<string> Places() =>
        JsonNode
            .Parse((string?)_stored.Values.Single()["data"]?["places"] ?? "[]")
            ?.AsArray()
            .Select(p => (string?)p?["workload"]?["name"] ?? "")
            .Order()
        ?? throw new InvalidOperationException("no places");

    private BudgetReservations NewReplica() =>
        new(Api.Connection, NewCaches(), Came(NewCaches()), TestOptions.Installed, _time, s_patience);

    private ClusterCaches NewCaches() => new(Api.Connection, WorkloadReader.Default, _time, NullLogger.Instance);

    private RecentObjects Came(ClusterCaches caches) => new(Api.Connection, caches);

    /// <summary>As counted by a replica with fresh data.</summary>
    private async Task<IReadOnlyDictionary<string, int>> InFlightAsync()
    {
        var caches = new ClusterCaches(Api.Connection, WorkloadReader.Default, _time, NullLogger.Instance);
        IResourceCache[] counted = [caches.Policies, caches.Changes, caches.Workloads["Deployment"]];
        using var end = new CancellationTokenSource();
        var running = Task.WhenAll(counted.Select(c => c.RunAsync(end.Token)));
        var waited = Stopwatch.StartNew();
        while (!counted.All(c => c.IsSynced) && waited.Elapsed < s_patience)
        {
            await Task.Delay(10);
        }

        Assert.That(counted, Has.All.Property("IsSynced").True);
        var found = new BudgetReservations(Api.Connection, caches, Came(caches), TestOptions.Installed, _time).InFlightByNamespace;
        await end.CancelAsync();
        await running.ContinueWith(static _ => { }, TaskScheduler.Default);
        return found;
    }

    /// <summary>ConfigMaps with versions, and the Changes of a namespace or of all.</summary>
    private async Task<bool> AnswerAsync(HttpContext context)
    {
        if (_slow > TimeSpan.Zero)
        {
            await Task.Delay(_slow, context.RequestAborted);
        }

        if (context.Request.Query.ContainsKey("watch"))
        {
            return false;
        }

        var path = context.Request.Path.Value ?? "";
        if (path == "/apis/batch/v1")
        {
            await WriteAsync(
                context,
                HttpStatusCode.OK,
                new JsonObject { ["resources"] = new JsonArray(new JsonObject { ["name"] = "cronjobs" }) }
            );
            return true;
        }

        if (!path.Contains("/configmaps", StringComparison.Ordinal))
        {
            var stored =
                path.EndsWith("/deployments", StringComparison.Ordinal) ? _deployments
                : path.EndsWith("/safeguardpolicies", StringComparison.Ordinal) ? _policies
                : _changes;
            var items = stored
                .Where(c =>
                    stored != _changes
                    || path.EndsWith("/v1alpha1/changes", StringComparison.Ordinal)
                    || path.Contains($"/{c["metadata"]?["namespace"]}/", StringComparison.Ordinal)
                )
                .Select(c => c.DeepClone());
            await WriteAsync(
                context,
                HttpStatusCode.OK,
                new JsonObject { ["metadata"] = new JsonObject(), ["items"] = new JsonArray([.. items]) }
            );
            return true;
        }

        var name = path[(path.LastIndexOf('/') + 1)..];
        if (context.Request.Method == "GET")
        {
            await WriteAsync(
                context,
                _stored.ContainsKey(name) ? HttpStatusCode.OK : HttpStatusCode.NotFound,
                _stored.GetValueOrDefault(name) ?? []
            );
            return true;
        }

        var written = (await JsonNode.ParseAsync(context.Request.Body))?.AsObject() ?? throw new InvalidOperationException("no body");
        await SwapAsync(context, written);
        return true;
    }

    private async Task SwapAsync(HttpContext context, JsonObject written)
    {
        var metadata = written["metadata"]?.AsObject() ?? throw new InvalidOperationException("no metadata");
        var name = (string?)metadata["name"] ?? "";
        var version = (string?)_stored.GetValueOrDefault(name)?["metadata"]?["resourceVersion"];
        if (_conflicts > 0 || version != (string?)metadata["resourceVersion"])
        {
            _conflicts--;
            await WriteAsync(context, HttpStatusCode.Conflict, new JsonObject { ["message"] = "the object has been modified" });
            return;
        }

        metadata["resourceVersion"] = $"{int.Parse(version ?? "0", System.Globalization.CultureInfo.InvariantCulture) + 1}";
        _stored[name] = written;
        await WriteAsync(context, HttpStatusCode.OK, written);
    }

    private static Task WriteAsync(HttpContext context, HttpStatusCode status, JsonObject body)
    {
        context.Response.StatusCode = (int)status;
        return context.Response.WriteAsync(body.ToJsonString());
    }

    private JsonObject Change(string workload, string phase, string policy, string @namespace = "shop") =>
        JsonNode
            .Parse(
                $$"""
                {"metadata": {"name": "deployment-{{workload}}", "namespace": "{{@namespace}}"},
                 "spec": {"workload": {"apiGroup": "apps", "kind": "Deployment", "name": "{{workload}}"}, "templateHash": "{{Deployment(
                    workload
                ).Template.Hash}}"},
                 "status": {"phase": "{{phase}}", "policies": [{"name": "{{policy}}"}], "requesters": [{"username": "dana", "lastAt": "{{_time.Now:O}}"}],
                            "conditions": [{"type": "{{phase}}", "status": "True", "lastTransitionTime": "{{_time.Now:O}}"}]} }
                """
            )
            ?.AsObject()
        ?? throw new InvalidOperationException("no change");

    /// <summary>A Deployment as its controller has seen it.</summary>
    private static JsonObject Live(string name, string status, bool isPaused)
    {
        var live = JsonNode.Parse(Manifest(name))?.AsObject() ?? throw new InvalidOperationException("no deployment");
        live["metadata"]!["generation"] = 1;
        live["spec"]!["paused"] = isPaused;
        live["status"] = JsonNode.Parse(status);
        live["status"]!["observedGeneration"] = 1;
        return live;
    }

    private static SafeguardPolicy PolicyOf(string name, BudgetScope per) =>
        new() { Name = name, Budget = new BudgetRules(2, per, TimeSpan.FromHours(1)) };

    private static Verdict Verdict(string workload, params IReadOnlyList<SafeguardPolicy> policies)
    {
        var after = Deployment(workload);
        var request = new WorkloadRequest
        {
            Operation = Operation.Create,
            Requester = new Requester("dana", "", []),
            Target = after.Ref,
            After = after,
        };
        return new Verdict
        {
            Evaluated = new EvaluatedRequest
            {
                Request = request,
                Classification = new Classification(ChangeType.NewRevision, "a new workload"),
                After = after,
                Policies = policies,
            },
        };
    }

    private static Workload Deployment(string name) => WorkloadReader.Default.Read(JsonDocument.Parse(Manifest(name)).RootElement);

    private static string Manifest(string name) =>
        $$"""
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "{{name}}", "namespace": "shop", "uid": "{{name}}"},
             "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "{{V1}}"}]} } } }
            """;

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}

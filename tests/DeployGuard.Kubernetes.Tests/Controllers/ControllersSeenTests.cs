using System.Diagnostics;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Controllers;
using Microsoft.Extensions.Logging.Abstractions;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>Which users are noted as controllers, and how replicas share the list.</summary>
public class ControllersSeenTests
{
    private const string Robot = "system:serviceaccount:robots:maker";
    private const string Deployments = "system:serviceaccount:kube-system:deployment-controller";

    private static readonly ClusterOptions s_options = TestOptions.Installed with
    {
        Trusted = new TrustedControllers([KeyValuePair.Create(Robot, (string[])["ReplicaSet"])]),
    };

    [Test]
    public async Task ObservedControllersAreWrittenOnceSortedAndSplitByTrust()
    {
        await using var replica = await Replica.StartAsync();
        for (var i = 0; i < 100; i++)
        {
            replica.Note(Robot, "Pod");
            replica.Note(Robot, "ReplicaSet");
            replica.Note(Deployments, "ReplicaSet");
        }

        await replica.UntilStoredAsync(
            $$"""[{"user":"{{Deployments}}","kinds":["ReplicaSet"],"trusted":true,"verified":true},{"user":"{{Robot}}","kinds":["Pod"],"trusted":false,"verified":true},{"user":"{{Robot}}","kinds":["ReplicaSet"],"trusted":true,"verified":true}]"""
        );
        Assert.That(replica.Api.Writes, Is.EqualTo((string[])["POST"]));
    }

    [Test]
    public async Task ConcurrentWritesOfAnotherReplicaAreKept()
    {
        await using var replica = await Replica.StartAsync();
        replica.Api.Store("[]");
        replica.Api.BeforeNextWrite = () =>
            replica.Api.Store("""[{"user":"system:serviceaccount:x:y","kinds":["Job"],"trusted":false,"verified":true}]""");
        replica.Note(Deployments, "ReplicaSet");

        await replica.UntilStoredAsync(
            $$"""[{"user":"{{Deployments}}","kinds":["ReplicaSet"],"trusted":true,"verified":true},{"user":"system:serviceaccount:x:y","kinds":["Job"],"trusted":false,"verified":true}]"""
        );
        Assert.That(replica.Api.Writes, Is.EqualTo((string[])["PUT", "PUT"]), "the first lost the race");
    }

    [Test]
    public async Task FailedWriteIsRetried()
    {
        await using var replica = await Replica.StartAsync();
        replica.Api.NextWriteStatus = 503;
        replica.Note(Robot, "Pod");

        await replica.UntilStoredAsync($$"""[{"user":"{{Robot}}","kinds":["Pod"],"trusted":false,"verified":true}]""");
    }

    [Test]
    public async Task NewlyTrustedControllerIsMarkedAndForeignContentIsOverwritten(
        [Values("hello", """[{"user": 1}]""", "{}")] string foreign
    )
    {
        await using var replica = await Replica.StartAsync();
        replica.Api.Store($$"""[{"user":"{{Robot}}","kinds":["ReplicaSet","Secret"],"trusted":false,"verified":true}]""");
        replica.Note(Deployments, "ReplicaSet");
        await replica.UntilStoredAsync(
            $$"""[{"user":"{{Deployments}}","kinds":["ReplicaSet"],"trusted":true,"verified":true},{"user":"{{Robot}}","kinds":["ReplicaSet"],"trusted":true,"verified":true}]"""
        );

        replica.Api.Store(foreign);
        replica.Note(Deployments, "Pod");
        await replica.UntilStoredAsync(
            $$"""[{"user":"{{Deployments}}","kinds":["Pod"],"trusted":false,"verified":true},{"user":"{{Deployments}}","kinds":["ReplicaSet"],"trusted":true,"verified":true}]"""
        );
    }

    [Test]
    public async Task AtMost64ControllersAreKept()
    {
        await using var replica = await Replica.StartAsync();
        replica.Api.Store("""[{"user":"system:serviceaccount:old:old","kinds":["Job"],"trusted":false,"verified":true}]""");
        for (var i = 0; i < 1000; i++)
        {
            replica.Note($"system:serviceaccount:n:{i}", "Pod");
        }

        await replica.UntilAsync(stored => SeenController.ReadAll(stored).Count == ControllersSeen.MaxUsers);
        Assert.That(
            SeenController.ReadAll(replica.Stored),
            Has.All.Property("User").StartsWith("system:serviceaccount:n:"),
            "those that work now stay"
        );
    }

    [Test]
    public async Task PeopleKubeletsUpdatesDryRunsAndObjectsWithoutAnOwnerAreNotNoted()
    {
        await using var replica = await Replica.StartAsync();
        replica.Note("dana", "Pod");
        replica.Note("system:node:n1", "Pod");
        replica.Note($"system:serviceaccount:n:{new string('x', 300)}", "Pod");
        replica.Note(Robot, "Deployment");
        replica.Seen.Note(Of(Robot, "Pod") with { DryRun = true }, isAdmitted: true);
        replica.Seen.Note(Of(Robot, "Pod") with { Operation = Operation.Update }, isAdmitted: true);
        replica.Seen.Note(
            new OpaqueRequest(MetadataOnly: false)
            {
                Operation = Operation.Create,
                Requester = new Requester(Robot, "", []),
                Target = new WorkloadRef("apps", "ControllerRevision", "shop", "x"),
            },
            isAdmitted: true
        );
        replica.Note(Deployments, "ControllerRevision");

        await replica.UntilStoredAsync($$"""[{"user":"{{Deployments}}","kinds":["ControllerRevision"],"trusted":false,"verified":true}]""");
    }

    [Test]
    public async Task MissingOrUnreadableOwnerIsNotVerifiedAndAFloodOfThemDisplacesNoOther()
    {
        await using var replica = await Replica.StartAsync();
        replica.Owner = OwnerIs.NotThere;
        for (var i = 0; i < 2 * ControllersSeen.MaxUsers; i++)
        {
            replica.Note($"system:serviceaccount:n:{i}", "Pod");
        }

        await replica.UntilAsync(stored => SeenController.ReadAll(stored).Count == ControllersSeen.MaxUsers);
        Assert.That(SeenController.ReadAll(replica.Stored), Has.All.Property("Verified").False);

        replica.Owner = OwnerIs.There;
        replica.Note(Robot, "Pod");
        await replica.UntilAsync(stored => SeenController.ReadAll(stored).Any(s => s is { User: Robot, Verified: true }));
        Assert.That(SeenController.ReadAll(replica.Stored).Select(s => s.User).Distinct().Count(), Is.EqualTo(ControllersSeen.MaxUsers));
    }

    [Test]
    public async Task EntriesOfAnOlderVersionAreNotVerified()
    {
        await using var replica = await Replica.StartAsync();
        replica.Api.Store("""[{"user":"system:serviceaccount:x:y","kinds":["Job"],"trusted":false}]""");
        replica.Note(Robot, "Pod");

        await replica.UntilStoredAsync(
            $$"""[{"user":"{{Robot}}","kinds":["Pod"],"trusted":false,"verified":true},{"user":"system:serviceaccount:x:y","kinds":["Job"],"trusted":false,"verified":false}]"""
        );
    }

    private static OpaqueRequest Of(string user, string kind) =>
        new(MetadataOnly: false, new OwnerReference("apps/v1", "Deployment", "web", "u", true))
        {
            Operation = Operation.Create,
            Requester = new Requester(user, "", []),
            Target = new WorkloadRef("apps", kind, "shop", "x"),
        };

    private sealed class Replica : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _running;

        private Replica(FakeObject api)
        {
            Api = api;
            Seen = new ControllersSeen(
                api.Connection,
                s_options,
                (_, _, _) => Task.FromResult(Owner),
                TimeProvider.System,
                NullLogger.Instance
            );
            _running = Seen.RunAsync(_stop.Token);
        }

        public FakeObject Api { get; }

        /// <summary>The known facts of every owner.</summary>
        public OwnerIs Owner { get; set; } = OwnerIs.There;

        public ControllersSeen Seen { get; }

        public System.Text.Json.JsonElement? Stored =>
            Api.Stored is { } stored ? System.Text.Json.JsonSerializer.SerializeToElement(stored) : null;

        public static async Task<Replica> StartAsync() => new(await FakeObject.StartAsync());

        public void Note(string user, string kind) => Seen.Note(Of(user, kind), isAdmitted: true);

        public Task UntilStoredAsync(string seen) => UntilAsync(_ => (string?)Api.Stored?["data"]?["seen"] == seen);

        public async Task UntilAsync(Func<System.Text.Json.JsonElement?, bool> accept)
        {
            var waited = Stopwatch.StartNew();
            while (!accept(Stored))
            {
                Assert.That(waited.Elapsed, Is.LessThan(TimeSpan.FromSeconds(30)), $"not yet; last seen {Api.Stored}");
                await Task.Delay(50);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            try
            {
                await _running;
            }
            catch (OperationCanceledException)
            {
                // The requested end.
            }

            await Api.DisposeAsync();
            _stop.Dispose();
        }
    }
}

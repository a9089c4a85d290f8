using System.Net;
using System.Text.Json;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Decisions;
using DeployGuard.Kubernetes.LiveReads;
using DeployGuard.Kubernetes.Reservations;
using DeployGuard.Rig;
using DeployGuard.Webhook.Admission;
using DeployGuard.Webhook.Hosting;
using DeployGuard.Webhook.Reviews;
using DeployGuard.Webhook.Telemetry;
using Microsoft.Extensions.Logging.Abstractions;

namespace DeployGuard.Benchmarks;

/// <summary>
/// Where the time and the memory of a decision go, in process: the parts from the body to the answer, with the caches of a replica that
/// watches a thousand workloads, two of three policies matching. Kestrel and TLS are not in it.
/// </summary>
internal static class DecisionPath
{
    private const int WarmUp = 20_000;

    public static async Task RunAsync(int rounds)
    {
        var fleet = new Fleet((await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "review.json"))).Trim());
        await using var api = await FakeApi.StartAsync(fleet.Answer);
        using var stop = new CancellationTokenSource();
        var caches = new ClusterCaches(api.Connection, WorkloadReader.Default, TimeProvider.System, NullLogger.Instance);
        var running = Task.WhenAll(caches.All.Select(c => c.RunAsync(stop.Token)));
        await UntilAsync(() => caches.All.All(c => c.IsSynced));
        caches.Pods.Follow(Fleet.Namespaces.ToHashSet(), stop.Token);
        await UntilAsync(() => Fleet.Namespaces.All(n => caches.Pods.Of(n) is not null));
        await using var app = Compose(caches, api);
        await app.StartAsync();

        Console.WriteLine(
            $"One decision about the 11.8 KB update review, varied; {Fleet.Workloads} workloads cached, {rounds} rounds, median."
        );
        Hash(fleet.NewRevision(), rounds);
        Decide("allowed: another generation, the same template", fleet.Unchanged(), app.Services, rounds, isAllowed: true);
        Decide("refused: a new revision, findings of two policies", fleet.NewRevision(), app.Services, rounds, isAllowed: false);
        Floor(fleet.Unchanged(), rounds);
        await app.StopAsync();
        await stop.CancelAsync();
        await Task.WhenAny(running);
    }

    private static WebApplication Compose(ClusterCaches caches, FakeApi api)
    {
        var options = new WebhookOptions
        {
            Listen = new IPEndPoint(IPAddress.Loopback, Ports.Free()),
            MetricsListen = new IPEndPoint(IPAddress.Loopback, Ports.Free()),
            Namespace = "deployguard-system",
            ServiceAccount = "deployguard",
            Service = "deployguard",
            Secret = "deployguard-tls",
            WebhookConfiguration = "deployguard",
            Lease = "deployguard-leader",
            TrustedControllers = [],
        };
        var live = new LiveFacts(api.Connection, caches.Translation, WorkloadReader.Default);
        var budgets = new BudgetReservations(
            api.Connection,
            caches,
            new RecentObjects(api.Connection, caches),
            options.Cluster,
            TimeProvider.System
        );
        var access = new SnapshotAccess(new SnapshotSource(caches, live, budgets));
        return WebhookApp.Build(options, access, () => null, () => [], Stream.Null, TimeProvider.System);
    }

    /// <summary>What the bare server does with a review.</summary>
    private static void Floor(IReadOnlyList<VariedReview> reviews, int rounds)
    {
        var parts = new Parts();
        Repeat(
            parts,
            reviews,
            rounds,
            (context, _) =>
            {
                using var review = JsonDocument.ParseAsync(context.Request.Body).GetAwaiter().GetResult();
                var uid = review.RootElement.GetProperty("request").GetProperty("uid").GetString();
                parts.End("parse, and read the uid");
                Answer.Allow([]).WriteAsync(context.Response, uid ?? "").GetAwaiter().GetResult();
                parts.End("answer");
            }
        );
        parts.Print("the bare server");
    }

    private static void Hash(IReadOnlyList<VariedReview> reviews, int rounds)
    {
        var parts = new Parts();
        var reader = new RequestReader(WorkloadReader.Default);
        Repeat(
            parts,
            reviews,
            rounds,
            (context, _) =>
            {
                using var body = ReviewBody.ReadAsync(context).AsTask().GetAwaiter().GetResult();
                if (reader.Read(Review.Read(body.Root)) is not WorkloadRequest { Before: { } before, After: { } after })
                {
                    throw new InvalidOperationException("no update");
                }

                parts.End("(read)");
                Touch(before.Template.Hash);
                parts.End("template before");
                Touch(after.Template.Hash);
                parts.End("template after");
            }
        );
        parts.Print("hashes of both templates");
    }

    private static void Touch(string hash)
    {
        if (hash.Length == 0)
        {
            throw new InvalidOperationException("no hash");
        }
    }

    private static void Decide(string title, IReadOnlyList<VariedReview> reviews, IServiceProvider services, int rounds, bool isAllowed)
    {
        var parts = new Parts();
        var reader = services.GetRequiredService<RequestReader>();
        var pipeline = services.GetRequiredService<DecisionPipeline>();
        var telemetry = services.GetRequiredService<AdmissionTelemetry>();
        Repeat(
            parts,
            reviews,
            rounds,
            (context, started) =>
            {
                using var body = ReviewBody.ReadAsync(context).AsTask().GetAwaiter().GetResult();
                parts.End("ReviewBody: bytes to elements");
                var review = Review.Read(body.Root);
                var request = reader.Read(review);
                parts.End("Review and RequestReader: elements to request");
                var verdict = pipeline
                    .DecideAsync(request, TimeSpan.FromSeconds(3), CancellationToken.None)
                    .AsTask()
                    .GetAwaiter()
                    .GetResult();
                parts.End("DecisionPipeline: request to verdict");
                telemetry.CountDecision(verdict);
                parts.End("decision log and counters");
                var warnings = Messages.WarningLines(verdict);
                var answer = verdict.IsAllowed ? Answer.Allow(warnings) : Answer.Forbid(Messages.Refusal(verdict), warnings);
                if (verdict.IsAllowed != isAllowed)
                {
                    throw new InvalidOperationException($"not the decision to be measured: {answer.Message}");
                }

                parts.End("Messages");
                telemetry.CountAnswer(review, answer, System.Diagnostics.Stopwatch.GetElapsedTime(started));
                answer.WriteAsync(context.Response, review.Uid).GetAwaiter().GetResult();
                parts.End("answer, its counter");
            }
        );
        parts.Print(title);
    }

    private static void Repeat(Parts parts, IReadOnlyList<VariedReview> reviews, int rounds, Action<HttpContext, long> once)
    {
        for (var i = 0; i < WarmUp + rounds; i++)
        {
            if (i == WarmUp)
            {
                parts.Forget();
            }

            var body = reviews[i % reviews.Count].Next(i);
            var context = new DefaultHttpContext();
            context.Request.Body = new MemoryStream(body);
            context.Request.ContentLength = body.Length;
            context.Response.Body = Stream.Null;
            _ = context.Response.BodyWriter;
            parts.Begin();
            once(context, System.Diagnostics.Stopwatch.GetTimestamp());
        }
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!condition())
        {
            await Task.Delay(20, limit.Token);
        }
    }
}

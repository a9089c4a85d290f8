using System.Text.Json;
using DeployGuard.Benchmarks.Evidence;
using DeployGuard.Benchmarks.Results;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Admission;
using DeployGuard.Webhook.Reviews;
using DeployGuard.Webhook.Telemetry;

namespace DeployGuard.Benchmarks;

/// <summary>
/// Where the time and the memory of a decision go, in process: the parts from the body to the answer, with the caches of a replica that
/// watches a thousand workloads, two of three policies matching. Kestrel and TLS are not in it.
/// </summary>
internal static class DecisionPath
{
    private const int WarmUp = 20_000;

    public static async Task<IReadOnlyList<Section>> RunAsync(int rounds)
    {
        var machine = ThisMachine.Read();
        var recorded = (await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "review.json"))).Trim();
        var fleet = new Fleet(recorded);
        await using var replica = await InProcessReplica.StartAsync(fleet.Answer, Fleet.Namespaces);
        return
        [
            new Section(
                "decision",
                $"One decision about the 11.8 KB update review, varied; {Fleet.Workloads:#,0} workloads cached, {rounds:#,0} decisions on one "
                    + "thread. The benchmark's own response is in the bytes of each answer.",
                TimeProvider.System.GetUtcNow(),
                machine,
                [
                    .. Decide(
                        "allowed: another generation, the same template",
                        fleet.Unchanged(),
                        replica.Services,
                        rounds,
                        isAllowed: true
                    ),
                    .. Decide("refused: a new revision, two policies", fleet.NewRevision(), replica.Services, rounds, isAllowed: false),
                    .. Hash(fleet.NewRevision(), rounds),
                    .. Floor(fleet.Unchanged(), rounds),
                ]
            ),
            await EvidenceBench.RunAsync(recorded),
        ];
    }

    /// <summary>What the bare server does with a review.</summary>
    private static IReadOnlyList<Row> Floor(IReadOnlyList<VariedReview> reviews, int rounds)
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
                parts.End("bare server: parse, and read the uid");
                Answer.Allow([]).WriteAsync(context.Response, uid ?? "").GetAwaiter().GetResult();
                parts.End("bare server: answer");
            }
        );
        return parts.Rows("the bare server");
    }

    private static IReadOnlyList<Row> Hash(IReadOnlyList<VariedReview> reviews, int rounds)
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
                if (reader.Read(Review.Read(body)) is not WorkloadRequest { Before: { } before, After: { } after })
                {
                    throw new InvalidOperationException("no update");
                }

                parts.End("hash: read before it");
                Touch(before.Template.Hash);
                parts.End("hash: template before");
                Touch(after.Template.Hash);
                parts.End("hash: template after");
            }
        );
        return parts.Rows("hashes of both templates");
    }

    private static void Touch(string hash)
    {
        if (hash.Length == 0)
        {
            throw new InvalidOperationException("no hash");
        }
    }

    private static IReadOnlyList<Row> Decide(
        string title,
        IReadOnlyList<VariedReview> reviews,
        IServiceProvider services,
        int rounds,
        bool isAllowed
    )
    {
        var parts = new Parts();
        var reader = services.GetRequiredService<RequestReader>();
        var pipeline = services.GetRequiredService<DecisionPipeline>();
        var telemetry = services.GetRequiredService<AdmissionTelemetry>();
        var decision = isAllowed ? "allowed" : "refused";
        Repeat(
            parts,
            reviews,
            rounds,
            (context, started) =>
            {
                using var body = ReviewBody.ReadAsync(context).AsTask().GetAwaiter().GetResult();
                parts.End($"{decision}: ReviewBody: bytes to elements");
                var review = Review.Read(body);
                var request = reader.Read(review);
                parts.End($"{decision}: Review and RequestReader: elements to request");
                var verdict = pipeline
                    .DecideAsync(request, TimeSpan.FromSeconds(3), static v => v, CancellationToken.None)
                    .AsTask()
                    .GetAwaiter()
                    .GetResult();
                parts.End($"{decision}: DecisionPipeline: request to verdict");
                telemetry.CountDecision(verdict);
                parts.End($"{decision}: decision log and counters");
                var warnings = Messages.WarningLines(verdict);
                var answer = verdict.IsAllowed ? Answer.Allow(warnings) : Answer.Forbid(Messages.Refusal(verdict), warnings);
                if (verdict.IsAllowed != isAllowed)
                {
                    throw new InvalidOperationException($"not the decision to be measured: {answer.Message}");
                }

                parts.End($"{decision}: Messages");
                telemetry.CountAnswer(review, answer, System.Diagnostics.Stopwatch.GetElapsedTime(started));
                answer.WriteAsync(context.Response, review.Uid).GetAwaiter().GetResult();
                parts.End($"{decision}: answer, its counter");
            }
        );
        return parts.Rows(title);
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
            var context = WholeDecision.Context(body);
            parts.Begin();
            once(context, System.Diagnostics.Stopwatch.GetTimestamp());
        }
    }
}

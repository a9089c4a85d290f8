using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Snapshots;
using DeployGuard.Webhook.Telemetry;

namespace DeployGuard.Webhook.Admission;

/// <summary>
/// The way of a request to its verdict, step by step: take a snapshot, classify, read live what must be, evaluate, reserve, put on record, explain. A request
/// that raises nothing and asks for no new revision ends after the second step, and waits for nothing.
/// </summary>
internal sealed class DecisionPipeline(PolicyEvaluator evaluator, IClusterAccess cluster, ConcurrencyLimiter limiter, Telemetry.Telemetry telemetry, TimeProvider time)
{
    private readonly IReadOnlyList<ILiveReader> _readers = [.. cluster.LiveReaders, new ExemptionReader(evaluator, cluster.RecordFacts, time)];

    /// <param name="timeout">How long the answer may take.</param>
    public async ValueTask<Verdict> DecideAsync(Request request, TimeSpan timeout, CancellationToken cancel)
    {
        var decision = await TakeAsync(request, cancel);
        if (decision.Requirements.IsNone && decision.Evaluate() is var verdict && !MustBeOnRecordFirst(verdict))
        {
            return verdict;
        }

        using var permit = limiter.TryEnter(request.Requester);
        if (permit is null)
        {
            return Overloaded(decision);
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(timeout);
        try
        {
            decision = await ReadLiveAsync(decision, deadline.Token);
            decision = await ReserveExposureAsync(decision, deadline.Token);
            decision = await ReserveBudgetAsync(decision, deadline.Token);
            await RecordAsync(decision, deadline.Token);
            return await ExplainAsync(decision, deadline.Token);
        }
        catch (UnavailableException unavailable)
        {
            return evaluator.Incomplete(decision.Evaluated, decision.Cluster, time.GetUtcNow(), Reasons.EvaluationIncomplete, unavailable.Message);
        }
    }

    /// <summary>From the caches: what the request is, the parts of the snapshot that its policies need, and what must be read and reserved.</summary>
    private async ValueTask<Decision> TakeAsync(Request request, CancellationToken cancel) =>
        WithRequirements(Understand(request, await cluster.Snapshots.TakeAsync(request, cancel), SnapshotParts.None));

    /// <summary>Reads what the requirements name, reader by reader.</summary>
    private async ValueTask<Decision> ReadLiveAsync(Decision decision, CancellationToken deadline)
    {
        foreach (var reader in _readers)
        {
            if (decision.Requirements.Reads.HasFlag(reader.Reads))
            {
                decision = decision with { Cluster = await reader.ReadAsync(decision.Evaluated, decision.Cluster, deadline) };
                // What is scaled decides what else has to be read.
                decision = reader.Reads is RequiredReads.Parent ? WithRequirements(Again(decision)) : decision;
            }
        }

        return Again(decision);
    }

    /// <summary>What was read may say otherwise what type of change the request is.</summary>
    private Decision Again(Decision decision) =>
        Understand(decision.Evaluated.Request, decision.Cluster, decision.Parts) with { Requirements = decision.Requirements };

    /// <summary>The moment of the snapshot holds for everything that follows: what is written down must be what is answered.</summary>
    private Decision Understand(Request request, ClusterSnapshot snapshot, SnapshotParts taken)
    {
        var now = time.GetUtcNow();
        var evaluated = evaluator.Classify(request, snapshot, now);
        var parts = evaluator.Parts(evaluated);
        return new Decision(evaluator, evaluated, cluster.Snapshots.Complete(request, snapshot, parts & ~taken), now) { Parts = parts | taken };
    }

    private Decision WithRequirements(Decision decision) =>
        decision with { Requirements = evaluator.Requires(decision.Evaluated, decision.Cluster, decision.Now) };

    /// <summary>Tells the other replicas what the request gains, and takes into account what they admitted a moment ago.</summary>
    private async ValueTask<Decision> ReserveExposureAsync(Decision decision, CancellationToken deadline)
    {
        const RequiredReservations Exposure = RequiredReservations.Exposure | RequiredReservations.ExposureIfPossible;
        var requirements = decision.Requirements;
        var verdict = decision.Evaluate();
        // What was read may show that it raises what the caches knew nothing of: the nodes of a new DaemonSet.
        if (!verdict.IsAllowed || ((requirements.Reservations & Exposure) is RequiredReservations.None && verdict.Exposes.Count == 0))
        {
            return decision;
        }

        decision = await ReserveOnceAsync(decision, verdict, deadline);
        var refused = decision.Evaluate();
        if (refused.IsAllowed || requirements.Reads.HasFlag(RequiredReads.Namespace))
        {
            return decision;
        }

        // A refusal because of what others admitted rests on what is there now, and not on what a cache has not seen.
        decision = await ReadLiveAsync(decision with { Requirements = requirements with { Reads = (requirements.Reads & ~RequiredReads.Parent) | RequiredReads.Namespace } }, deadline);
        return await ReserveOnceAsync(decision, refused, deadline);
    }

    private async ValueTask<Decision> ReserveOnceAsync(Decision decision, Verdict verdict, CancellationToken deadline)
    {
        try
        {
            var snapshot = await cluster.Reservations.ReserveExposureAsync(
                decision.Evaluated.Request, decision.Cluster, with => (decision with { Cluster = with }).Evaluate() is { IsAllowed: true } admitted ? admitted.Exposes : [], deadline);
            return decision with { Cluster = snapshot };
        }
        catch (UnavailableException unavailable) when (verdict is { IsAllowed: true, Exposes: { Count: > 0 } exposes } && exposes.All(e => e.RaisesNoExposure))
        {
            // An autoscaler must not hang on what only a Service that is changed in this moment would have to know.
            Traces.TellUnnoted(unavailable.Message);
            return decision;
        }
    }

    /// <summary>Last of all: what is refused for another reason, or where all places are known to be taken, takes no place.</summary>
    private async ValueTask<Decision> ReserveBudgetAsync(Decision decision, CancellationToken deadline) =>
        decision.Requirements.Reservations.HasFlag(RequiredReservations.Budget) && decision.Evaluate() is { IsAllowed: true } verdict
            ? decision with { Cluster = decision.Cluster.WithBudgets(await cluster.Reservations.ReserveBudgetAsync(verdict, deadline)) }
            : decision;

    private async ValueTask RecordAsync(Decision decision, CancellationToken deadline)
    {
        if (decision.Evaluate() is var verdict && MustBeOnRecordFirst(verdict))
        {
            await cluster.Records.RecordAdmittedAsync(verdict, deadline);
        }
    }

    private async ValueTask<Verdict> ExplainAsync(Decision decision, CancellationToken deadline)
    {
        var verdict = decision.Evaluate();
        return verdict.Denials.Any(d => d.Finding.Cause == Reasons.ApprovalMissing)
            ? (decision with { Cluster = await cluster.Snapshots.ExplainAsync(decision.Evaluated.Request, decision.Cluster, deadline) }).Evaluate()
            : verdict;
    }

    private Verdict Overloaded(Decision decision)
    {
        if (decision.Requirements == new Requirements(RequiredReads.None, RequiredReservations.ExposureIfPossible))
        {
            return decision.Evaluate();
        }

        telemetry.Overloaded(decision.Evaluated.Request.Requester);
        return evaluator.Incomplete(decision.Evaluated, decision.Cluster, time.GetUtcNow(), Reasons.Overloaded, "too many decisions wait for the API server");
    }

    private static bool MustBeOnRecordFirst(Verdict verdict) => verdict is { IsAllowed: true, IsGated: true, Evaluated.Request.DryRun: false };
}

using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Snapshots;
using DeployGuard.Webhook.Lookups;
using DeployGuard.Webhook.Telemetry;

namespace DeployGuard.Webhook.Admission;

/// <summary>
/// From the request to its verdict, step by step: take a snapshot, classify, read live, evaluate, reserve, record, explain. A request
/// that needs no reads and no reservations, and is not a gated new revision, ends after the first evaluation and waits for no call
/// after the snapshot. Costly decisions go to <see cref="CostlyDecisions"/> once they are classified; the others wait for none of them.
/// </summary>
internal sealed class DecisionPipeline(
    PolicyEvaluator evaluator,
    IClusterAccess cluster,
    ConcurrencyLimiter limiter,
    CostlyDecisions costly,
    AdmissionTelemetry telemetry,
    TimeProvider time,
    EvidenceReader? evidence = null
)
{
    /// <summary>What these read decides which further reads are required.</summary>
    private const RequiredReads ReadFirst = RequiredReads.Parent | RequiredReads.SignedEvidence;

    private readonly IReadOnlyList<ILiveReader> _readers = Checked([
        .. cluster.LiveReaders.Where(r => r.Reads is RequiredReads.Parent),
        // Signs of AI decide which further reads are required.
        evidence ?? (ILiveReader)new NoEvidence(),
        .. cluster.LiveReaders.Where(r => r.Reads is not RequiredReads.Parent),
        new ExemptionReader(evaluator, cluster.RecordFacts, time),
    ]);

    /// <param name="timeout">How long the answer may take.</param>
    /// <param name="conclude">What is made of the verdict. For a refusal it costs much too, so it runs in the same place.</param>
    public async ValueTask<T> DecideAsync<T>(Request request, TimeSpan timeout, Func<Verdict, T> conclude, CancellationToken cancel)
    {
        var started = time.GetTimestamp();
        // From the caches: the type of the change, and the parts of the snapshot that its policies need.
        var decision = Classify(request, await cluster.Snapshots.TakeAsync(request, cancel), SnapshotParts.None);
        return IsCostly(decision.Evaluated)
            ? await DecideInTurnAsync(decision, timeout, started, conclude, cancel)
            : conclude(await DecideAsync(decision.WithRequirements(), timeout, started, cancel));
    }

    private async Task<T> DecideInTurnAsync<T>(
        PendingDecision decision,
        TimeSpan timeout,
        long started,
        Func<Verdict, T> conclude,
        CancellationToken cancel
    )
    {
        // Half of the time is for the decision itself. Else, under a load that lasts, each would begin when its time is over.
        using var beginUntil = await DeadlineAsync(timeout - ((timeout - time.GetElapsedTime(started)) / 2), started, cancel);
        var hasBegun = false;
        try
        {
            return await costly.RunAsync(
                async () =>
                {
                    hasBegun = true;
                    return conclude(await DecideAsync(decision.WithRequirements(), timeout, started, cancel));
                },
                beginUntil.Token
            );
        }
        catch (OperationCanceledException) when (!hasBegun)
        {
            return conclude(Incomplete(decision, "the replica computes too many other decisions to answer in time"));
        }
    }

    /// <summary>
    /// A new revision and more pods are compared with the exposure of their pools, and a refusal of them looks for remedies. A rollback is
    /// not to wait for the new revisions of others.
    /// </summary>
    private static bool IsCostly(EvaluatedRequest evaluated) =>
        evaluated is { ChangeType: ChangeType.NewRevision or ChangeType.MoreExposure, Policies.Count: > 0 };

    private async ValueTask<Verdict> DecideAsync(PendingDecision decision, TimeSpan timeout, long started, CancellationToken cancel)
    {
        if (decision.Requirements.IsNone && decision.Evaluate() is var verdict && !IsRecordedFirst(verdict))
        {
            return verdict;
        }

        using var permit = limiter.TryEnter(decision.Evaluated.Request.Requester);
        if (permit is null)
        {
            return Overloaded(decision);
        }

        using var deadline = await DeadlineAsync(timeout, started, cancel);
        try
        {
            decision = await ReadLiveAsync(decision, deadline.Token);
            decision = await LookAgainAsync(decision, deadline.Token);
            decision = await ReserveExposureAsync(decision, deadline.Token);
            decision = await ReserveBudgetAsync(decision, deadline.Token);
            await RecordAsync(decision, deadline.Token);
            return await ExplainAsync(decision, deadline.Token);
        }
        catch (UnavailableException unavailable)
        {
            return Incomplete(decision, unavailable.Message);
        }
    }

    /// <summary>Ends with the caller, or when the time for the answer is over.</summary>
    private async ValueTask<CancellationTokenSource> DeadlineAsync(TimeSpan timeout, long started, CancellationToken cancel)
    {
        var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        // The labels of a new namespace may have been read from the API server before.
        if (timeout - time.GetElapsedTime(started) is var left && left > TimeSpan.Zero)
        {
            deadline.CancelAfter(left);
        }
        else
        {
            await deadline.CancelAsync();
        }

        return deadline;
    }

    private Verdict Incomplete(PendingDecision decision, string why) =>
        evaluator.Incomplete(decision.Evaluated, decision.Cluster, time.GetUtcNow(), Reasons.EvaluationIncomplete, why);

    /// <summary>Reads from the API server the parts that the requirements name, reader by reader.</summary>
    private async ValueTask<PendingDecision> ReadLiveAsync(PendingDecision decision, CancellationToken deadline)
    {
        var classified = decision.Cluster;
        foreach (var reader in _readers)
        {
            if (decision.Requirements.Reads.HasFlag(reader.Reads))
            {
                decision = decision with { Cluster = await reader.ReadAsync(decision.Evaluated, decision.Cluster, deadline) };
                if (ReadFirst.HasFlag(reader.Reads))
                {
                    // The parent of a scale decides which further reads are required, and so does a sign of AI.
                    decision = Tells(reader, decision.Cluster) ? Reclassify(decision).WithRequirements() : decision;
                    classified = decision.Cluster;
                }
            }
        }

        // Nothing new was read: the type of the change is what it was.
        return ReferenceEquals(decision.Cluster, classified) ? decision : Reclassify(decision);
    }

    /// <summary>
    /// A refusal that a new signed statement could prevent does not rest on an old lookup: its advice would fail for who followed it. What
    /// is allowed is not looked up again.
    /// </summary>
    private async ValueTask<PendingDecision> LookAgainAsync(PendingDecision decision, CancellationToken deadline)
    {
        if (evidence is null || decision.Cluster.SignedFacts.Count == 0 || !LacksEvidence(decision.Evaluate()))
        {
            return decision;
        }

        var cluster = await evidence.ReadAgainAsync(decision.Evaluated, decision.Cluster, deadline);
        if (ReferenceEquals(cluster, decision.Cluster))
        {
            return decision;
        }

        // A new sign of AI may require more than was read.
        var again = Reclassify(decision with { Cluster = cluster }).WithRequirements();
        return await ReadLiveAsync(
            again with
            {
                Requirements = again.Requirements with { Reads = again.Requirements.Reads & ~ReadFirst },
            },
            deadline
        );
    }

    /// <summary>A dry run that most policies only warn of is told the same as the request would be.</summary>
    private static bool LacksEvidence(Verdict verdict) =>
        (verdict.Evaluated.Request.DryRun ? verdict.Denials.Concat(verdict.Warnings) : verdict.Denials).Any(d =>
            d.Finding.Cause == Reasons.ApprovalMissing || d.Finding.Cause == Reasons.StatementUnread
        );

    /// <summary>Whether what was read first changes the type of the change, or its origin. Most signed evidence does not.</summary>
    private static bool Tells(ILiveReader reader, ClusterSnapshot cluster) =>
        reader.Reads is not RequiredReads.SignedEvidence || cluster.SignedFacts.Any(f => f.TellsOrigin);

    /// <summary>A live read may change the type of the change.</summary>
    private PendingDecision Reclassify(PendingDecision decision) =>
        Classify(decision.Evaluated.Request, decision.Cluster, decision.Parts) with
        {
            Requirements = decision.Requirements,
        };

    /// <summary>The time of the snapshot holds for all later steps, so that the record and the answer agree.</summary>
    private PendingDecision Classify(Request request, ClusterSnapshot snapshot, SnapshotParts taken)
    {
        var now = time.GetUtcNow();
        var evaluated = evaluator.Classify(request, snapshot, now);
        var parts = evaluator.Parts(evaluated);
        return new PendingDecision(evaluator, evaluated, cluster.Snapshots.Complete(request, snapshot, parts & ~taken), now)
        {
            Parts = parts | taken,
        };
    }

    /// <summary>Publishes the pending exposure of this request to the other replicas, and counts theirs.</summary>
    private async ValueTask<PendingDecision> ReserveExposureAsync(PendingDecision decision, CancellationToken deadline)
    {
        const RequiredReservations Exposure = RequiredReservations.Exposure | RequiredReservations.ExposureIfPossible;
        var requirements = decision.Requirements;
        var verdict = decision.Evaluate();
        // A live read may show exposure that the caches do not know, such as the nodes of a new DaemonSet.
        if (!verdict.IsAllowed || ((requirements.Reservations & Exposure) is RequiredReservations.None && verdict.Exposes.Count == 0))
        {
            return decision;
        }

        decision = await ReserveOnceAsync(decision, deadline);
        if (decision.Evaluate().IsAllowed || requirements.Reads.HasFlag(RequiredReads.Namespace))
        {
            return decision;
        }

        // A refusal because of other requests must rest on a live read: the cache may lag.
        decision = await ReadLiveAsync(
            decision with
            {
                Requirements = requirements with { Reads = (requirements.Reads & ~ReadFirst) | RequiredReads.Namespace },
            },
            deadline
        );
        return await ReserveOnceAsync(decision, deadline);
    }

    private async ValueTask<PendingDecision> ReserveOnceAsync(PendingDecision decision, CancellationToken deadline)
    {
        // The decision with the reservations of others, as far as they could be read: a failure to publish must not hide them.
        var last = decision;
        try
        {
            await cluster.Reservations.ReserveExposureAsync(
                decision.Evaluated.Request,
                decision.Cluster,
                with =>
                {
                    last = decision with { Cluster = with };
                    return last.Evaluate() is { IsAllowed: true } admitted ? admitted.Exposes : [];
                },
                deadline
            );
        }
        catch (UnavailableException unavailable)
            when (last.Evaluate() is { IsAllowed: true, Exposes: { Count: > 0 } exposes } && exposes.All(e => e.RaisesNoExposure))
        {
            // Only a Service that changes at the same instant would need this. An autoscaler must not wait for it.
            Traces.AddUnpublished(unavailable.Message);
        }

        return last;
    }

    /// <summary>
    /// The last reservation: a request that is refused for another reason, or because the budget is known to be exhausted, takes no place.
    /// </summary>
    private async ValueTask<PendingDecision> ReserveBudgetAsync(PendingDecision decision, CancellationToken deadline) =>
        decision.Requirements.Reservations.HasFlag(RequiredReservations.Budget) && decision.Evaluate() is { IsAllowed: true } verdict
            ? decision with
            {
                Cluster = decision.Cluster.WithBudgets(await cluster.Reservations.ReserveBudgetAsync(verdict, deadline)),
            }
            : decision;

    private async ValueTask RecordAsync(PendingDecision decision, CancellationToken deadline)
    {
        if (decision.Evaluate() is var verdict && IsRecordedFirst(verdict))
        {
            await cluster.Records.RecordAdmittedAsync(verdict, deadline);
        }
    }

    private async ValueTask<Verdict> ExplainAsync(PendingDecision decision, CancellationToken deadline)
    {
        var verdict = decision.Evaluate();
        return verdict.Denials.Any(d => d.Finding.Cause == Reasons.ApprovalMissing)
            ? (
                decision with
                {
                    Cluster = await cluster.Snapshots.ExplainAsync(decision.Evaluated.Request, decision.Cluster, deadline),
                }
            ).Evaluate()
            : verdict;
    }

    private Verdict Overloaded(PendingDecision decision)
    {
        if (decision.Requirements == new Requirements(RequiredReads.None, RequiredReservations.ExposureIfPossible))
        {
            return decision.Evaluate();
        }

        telemetry.CountOverloaded(decision.Evaluated.Request.Requester);
        return evaluator.Incomplete(
            decision.Evaluated,
            decision.Cluster,
            time.GetUtcNow(),
            Reasons.Overloaded,
            "too many decisions wait for the API server"
        );
    }

    /// <summary>
    /// Each flag must have one reader: a required read without a reader would be skipped silently. Standalone reads nothing live.
    /// </summary>
    private static IReadOnlyList<ILiveReader> Checked(IReadOnlyList<ILiveReader> readers)
    {
        var reads = readers.Select(r => r.Reads).ToList();
        var expected = Enum.GetValues<RequiredReads>().Where(r => r is not RequiredReads.None);
        return
            reads is [RequiredReads.SignedEvidence, RequiredReads.Exemption]
            || (reads[0] is RequiredReads.Parent && reads.Order().SequenceEqual(expected.Order()))
            ? readers
            : throw new InvalidOperationException($"one live reader for each flag, Parent first; got: {string.Join(", ", reads)}");
    }

    private static bool IsRecordedFirst(Verdict verdict) => verdict is { IsAllowed: true, IsGated: true, Evaluated.Request.DryRun: false };
}

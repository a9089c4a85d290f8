using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Telemetry;

namespace DeployGuard.Webhook.Admission;

/// <summary>
/// <c>/admit/workloads</c>: body -> <see cref="RequestReader"/> -> <see cref="PolicyEvaluator.Evaluate"/> -> answer. Only what is gated
/// awaits anything.
/// </summary>
internal sealed class AdmissionEndpoint(RequestReader reader, PolicyEvaluator guard, TrustedControllers trusted, IFacts facts, ConcurrencyLimiter crowd, BodyMemoryLimiter intake, Telemetry.Telemetry telemetry, TimeProvider time)
    : ReviewEndpoint(intake, telemetry)
{
    private readonly Telemetry.Telemetry _telemetry = telemetry;

    protected override async ValueTask<Answer> JudgeAsync(Review review, HttpContext context)
    {
        Request request;
        try
        {
            request = reader.Read(review);
        }
        catch (MalformedObjectException wrong)
        {
            return Answer.Malformed($"{review.Kind} {review.Namespace}/{review.Name}: {wrong.Message}");
        }

        var verdict = await DecideAsync(request, context);
        if (!request.DryRun && !verdict.IsUndecided)
        {
            facts.Saw(request, verdict.IsAllowed);
        }

        var isEcho = _telemetry.Decided(verdict);
        if (!isEcho && !request.DryRun && BelongsOnRecordAfterwards(verdict))
        {
            facts.RecordAfterwards(verdict);
        }

        Traces.Tell(verdict);
        var warnings = Messages.WarningLines(verdict);
        return verdict.IsAllowed ? Answer.Allow(warnings)
            : verdict.IsOverloaded ? Answer.Busy(Messages.Refusal(verdict))
            : Answer.Forbid(Messages.Refusal(verdict), warnings) with { ToAutoscaler = trusted.IsAutoscaler(request) };
    }

    private async ValueTask<Verdict> DecideAsync(Request request, HttpContext context)
    {
        var cluster = await facts.ViewAsync(request, context.RequestAborted);
        var needs = guard.Needs(request, cluster, time.GetUtcNow());
        if (needs is RequiredReads.None)
        {
            var verdict = guard.Evaluate(request, cluster, time.GetUtcNow());
            if (!MustBeOnRecordFirst(verdict))
            {
                return verdict;
            }
        }

        using var seat = crowd.TryEnter(request.Requester);
        if (seat is null)
        {
            if (needs is RequiredReads.Noted)
            {
                return guard.Evaluate(request, cluster, time.GetUtcNow());
            }

            _telemetry.Overloaded(request.Requester);
            return guard.Incomplete(request, cluster, time.GetUtcNow(), Reasons.Overloaded, "too many decisions wait for the API server");
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        deadline.CancelAfter(Deadline.Of(context.Request));
        try
        {
            (var live, needs) = await ReadAsync(request, cluster, needs, deadline.Token);
            // One moment for all that follows: what is written down must be what is answered.
            var now = time.GetUtcNow();
            var verdict = guard.Evaluate(request, live, now);
            // What was read may show that it raises what the caches knew nothing of: the nodes of a new DaemonSet.
            if (verdict.IsAllowed && ((needs & (RequiredReads.Reached | RequiredReads.Noted)) is not RequiredReads.None || verdict.Reached.Count > 0))
            {
                (live, verdict) = await ReachAsync(request, live, verdict, now, deadline.Token);
                if (!verdict.IsAllowed && !needs.HasFlag(RequiredReads.Exposure))
                {
                    // A refusal for what others were let reach rests on what is there now, and not on what a cache has not seen.
                    (live, _) = await ReadAsync(request, live, needs | RequiredReads.Exposure, deadline.Token);
                    (live, verdict) = await ReachAsync(request, live, verdict, now, deadline.Token);
                }
            }

            if (needs.HasFlag(RequiredReads.Budget) && verdict.IsAllowed)
            {
                // Last of all: what is refused for another reason, or where all places are known to be taken, takes nobody's.
                live = live.Reserved(await facts.ReserveAsync(verdict, deadline.Token));
                verdict = guard.Evaluate(request, live, now);
            }

            if (MustBeOnRecordFirst(verdict))
            {
                await facts.RecordAdmittedAsync(verdict, deadline.Token);
            }

            return verdict.Denials.Any(d => d.Finding.Cause == Reasons.ApprovalMissing)
                ? guard.Evaluate(request, await facts.ExplainAsync(request, live, deadline.Token), now)
                : verdict;
        }
        catch (FactsUnavailableException unavailable)
        {
            return guard.Incomplete(request, cluster, time.GetUtcNow(), Reasons.EvaluationIncomplete, unavailable.Message);
        }
    }

    /// <returns>The view, and what was needed in the end.</returns>
    private async ValueTask<(ClusterSnapshot View, RequiredReads Needs)> ReadAsync(Request request, ClusterSnapshot cluster, RequiredReads needs, CancellationToken deadline)
    {
        if (needs.HasFlag(RequiredReads.Parent))
        {
            // What is scaled decides what else that rests on.
            cluster = await facts.ReadLiveAsync(request, cluster, RequiredReads.Parent, deadline);
            needs = guard.Needs(request, cluster, time.GetUtcNow()) & ~RequiredReads.Parent;
        }

        if ((needs & ~(RequiredReads.Exemption | RequiredReads.Reached | RequiredReads.Noted)) is not RequiredReads.None)
        {
            cluster = await facts.ReadLiveAsync(request, cluster, needs, deadline);
        }

        if (!needs.HasFlag(RequiredReads.Exemption))
        {
            return (cluster, needs);
        }

        var mayLeave = new HashSet<string>();
        foreach (var policy in guard.PoliciesLeft(request, cluster, time.GetUtcNow()))
        {
            if (await facts.MayAsync(request.Requester, "exempt", "safeguardpolicies", "", policy, deadline))
            {
                mayLeave.Add(policy);
            }
        }

        return (cluster with { MayLeave = mayLeave }, needs);
    }

    /// <returns>The view with what others were let reach, and the verdict in its light.</returns>
    private async ValueTask<(ClusterSnapshot View, Verdict Verdict)> ReachAsync(Request request, ClusterSnapshot cluster, Verdict verdict, DateTimeOffset now, CancellationToken deadline)
    {
        try
        {
            cluster = await facts.ReachAsync(
                request,
                cluster,
                with =>
                {
                    verdict = guard.Evaluate(request, with, now);
                    return verdict.IsAllowed ? verdict.Reached : [];
                },
                deadline);
        }
        catch (FactsUnavailableException unavailable) when (verdict is { IsAllowed: true, Reached: { Count: > 0 } reached } && reached.All(r => r.RaisesNothing))
        {
            // An autoscaler must not hang on what only somebody who turns a Service in this moment would have to know.
            Traces.TellUnnoted(unavailable.Message);
        }

        return (cluster, verdict);
    }

    private static bool MustBeOnRecordFirst(Verdict verdict) =>
        verdict is { IsAllowed: true, IsGated: true, Evaluated.Request.DryRun: false };

    /// <summary>
    /// Every refusal; and what passed without having to be on record first, if a permission was used for it or it can ever be gone back
    /// to: pods and jobs come by the thousand under names of their own, and nobody rolls one back. A Job that a queue starts has another
    /// template from then on.
    /// </summary>
    private static bool BelongsOnRecordAfterwards(Verdict verdict) => !verdict.IsAllowed
        || (!verdict.IsGated && verdict.Policies.Count > 0 && (verdict.Waived.Any() || verdict.Evaluated is { IsScheduled: true } || verdict.Evaluated is
        {
            ChangeType: ChangeType.NewRevision or ChangeType.Rollback,
            Request.Target.Kind: not ("Pod" or "Job"),
        }));
}

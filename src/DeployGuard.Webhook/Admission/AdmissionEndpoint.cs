using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Telemetry;

namespace DeployGuard.Webhook.Admission;

/// <summary><c>/admit/workloads</c>: reads the request, has it decided, takes note of the decision, answers.</summary>
internal sealed class AdmissionEndpoint(
    RequestReader reader,
    DecisionPipeline pipeline,
    TrustedControllers trusted,
    IClusterAccess cluster,
    BodyMemoryLimiter memory,
    Telemetry.Telemetry telemetry)
    : ReviewEndpoint(memory, telemetry)
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

        var verdict = await pipeline.DecideAsync(request, Deadline.Of(context.Request), context.RequestAborted);
        TakeNote(request, verdict);
        return AnswerOf(request, verdict);
    }

    private void TakeNote(Request request, Verdict verdict)
    {
        if (!request.DryRun && !verdict.IsUndecided)
        {
            cluster.Machines.Note(request, verdict.IsAllowed);
        }

        var isRepeated = _telemetry.Decided(verdict);
        if (!isRepeated && !request.DryRun && BelongsOnRecordAfterwards(verdict))
        {
            cluster.Records.RecordAfterwards(verdict);
        }

        Traces.Tell(verdict);
    }

    private Answer AnswerOf(Request request, Verdict verdict)
    {
        var warnings = Messages.WarningLines(verdict);
        return verdict.IsAllowed ? Answer.Allow(warnings)
            : verdict.IsOverloaded ? Answer.Busy(Messages.Refusal(verdict))
            : Answer.Forbid(Messages.Refusal(verdict), warnings) with { ToAutoscaler = trusted.IsAutoscaler(request) };
    }

    /// <summary>
    /// Every refusal; and what passed without having to be on record first, if something was waived for it or it can ever be gone back to: pods and jobs come by
    /// the thousand under names of their own, and nobody rolls one back. A Job that a queue starts has another template from then on.
    /// </summary>
    private static bool BelongsOnRecordAfterwards(Verdict verdict) => !verdict.IsAllowed
        || (!verdict.IsGated && verdict.Policies.Count > 0 && (verdict.Waived.Any() || verdict.Evaluated is { IsScheduled: true } || verdict.Evaluated is
        {
            ChangeType: ChangeType.NewRevision or ChangeType.Rollback,
            Request.Target.Kind: not ("Pod" or "Job"),
        }));
}

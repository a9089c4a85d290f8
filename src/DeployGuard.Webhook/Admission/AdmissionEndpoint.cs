using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Reviews;
using DeployGuard.Webhook.Telemetry;

namespace DeployGuard.Webhook.Admission;

/// <summary><c>/admit/workloads</c>: reads the request, runs the decision pipeline, reports the decision and answers.</summary>
internal sealed class AdmissionEndpoint(
    RequestReader reader,
    DecisionPipeline pipeline,
    TrustedControllers trusted,
    IClusterAccess cluster,
    BodyMemoryLimiter memory,
    AdmissionTelemetry telemetry
) : ReviewEndpoint(memory, telemetry)
{
    private readonly AdmissionTelemetry _telemetry = telemetry;

    protected override async ValueTask<Answer> EvaluateAsync(Review review, HttpContext context)
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

        return await pipeline.DecideAsync(request, Deadline.Of(context.Request), Conclude, context.RequestAborted);
    }

    private Answer Conclude(Verdict verdict)
    {
        var request = verdict.Evaluated.Request;
        Report(request, verdict);
        return AnswerOf(request, verdict);
    }

    private void Report(Request request, Verdict verdict)
    {
        if (!request.DryRun && !verdict.IsUndecided)
        {
            cluster.Machines.Note(request, verdict.IsAllowed);
        }

        var isRepeated = _telemetry.CountDecision(verdict);
        if (!isRepeated && !request.DryRun && IsRecordedAfterwards(verdict))
        {
            cluster.Records.RecordAfterwards(verdict);
        }

        Traces.TagSpan(verdict);
    }

    private Answer AnswerOf(Request request, Verdict verdict)
    {
        var warnings = Messages.WarningLines(verdict);
        return verdict.IsAllowed ? Answer.Allow(warnings)
            : verdict.IsOverloaded ? Answer.Busy(Messages.Refusal(verdict))
            : Answer.Forbid(Messages.Refusal(verdict), warnings) with { IsForAutoscaler = trusted.IsAutoscaler(request) };
    }

    /// <summary>
    /// Every refusal is recorded. An allowed request that was not recorded first is recorded if a finding was waived, or if a rollback can
    /// go back to its revision. Single pods and Jobs are left out: they are numerous, each has its own name, and none of them is rolled
    /// back. A Job that a queue starts is recorded, because its template differs from then on.
    /// </summary>
    private static bool IsRecordedAfterwards(Verdict verdict) =>
        !verdict.IsAllowed
        || (
            !verdict.IsGated
            && verdict.Policies.Count > 0
            && (
                verdict.Waived.Any()
                || verdict.Evaluated is { IsScheduled: true }
                || verdict.Evaluated
                    is {
                        ChangeType: ChangeType.NewRevision or ChangeType.Rollback,
                        Request.Target.Type: { IsOnePod: false, RunsOnce: false },
                    }
            )
        );
}

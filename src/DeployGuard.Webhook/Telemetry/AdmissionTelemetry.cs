using System.Diagnostics;
using System.Diagnostics.Metrics;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Webhook.Admission;
using DeployGuard.Webhook.Reviews;

namespace DeployGuard.Webhook.Telemetry;

/// <summary>
/// Counts requests and answers. No label holds the name of a workload: names go to the decision log and the records.
/// The exporter adds the unit and <c>_total</c> to the names.
/// </summary>
internal sealed class AdmissionTelemetry(
    DecisionLog log,
    RecordLog records,
    Meter meter,
    RetryDeduplicator retries,
    TrustedControllers trusted,
    TimeProvider time
)
{
    public const string DeniedInstrument = "deployguard_rollouts_denied";
    public const string DurationInstrument = "deployguard_admission_duration";
    public const string ApprovalWaitInstrument = "deployguard_approval_wait";

    private readonly Counter<long> _requests = meter.CreateCounter<long>(
        "deployguard_admission_requests",
        description: "Admission requests answered."
    );

    private readonly Counter<long> _denied = meter.CreateCounter<long>(
        DeniedInstrument,
        description: "Rollouts with findings: refused (Enforce), warned about (Warn) or noted (Audit). Dry runs do not count."
    );

    private readonly Counter<long> _canary = meter.CreateCounter<long>(
        "deployguard_canary_refused",
        description: "Requests refused because of unproven revisions, autoscalers' too. Dry runs do not count."
    );

    private readonly Counter<long> _rollouts = meter.CreateCounter<long>(
        "deployguard_rollouts",
        description: "New revisions that an Enforce policy evaluated, by origin and decision. Dry runs do not count."
    );

    private readonly Counter<long> _origins = meter.CreateCounter<long>(
        "deployguard_origin",
        description: "New revisions that an Enforce policy evaluated, by origin and by what it rests on. Dry runs do not count."
    );

    private readonly Counter<long> _overloaded = meter.CreateCounter<long>(
        "deployguard_overloaded",
        description: "Requests refused because too many decisions waited."
    );

    private readonly Histogram<double> _approvalWait = meter.CreateHistogram<double>(
        ApprovalWaitInstrument,
        "s",
        "Time from the first refusal of a change to its admission."
    );

    private readonly Histogram<double> _duration = meter.CreateHistogram<double>(
        DurationInstrument,
        "s",
        "Time from the first byte of a review to its answer."
    );

    private readonly Counter<long> _approvals = meter.CreateCounter<long>(
        "deployguard_approvals",
        description: "Approvals and rejections that were admitted."
    );

    private readonly Counter<long> _breakGlass = meter.CreateCounter<long>(
        "deployguard_breakglass_created",
        description: "BreakGlasses that were admitted."
    );

    private readonly Counter<long> _waived = meter.CreateCounter<long>(
        "deployguard_findings_waived",
        description: "Findings of Enforce policies that were waived: by a BreakGlass, or for an exempt identity. Dry runs do not count."
    );

    private readonly Counter<long> _rollbacks = meter.CreateCounter<long>(
        "deployguard_rollbacks",
        description: "Rollbacks to a revision that completed. Dry runs do not count."
    );

    private readonly Counter<long> _policies = meter.CreateCounter<long>(
        "deployguard_policy_changes",
        description: "SafeguardPolicies created, changed or deleted."
    );

    /// <summary>Starts the counters of alerts at zero, so that an alert sees the first increase.</summary>
    public void InitializeCounters()
    {
        foreach (var requester in (string[])["person", "machine", "unread"])
        {
            _overloaded.Add(0, new KeyValuePair<string, object?>("requester", requester));
        }
    }

    /// <returns>Whether the verdict is not to be recorded: a retry of the API server that was already counted, or an overload.</returns>
    public bool CountDecision(Verdict verdict)
    {
        log.Write(verdict);
        if (verdict.IsOverloaded)
        {
            // An overload says nothing about the change, so it is no denied rollout.
            return true;
        }

        CountWaived(verdict);
        if (!verdict.IsAllowed && retries.IsRepeated(verdict))
        {
            return true;
        }

        if (verdict.Evaluated.Request.DryRun || verdict is { Evaluated.ChangeType: ChangeType.Rollback, IsAllowed: true })
        {
            return false;
        }

        CountRollout(verdict);
        if (verdict.Findings.Count == 0)
        {
            return false;
        }

        foreach (var reason in verdict.Denials.Where(d => d.LimitsExposure).Select(d => d.Finding.Reason).Distinct())
        {
            _canary.Add(1, new KeyValuePair<string, object?>("reason", reason));
        }

        if (trusted.IsAutoscaler(verdict.Evaluated.Request))
        {
            return false;
        }

        foreach (
            var (policy, mode, safeguard, reason) in verdict
                .Findings.Where(f => f.Waiver is null)
                .Select(f => (f.Policy, f.Mode, f.Safeguard, f.Finding.Reason))
                .Distinct()
        )
        {
            var target = verdict.Evaluated.Request.Target;
            _denied.Add(
                1,
                new TagList
                {
                    { "namespace", target.Namespace },
                    { "kind", target.Kind },
                    { "policy", policy },
                    { "safeguard", safeguard },
                    { "reason", reason },
                    { "mode", ModeName(mode) },
                }
            );
        }

        return false;
    }

    public void CountAnswer(Review review, Answer answer, TimeSpan took)
    {
        Count(review, answer.Decision);
        _duration.Record(took.TotalSeconds);
    }

    public void CountOverloaded(Requester requester) => CountOverloaded(requester.IsMachine ? "machine" : "person");

    /// <param name="requester"><c>person</c>, <c>machine</c>, or <c>unread</c> for a body that was not read.</param>
    public void CountOverloaded(string requester) => _overloaded.Add(1, new KeyValuePair<string, object?>("requester", requester));

    /// <summary>Counts and logs a bug; the API server's failurePolicy decides.</summary>
    public void CountError(Review review, Exception bug)
    {
        Count(review, "error");
        log.Write(review, bug);
    }

    /// <summary>Counts a body that is no readable review.</summary>
    public void CountMalformed() =>
        _requests.Add(
            1,
            new TagList
            {
                { "resource", "" },
                { "operation", "" },
                { "decision", "malformed" },
                { "dry_run", "false" },
            }
        );

    /// <summary>Counts a new BreakGlass, and logs it once it is stored.</summary>
    public void RecordBreakGlass(Review review, BreakGlass glass)
    {
        _breakGlass.Add(1, new KeyValuePair<string, object?>("namespace", review.Namespace));
        records.Write(review, RecordLine.Of(review, glass, time.GetUtcNow()));
    }

    /// <summary>Counts the change of a policy and logs its user.</summary>
    public void RecordPolicyChange(Review review)
    {
        _policies.Add(1, new TagList { { "operation", OperationName(review.Operation) }, { "policy", review.Name } });
        log.WritePolicyChange(review);
    }

    /// <summary>Counts a new vote, and logs it once it is stored.</summary>
    /// <param name="about">The Change that it is about; null if there is none yet.</param>
    public void RecordVote(Review review, Approval vote, Change? about)
    {
        _approvals.Add(1, new KeyValuePair<string, object?>("decision", vote.Decision.ToString()));
        records.Write(review, RecordLine.Of(review, vote, about, time.GetUtcNow()));
    }

    /// <summary>Logs the deletion of a vote or a BreakGlass once it is gone.</summary>
    /// <param name="creator">User name of its creator.</param>
    /// <param name="vote">Null for a BreakGlass.</param>
    public void RecordDeletion(Review review, string creator, Approval? vote, bool withNamespace) =>
        records.Write(review, RecordLine.OfDeletion(review, creator, vote, withNamespace, time.GetUtcNow()));

    private void CountRollout(Verdict verdict)
    {
        if (!verdict.IsGated)
        {
            return;
        }

        var evaluated = verdict.Evaluated;
        _rollouts.Add(
            1,
            new TagList
            {
                { "namespace", evaluated.Request.Target.Namespace },
                { "origin", evaluated.Origin.Kind.ToString() },
                { "decision", verdict.IsAllowed ? "allowed" : "denied" },
            }
        );
        var (origin, trust) = OriginTrust.Of(verdict);
        _origins.Add(1, new TagList { { "origin", origin }, { "trust", trust } });
        if (verdict.IsAllowed && evaluated.Recorded is { Phase: Phase.Pending } waited)
        {
            _approvalWait.Record(Math.Max(0, (time.GetUtcNow() - waited.Since).TotalSeconds));
        }
    }

    private void CountWaived(Verdict verdict)
    {
        var request = verdict.Evaluated.Request;
        if (request.DryRun || !verdict.IsAllowed)
        {
            return;
        }

        if (verdict.Evaluated.ChangeType is ChangeType.Rollback)
        {
            _rollbacks.Add(
                1,
                new TagList
                {
                    { "namespace", request.Target.Namespace },
                    { "kind", request.Target.Kind },
                    { "records", verdict.Evaluated.Recovered.Count > 0 ? "lost" : "kept" },
                }
            );
        }

        if (verdict.Findings.Count == 0)
        {
            return;
        }

        foreach (
            var (policy, safeguard, waiver) in verdict
                .Waived.Select(f => (f.Policy, f.Safeguard, Kind: f.Waiver?.BreakGlass is null ? "exempt" : "breakglass"))
                .Distinct()
        )
        {
            _waived.Add(
                1,
                new TagList
                {
                    { "namespace", request.Target.Namespace },
                    { "policy", policy },
                    { "safeguard", safeguard },
                    { "by", waiver },
                }
            );
        }
    }

    private void Count(Review review, string decision) =>
        _requests.Add(
            1,
            new TagList
            {
                { "resource", review.SubResource.Length == 0 ? review.Resource : $"{review.Resource}/{review.SubResource}" },
                { "operation", OperationName(review.Operation) },
                { "decision", decision },
                { "dry_run", review.DryRun ? "true" : "false" },
            }
        );

    private static string OperationName(Operation operation) =>
        operation switch
        {
            Operation.Create => "CREATE",
            Operation.Update => "UPDATE",
            Operation.Delete => "DELETE",
            _ => throw new InvalidOperationException($"unknown operation {operation}"),
        };

    private static string ModeName(Mode mode) =>
        mode switch
        {
            Mode.Enforce => nameof(Mode.Enforce),
            Mode.Warn => nameof(Mode.Warn),
            Mode.Audit => nameof(Mode.Audit),
            _ => throw new InvalidOperationException($"unknown mode {mode}"),
        };
}

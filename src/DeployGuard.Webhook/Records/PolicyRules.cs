using System.Text.Json;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Records;
using DeployGuard.Webhook.Reviews;
using DeployGuard.Webhook.Telemetry;

namespace DeployGuard.Webhook.Records;

/// <summary>
/// The rules of a SafeguardPolicy: it must be valid and name its mode, an update must not take the mode away, and its author is warned of
/// what they probably did not intend. A warning never refuses.
/// </summary>
internal sealed class PolicyRules(IClusterAccess cluster, AdmissionTelemetry telemetry, TimeProvider time)
{
    private readonly IPolicyFacts _facts = cluster.PolicyFacts;

    public async ValueTask<Answer> EvaluateAsync(Review review, CancellationToken deadline)
    {
        // By RBAC only DeployGuard writes the status, and it changes no requirement.
        if (review.SubResource.Length > 0)
        {
            return Answer.Allow([]);
        }

        IReadOnlyList<string> warnings = [];
        if (review.Operation is not Operation.Delete)
        {
            var policy = PolicyReader.Read(review.Object);
            if (Refuse(review, policy) is { } why)
            {
                return Answer.Malformed($"SafeguardPolicy {policy.Name} {why}");
            }

            warnings = HasNewSpec(review) ? await WarnAsync(policy, deadline) : [];
        }

        if (!review.DryRun)
        {
            telemetry.RecordPolicyChange(review);
        }

        return Answer.Allow(warnings);
    }

    private static string? Refuse(Review review, SafeguardPolicy policy) =>
        policy.Errors.Count > 0 ? $"is not valid:{string.Concat(policy.Errors.Select(e => $"\n - {e}"))}"
        : review.Operation is Operation.Update && NamedMode.Of(review.OldObject) is { } mode && NamedMode.Of(review.Object) is null
            ? $"is not changed: the update removes spec.mode, which is {mode} now. Write the mode into your file: {mode} changes "
                + $"nothing, {OtherModes(mode)}. Then retry"
        : review.Operation is Operation.Create && NamedMode.Of(review.Object) is null
            ? "is not created: spec names no mode, and mode: Audit could not be written into it, because the webhook modes.deployguard.io did "
                + "not answer or is not registered. Write a mode into your file (Enforce refuses, Warn warns, Audit only counts), then retry"
        : null;

    private static string OtherModes(string mode) =>
        string.Join(
            ", ",
            new[]
            {
                (nameof(Mode.Enforce), "Enforce refuses"),
                (nameof(Mode.Warn), "Warn warns"),
                (nameof(Mode.Audit), "Audit only counts"),
            }
                .Where(m => m.Item1 != mode)
                .Select(m => m.Item2)
        );

    private static bool HasNewSpec(Review review) =>
        review.Operation is Operation.Create
        || !review.OldObject.TryGetProperty("spec", out var before)
        || !JsonElement.DeepEquals(before, review.Object.GetProperty("spec"));

    private async ValueTask<IReadOnlyList<string>> WarnAsync(SafeguardPolicy policy, CancellationToken deadline)
    {
        var reach = _facts.ReachOf(policy.Match);
        string?[] ofPolicy =
        [
            PolicyWarnings.OfScope(policy, reach),
            PolicyWarnings.OfEmptyScope(policy, reach),
            PolicyWarnings.OfPeriod(policy, time.GetUtcNow()),
            PolicyWarnings.OfAccept(policy),
        ];
        return
        [
            .. ofPolicy.OfType<string>(),
            .. EvidenceWarnings.Of(policy),
            .. await WarnOfSecretsAsync(policy, deadline),
            .. await WarnOfRightsAsync(policy, reach, deadline),
        ];
    }

    private async ValueTask<IEnumerable<string>> WarnOfSecretsAsync(SafeguardPolicy policy, CancellationToken deadline)
    {
        if (policy.SignedOrigin is not { } signed || !EvidenceWarnings.SecretsOf(signed).Any())
        {
            return [];
        }

        try
        {
            return EvidenceWarnings.OfSecrets(policy, await _facts.MayReadSecretsAsync(deadline));
        }
        catch (UnavailableException unavailable)
        {
            return [$"whether DeployGuard may read the Secrets that spec.origin names was not checked: {unavailable.Message}"];
        }
    }

    private async ValueTask<IReadOnlyList<string>> WarnOfRightsAsync(SafeguardPolicy policy, PolicyReach reach, CancellationToken deadline)
    {
        if (policy is { Approval: not { Required: not Required.Never }, Exempt.IsNobody: true })
        {
            return [];
        }

        try
        {
            return await _facts.ReadRightsAsync(deadline) is { } rights
                ?
                [
                    .. PolicyWarnings.OfQuorum(QuorumGap.Of(policy, reach.Namespaces, rights.Votes), _facts.ApproverRole),
                    .. PolicyWarnings.OfExemption(policy, reach, rights.Deploys) is { } wide ? (string[])[wide] : [],
                ]
                : [];
        }
        catch (UnavailableException unavailable)
        {
            return [PolicyWarnings.NotChecked(unavailable.Message)];
        }
    }
}

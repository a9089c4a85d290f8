using System.Text.Json;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Records;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Admission;

namespace DeployGuard.Webhook.Records;

/// <summary><c>/admit/records</c>: guards DeployGuard's own objects: policies must be readable, Changes are ours, approvals are bound and honest.</summary>
internal sealed class RecordsEndpoint(RecordRules rules, IFacts facts, Telemetry.Telemetry telemetry, TimeProvider time) : ReviewEndpoint(telemetry)
{
    private readonly Telemetry.Telemetry _telemetry = telemetry;

    protected override async ValueTask<Answer> JudgeAsync(Review review, HttpContext context)
    {
        try
        {
            return review.Resource switch
            {
                "safeguardpolicies" => JudgePolicy(review),
                "changes" => Of(review, rules.RefuseChangeWrite(review.Requester, review.Operation)),
                "changeapprovals" => await JudgeApprovalAsync(review, context.RequestAborted),
                _ => Answer.Forbid($"DeployGuard has no rule for {review.Resource}, so it refuses them"),
            };
        }
        catch (MalformedObjectException wrong)
        {
            return Answer.Malformed($"{review.Kind} {review.Name}: {wrong.Message}");
        }
    }

    private static Answer JudgePolicy(Review review)
    {
        // A status is ours, by RBAC, and changes nothing that is enforced.
        if (review.Operation is Operation.Delete || review.SubResource.Length > 0)
        {
            return Answer.Allow([]);
        }

        var policy = PolicyReader.Read(review.Object);
        return policy.Errors.Count == 0
            ? Answer.Allow([])
            : Answer.Malformed($"SafeguardPolicy {policy.Name} is not valid:{string.Concat(policy.Errors.Select(e => $"\n - {e}"))}");
    }

    private async ValueTask<Answer> JudgeApprovalAsync(Review review, CancellationToken cancel)
    {
        switch (review.Operation)
        {
            case Operation.Delete:
                var stored = Read(review.OldObject);
                return Of(review, RecordRules.RefuseApprovalDelete(review.Requester, stored.Approver, stored.Decision is Decision.Reject));
            case Operation.Update:
                return Of(review, RecordRules.RefuseApprovalUpdate(SpecDiffers(review), HasOwners(review.Object)));
            case Operation.Create:
                return await JudgeNewApprovalAsync(review, cancel);
            default:
                throw new InvalidOperationException($"unknown operation {review.Operation}");
        }
    }

    private async ValueTask<Answer> JudgeNewApprovalAsync(Review review, CancellationToken cancel)
    {
        var read = Read(review.Object);
        var approval = read with { Workload = read.Workload with { Namespace = review.Namespace } };
        var about = new WorkloadRequest { Operation = Operation.Create, Requester = review.Requester, Target = approval.Workload };
        var view = await facts.ViewAsync(about, cancel);
        var recorded = view.Changes.FirstOrDefault(c => c.TemplateHash == approval.TemplateHash);
        var policies = view.Policies.Where(p => view.NamespaceLabels is null || p.Match.Namespaces.Matches(view.NamespaceLabels));
        var answer = Of(review, RecordRules.RefuseApproval(approval, review.Requester, HasOwners(review.Object), recorded, policies));
        if (answer.Allowed && !review.DryRun)
        {
            _telemetry.Approved(approval.Decision.ToString());
        }

        return answer;
    }

    private Approval Read(JsonElement obj) => ApprovalReader.Read(obj, time.GetUtcNow());

    private static Answer Of(Review review, string? refusal) =>
        refusal is null ? Answer.Allow([]) : Answer.Forbid($"{review.Kind} {review.Namespace}/{review.Name} refused: {refusal}");

    private static bool SpecDiffers(Review review) =>
        !review.Object.TryGetProperty("spec", out var now) || !review.OldObject.TryGetProperty("spec", out var before) || !JsonElement.DeepEquals(now, before);

    private static bool HasOwners(JsonElement obj) =>
        obj.TryGetProperty("metadata", out var metadata) && metadata.ValueKind is JsonValueKind.Object
        && metadata.TryGetProperty("ownerReferences", out var owners) && owners.ValueKind is JsonValueKind.Array && owners.GetArrayLength() > 0;
}

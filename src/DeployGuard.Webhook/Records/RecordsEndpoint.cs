using System.Text.Json;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Records;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Admission;

namespace DeployGuard.Webhook.Records;

/// <summary>
/// <c>/admit/records</c>: guards DeployGuard's own objects: policies must be readable, Changes are ours, votes and permissions are bound,
/// honest and final.
/// </summary>
internal sealed class RecordsEndpoint(RecordRules rules, WorkloadKinds kinds, IClusterAccess cluster, BodyMemoryLimiter memory, Telemetry.Telemetry telemetry, TimeProvider time) : ReviewEndpoint(memory, telemetry)
{
    private readonly IRecordFacts _facts = cluster.RecordFacts;
    private readonly Telemetry.Telemetry _telemetry = telemetry;

    protected override async ValueTask<Answer> JudgeAsync(Review review, HttpContext context)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        deadline.CancelAfter(Deadline.Of(context.Request));
        try
        {
            return review.Resource switch
            {
                "safeguardpolicies" => JudgePolicy(review),
                "changes" => Of(review, rules.RefuseChangeWrite(review.Requester, review.Operation, _facts.NamespaceEnds(review.Namespace))),
                "changetemplates" => Of(review, rules.RefuseTemplateWrite(review.Requester, review.Operation, _facts.NamespaceEnds(review.Namespace))),
                "changeapprovals" => Of(review, await JudgeApprovalAsync(review, deadline.Token)),
                "breakglasses" => Of(review, await JudgeBreakGlassAsync(review, deadline.Token)),
                _ => Answer.Forbid($"DeployGuard has no rule for {review.Resource}, so it refuses them"),
            };
        }
        catch (MalformedObjectException wrong)
        {
            return Answer.Malformed($"{review.Kind} {review.Name}: {wrong.Message}");
        }
        catch (UnavailableException unavailable)
        {
            return Of(review, new Refusal(Reasons.EvaluationIncomplete, unavailable.Message));
        }
    }

    private Answer JudgePolicy(Review review)
    {
        // A status is ours, by RBAC, and changes nothing that is enforced.
        if (review.SubResource.Length > 0)
        {
            return Answer.Allow([]);
        }

        if (review.Operation is not Operation.Delete && PolicyReader.Read(review.Object) is { Errors.Count: > 0 } bad)
        {
            return Answer.Malformed($"SafeguardPolicy {bad.Name} is not valid:{string.Concat(bad.Errors.Select(e => $"\n - {e}"))}");
        }

        if (!review.DryRun)
        {
            _telemetry.PolicyChanged(review);
        }

        return Answer.Allow([]);
    }

    private async ValueTask<Refusal?> JudgeApprovalAsync(Review review, CancellationToken deadline) => review.Operation switch
    {
        Operation.Delete => await JudgeDeleteAsync(review, StoredMaker(() => ReadApproval(review.OldObject).Approver), deadline),
        Operation.Update => RefuseUpdate(review),
        Operation.Create => await JudgeNewApprovalAsync(review, deadline),
        _ => throw new InvalidOperationException($"unknown operation {review.Operation}"),
    };

    private async ValueTask<Refusal?> JudgeBreakGlassAsync(Review review, CancellationToken deadline) => review.Operation switch
    {
        Operation.Delete => await JudgeDeleteAsync(review, StoredMaker(() => ReadBreakGlass(review.OldObject).RequestedBy), deadline),
        Operation.Update => RefuseUpdate(review),
        Operation.Create => await JudgeNewBreakGlassAsync(review, deadline),
        _ => throw new InvalidOperationException($"unknown operation {review.Operation}"),
    };

    private async ValueTask<Refusal?> JudgeDeleteAsync(Review review, Requester maker, CancellationToken deadline)
    {
        var ends = _facts.NamespaceEnds(review.Namespace);
        return rules.RefuseDelete(review.Requester, maker, mayOverride: false, ends) is null
            ? null
            : rules.RefuseDelete(review.Requester, maker, await _facts.MayAsync(review.Requester, "override", review.Resource, review.Namespace, review.Name, deadline), ends);
    }

    private async ValueTask<Refusal?> JudgeNewApprovalAsync(Review review, CancellationToken deadline)
    {
        var read = ReadApproval(review.Object);
        var approval = read with { Workload = read.Workload with { Namespace = review.Namespace } };
        var about = new WorkloadRequest { Operation = Operation.Create, Requester = review.Requester, Target = approval.Workload };
        var snapshot = await cluster.Snapshots.TakeAsync(about, deadline);
        var recorded = snapshot.Changes.FirstOrDefault(c => c.HasHash(approval.TemplateHash));
        var refusal = RefuseOwnersAndFinalizers(review)
            ?? new NewApproval(approval, review.Requester, recorded, PoliciesOf(snapshot)).Refuse(kinds, time.GetUtcNow())
            ?? RecordLabels.Refuse(LabelsOf(review.Object), RecordLabels.Of(approval))
            ?? await RefuseAnotherAsync(review, deadline);
        if (refusal is null && !review.DryRun)
        {
            _telemetry.Approved(approval.Decision.ToString());
        }

        return refusal;
    }

    private async ValueTask<Refusal?> JudgeNewBreakGlassAsync(Review review, CancellationToken deadline)
    {
        var glass = ReadBreakGlass(review.Object);
        var mayWholeNamespace = glass.Workload is null
            && await _facts.MayAsync(review.Requester, "breakglass-namespace", "breakglasses", review.Namespace, "", deadline);
        var about = new WorkloadRequest { Operation = Operation.Create, Requester = review.Requester, Target = new WorkloadRef("", "", review.Namespace, "") };
        var policies = PoliciesOf(await cluster.Snapshots.TakeAsync(about, deadline));
        var refusal = RefuseOwnersAndFinalizers(review)
            ?? new NewBreakGlass(glass, review.Requester, mayWholeNamespace, policies, _facts.Unreviewed).Refuse(kinds, time.GetUtcNow())
            ?? RecordLabels.Refuse(LabelsOf(review.Object), RecordLabels.Of(glass))
            ?? await RefuseAnotherAsync(review, deadline);
        if (refusal is null && !review.DryRun)
        {
            _telemetry.GlassBroken(review.Namespace);
        }

        return refusal;
    }

    private async ValueTask<Refusal?> RefuseAnotherAsync(Review review, CancellationToken deadline) => RecordLimits.RefuseAnother(
        await _facts.CountRecordsAsync(review.Resource, review.Namespace, review.Requester.Username, deadline), review.Resource, review.Namespace);

    private static Refusal? RefuseUpdate(Review review) =>
        RecordRules.RefuseUpdate(SpecDiffers(review), HasOwners(review.Object), Finalizers(review.Object).Except(Finalizers(review.OldObject)))
            ?? RecordLabels.RefuseChange(LabelsOf(review.OldObject), LabelsOf(review.Object));

    private static IReadOnlyDictionary<string, string> LabelsOf(JsonElement obj) => WorkloadReader.ReadLabels(obj);

    private static Refusal? RefuseOwnersAndFinalizers(Review review) => RecordRules.RefuseOwnersAndFinalizers(HasOwners(review.Object), Finalizers(review.Object));

    private static IReadOnlyList<SafeguardPolicy> PoliciesOf(ClusterSnapshot snapshot) =>
        [.. snapshot.Policies.Where(p => p.Match.IncludesNamespace(snapshot.NamespaceLabels))];

    private Approval ReadApproval(JsonElement obj) => ApprovalReader.Read(obj, time.GetUtcNow());

    private BreakGlass ReadBreakGlass(JsonElement obj) => BreakGlassReader.Read(obj, time.GetUtcNow());

    /// <summary>What was stored while nobody checked may be unreadable; it has no maker then, and only the verb <c>override</c> removes it.</summary>
    private static Requester StoredMaker(Func<Requester> read)
    {
        try
        {
            return read();
        }
        catch (MalformedObjectException)
        {
            return new Requester("(nobody)", "", []);
        }
    }

    private static Answer Of(Review review, Refusal? refusal) =>
        refusal is null ? Answer.Allow([]) : Answer.Forbid($"{review.Kind} {review.Namespace}/{review.Name} refused: {refusal}");

    private static bool SpecDiffers(Review review) =>
        !review.Object.TryGetProperty("spec", out var now) || !review.OldObject.TryGetProperty("spec", out var before) || !JsonElement.DeepEquals(now, before);

    private static bool HasOwners(JsonElement obj) => InMetadata(obj, "ownerReferences").Any();

    private static IEnumerable<string> Finalizers(JsonElement obj) => InMetadata(obj, "finalizers").Select(f => f.ToString());

    private static JsonElement.ArrayEnumerator InMetadata(JsonElement obj, string list) =>
        obj.TryGetProperty("metadata", out var metadata) && metadata.ValueKind is JsonValueKind.Object
        && metadata.TryGetProperty(list, out var items) && items.ValueKind is JsonValueKind.Array ? items.EnumerateArray() : default;
}

using System.Text.Json;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Records;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Admission;
using DeployGuard.Webhook.Reviews;
using DeployGuard.Webhook.Telemetry;

namespace DeployGuard.Webhook.Records;

/// <summary>
/// <c>/admit/records</c> guards DeployGuard's own objects. A policy must be valid, only DeployGuard writes Changes, and votes and
/// BreakGlasses carry the identity of their creator and are immutable.
/// </summary>
internal sealed class RecordsEndpoint(
    RecordRules rules,
    PolicyRules policies,
    WorkloadKinds kinds,
    IClusterAccess cluster,
    BodyMemoryLimiter memory,
    AdmissionTelemetry telemetry,
    TimeProvider time
) : ReviewEndpoint(memory, telemetry)
{
    private static readonly Requester s_nobody = new("(nobody)", "", []);

    private readonly IRecordFacts _facts = cluster.RecordFacts;
    private readonly AdmissionTelemetry _telemetry = telemetry;

    protected override async ValueTask<Answer> EvaluateAsync(Review review, HttpContext context)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        deadline.CancelAfter(Deadline.Of(context.Request));
        try
        {
            return review.Resource switch
            {
                "safeguardpolicies" => await policies.EvaluateAsync(review, deadline.Token),
                "changes" => Of(
                    review,
                    rules.RefuseChangeWrite(review.Requester, review.Operation, _facts.NamespaceEnds(review.Namespace))
                ),
                "changetemplates" => Of(
                    review,
                    rules.RefuseTemplateWrite(review.Requester, review.Operation, _facts.NamespaceEnds(review.Namespace))
                ),
                "changeapprovals" => Of(review, await RefuseApprovalAsync(review, deadline.Token)),
                "breakglasses" => Of(review, await RefuseBreakGlassAsync(review, deadline.Token)),
                _ => Answer.Forbid($"DeployGuard has no rule for {review.Resource} and refuses to admit them"),
            };
        }
        catch (MalformedObjectException wrong)
        {
            return Answer.Malformed(VisibleText.Inline($"{review.Kind} {review.Name}: {wrong.Message}"));
        }
        catch (UnavailableException unavailable)
        {
            return Of(review, new Refusal(Reasons.EvaluationIncomplete, unavailable.Message));
        }
    }

    private async ValueTask<Refusal?> RefuseApprovalAsync(Review review, CancellationToken deadline) =>
        review.Operation switch
        {
            Operation.Delete => await RefuseWithdrawalAsync(review, deadline),
            Operation.Update => RefuseUpdate(review),
            Operation.Create => await RefuseNewApprovalAsync(review, deadline),
            _ => throw new InvalidOperationException($"unknown operation {review.Operation}"),
        };

    private async ValueTask<Refusal?> RefuseBreakGlassAsync(Review review, CancellationToken deadline) =>
        review.Operation switch
        {
            Operation.Delete => await RefuseDeleteAsync(
                review,
                StoredOrNull(() => ReadBreakGlass(review.OldObject))?.RequestedBy ?? s_nobody,
                vote: null,
                deadline
            ),
            Operation.Update => RefuseUpdate(review),
            Operation.Create => await RefuseNewBreakGlassAsync(review, deadline),
            _ => throw new InvalidOperationException($"unknown operation {review.Operation}"),
        };

    private async ValueTask<Refusal?> RefuseWithdrawalAsync(Review review, CancellationToken deadline)
    {
        var vote = StoredOrNull(() => ReadApproval(review.OldObject));
        var refusal = await RefuseDeleteAsync(review, vote?.Approver ?? s_nobody, vote, deadline);
        if (refusal is null && vote is not null && !review.DryRun && !rules.IsSelf(review.Requester))
        {
            cluster.Records.RecordWithdrawal(vote, review.Requester.Username);
        }

        return refusal;
    }

    private async ValueTask<Refusal?> RefuseDeleteAsync(Review review, Requester creator, Approval? vote, CancellationToken deadline)
    {
        var refusal = await RefuseDeleteByAsync(review, creator, deadline);
        if (refusal is null && !review.DryRun && !rules.IsSelf(review.Requester))
        {
            _telemetry.RecordDeletion(review, creator.Username, vote, _facts.NamespaceEnds(review.Namespace));
        }

        return refusal;
    }

    private async ValueTask<Refusal?> RefuseDeleteByAsync(Review review, Requester creator, CancellationToken deadline)
    {
        var ends = _facts.NamespaceEnds(review.Namespace);
        return rules.RefuseDelete(review.Requester, creator, mayOverride: false, ends) is null
            ? null
            : rules.RefuseDelete(
                review.Requester,
                creator,
                await _facts.MayAsync(review.Requester, "override", review.Resource, review.Namespace, review.Name, deadline),
                ends
            );
    }

    private async ValueTask<Refusal?> RefuseNewApprovalAsync(Review review, CancellationToken deadline)
    {
        var read = ReadApproval(review.Object);
        var approval = read with { Workload = read.Workload with { Namespace = review.Namespace } };
        var query = new WorkloadRequest
        {
            Operation = Operation.Create,
            Requester = review.Requester,
            Target = approval.Workload,
        };
        var snapshot = await cluster.Snapshots.TakeAsync(query, deadline);
        var recorded = snapshot.Changes.FirstOrDefault(c => c.HasHash(approval.TemplateHash));
        var policiesHere = PoliciesOf(snapshot);
        var reviewer = await ReviewRightAsync(review, NewApproval.NeedsReviewRight(approval, policiesHere, time.GetUtcNow()), deadline);
        var refusal =
            RefuseOwnersAndFinalizers(review)
            ?? new NewApproval(approval, review.Requester, recorded, policiesHere, reviewer)
            {
                MayLackRequests = recorded is null && _facts.MayLackRequests(approval.Workload, review.Requester.Username),
            }.Refuse(kinds, time.GetUtcNow())
            ?? RecordLabels.Refuse(LabelsOf(review.Object), RecordLabels.Of(approval))
            ?? await RefuseAnotherAsync(review, deadline);
        if (refusal is null && !review.DryRun)
        {
            _telemetry.RecordVote(review, approval, recorded);
        }

        return refusal;
    }

    private async ValueTask<ReviewRight> ReviewRightAsync(Review review, bool isNeeded, CancellationToken deadline) =>
        new(
            isNeeded && await _facts.MayAsync(review.Requester, ReviewRight.Verb, "breakglasses", review.Namespace, "", deadline),
            cluster.PolicyFacts.ApproverRole
        );

    private async ValueTask<Refusal?> RefuseNewBreakGlassAsync(Review review, CancellationToken deadline)
    {
        var glass = ReadBreakGlass(review.Object);
        var mayWholeNamespace =
            glass.Workload is null
            && await _facts.MayAsync(review.Requester, "breakglass-namespace", "breakglasses", review.Namespace, "", deadline);
        var query = new WorkloadRequest
        {
            Operation = Operation.Create,
            Requester = review.Requester,
            Target = new WorkloadRef("", "", review.Namespace, ""),
        };
        var policies = PoliciesOf(await cluster.Snapshots.TakeAsync(query, deadline));
        var refusal =
            RefuseOwnersAndFinalizers(review)
            ?? new NewBreakGlass(glass, review.Requester, mayWholeNamespace, policies, _facts.Unreviewed).Refuse(kinds, time.GetUtcNow())
            ?? RecordLabels.Refuse(LabelsOf(review.Object), RecordLabels.Of(glass))
            ?? await RefuseAnotherAsync(review, deadline);
        if (refusal is null && !review.DryRun)
        {
            _telemetry.RecordBreakGlass(review, glass);
        }

        return refusal;
    }

    private async ValueTask<Refusal?> RefuseAnotherAsync(Review review, CancellationToken deadline) =>
        RecordLimits.RefuseAnother(
            await _facts.CountRecordsAsync(review.Resource, review.Namespace, review.Requester.Username, deadline),
            review.Resource,
            review.Namespace
        );

    private static Refusal? RefuseUpdate(Review review) =>
        RecordRules.RefuseUpdate(
            SpecDiffers(review) || CastAt(review.Object) != CastAt(review.OldObject),
            HasOwners(review.Object),
            Finalizers(review.Object).Except(Finalizers(review.OldObject))
        ) ?? RecordLabels.RefuseChange(LabelsOf(review.OldObject), LabelsOf(review.Object));

    private static IReadOnlyDictionary<string, string> LabelsOf(JsonElement obj) => WorkloadReader.ReadLabels(obj);

    private static Refusal? RefuseOwnersAndFinalizers(Review review) =>
        RecordRules.RefuseOwnersAndFinalizers(HasOwners(review.Object), Finalizers(review.Object));

    private static IReadOnlyList<SafeguardPolicy> PoliciesOf(ClusterSnapshot snapshot) =>
        [.. snapshot.Policies.Where(p => p.Match.IncludesNamespace(snapshot.NamespaceLabels))];

    private Approval ReadApproval(JsonElement obj) => ApprovalReader.Read(obj, time.GetUtcNow());

    private BreakGlass ReadBreakGlass(JsonElement obj) => BreakGlassReader.Read(obj, time.GetUtcNow());

    /// <summary>
    /// A record that was stored during an outage may be unreadable. It then has no creator, and only the verb <c>override</c> allows its
    /// deletion.
    /// </summary>
    private static T? StoredOrNull<T>(Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (MalformedObjectException)
        {
            return null;
        }
    }

    private static Answer Of(Review review, Refusal? refusal) =>
        refusal is null
            ? Answer.Allow([])
            : Answer.Forbid(VisibleText.Inline($"{review.Kind} {review.Namespace}/{review.Name} refused: {refusal}"));

    private static bool SpecDiffers(Review review) =>
        !review.Object.TryGetProperty("spec", out var now)
        || !review.OldObject.TryGetProperty("spec", out var before)
        || !JsonElement.DeepEquals(now, before);

    /// <summary>The stamped time of a vote, which is as much a part of it as its spec.</summary>
    private static string? CastAt(JsonElement obj) =>
        obj.TryGetProperty("metadata", out var metadata)
        && metadata.ValueKind is JsonValueKind.Object
        && metadata.TryGetProperty("annotations", out var annotations)
        && annotations.ValueKind is JsonValueKind.Object
        && annotations.TryGetProperty(ApprovalReader.CastAtAnnotation, out var at)
            ? at.ToString()
            : null;

    private static bool HasOwners(JsonElement obj) => InMetadata(obj, "ownerReferences").Any();

    private static IEnumerable<string> Finalizers(JsonElement obj) => InMetadata(obj, "finalizers").Select(f => f.ToString());

    private static JsonElement.ArrayEnumerator InMetadata(JsonElement obj, string list) =>
        obj.TryGetProperty("metadata", out var metadata)
        && metadata.ValueKind is JsonValueKind.Object
        && metadata.TryGetProperty(list, out var items)
        && items.ValueKind is JsonValueKind.Array
            ? items.EnumerateArray()
            : default;
}

using System.Text;
using System.Text.Json;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Records;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Reviews;

namespace DeployGuard.Webhook.Records;

/// <summary>
/// Writes <c>mode: Audit</c> into a new SafeguardPolicy that names no mode: the first policy of a cluster must not stop its deploys. A
/// default of the schema would also apply to stored policies, and open them. Where a policy of the same name did more than audit until a
/// short time ago, the file was used with another mode, and nobody can tell which is meant: it is refused (decision 19).
/// </summary>
internal static class PolicyStamp
{
    public const string Resource = "safeguardpolicies";

    private static readonly byte[] s_audit = Encoding.UTF8.GetBytes("""[{"op":"add","path":"/spec/mode","value":"Audit"}]""");

    public static Answer Of(Review review, IPolicyFacts facts)
    {
        if (review.Operation is not Operation.Create || !HasSpec(review) || NamedMode.Of(review.Object) is not null)
        {
            return Answer.Allow([]);
        }

        var name = PolicyReader.Read(review.Object).Name;
        return facts.FormerOf(name) is { } former
            ? Answer.Malformed($"SafeguardPolicy {name} {Why(former)}")
            : Answer.AllowWith(s_audit, PolicyWarnings.NamesNoMode);
    }

    private static string Why(FormerPolicy former) =>
        $"is not created: spec names no mode, and the policy of this name {Ended(former)} mode: {former.Mode}. A policy without a mode would "
        + $"only audit. Write the mode into your file (mode: {former.Mode} goes on as before; Enforce refuses, Warn warns, Audit only "
        + "counts), then retry. Until then nothing takes the place of the deleted policy";

    private static string Ended(FormerPolicy former) =>
        former.DeletedAgo is { } ago ? $"that was deleted {Durations.Show(ago)} ago had" : "has, or had until a moment ago,";

    /// <summary>The schema refuses a policy without it.</summary>
    private static bool HasSpec(Review review) =>
        review.Object.ValueKind is JsonValueKind.Object
        && review.Object.TryGetProperty("spec", out var spec)
        && spec.ValueKind is JsonValueKind.Object;
}

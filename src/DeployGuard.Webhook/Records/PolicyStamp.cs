using System.Text;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Records;
using DeployGuard.Webhook.Reviews;

namespace DeployGuard.Webhook.Records;

/// <summary>
/// Writes <c>mode: Audit</c> into a new SafeguardPolicy that names no mode: the first policy of a cluster must not stop its deploys. A
/// default of the schema would also apply to stored policies, and open them (decision 19).
/// </summary>
internal static class PolicyStamp
{
    public const string Resource = "safeguardpolicies";

    private static readonly byte[] s_audit = Encoding.UTF8.GetBytes("""[{"op":"add","path":"/spec/mode","value":"Audit"}]""");

    public static Answer Of(Review review) =>
        review.Operation is Operation.Create && HasSpec(review) && NamedMode.Of(review.Object) is null
            ? Answer.AllowWith(s_audit, PolicyWarnings.NamesNoMode)
            : Answer.Allow([]);

    /// <summary>The schema refuses a policy without it.</summary>
    private static bool HasSpec(Review review) =>
        review.Object.ValueKind is System.Text.Json.JsonValueKind.Object
        && review.Object.TryGetProperty("spec", out var spec)
        && spec.ValueKind is System.Text.Json.JsonValueKind.Object;
}

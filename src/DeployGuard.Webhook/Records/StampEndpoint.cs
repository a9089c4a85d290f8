using System.Text.Json;
using DeployGuard.Core.Changes;
using DeployGuard.Webhook.Admission;

namespace DeployGuard.Webhook.Records;

/// <summary>
/// <c>/stamp</c>: writes who makes a ChangeApproval into it, from the authenticated user of the request, whatever its author put
/// there. As Kubernetes does for CertificateSigningRequests; the one thing that DeployGuard mutates.
/// </summary>
internal sealed class StampEndpoint(Telemetry.Telemetry telemetry) : ReviewEndpoint(telemetry)
{
    protected override ValueTask<Answer> JudgeAsync(Review review, HttpContext context)
    {
        var hasSpec = review.Object.ValueKind is JsonValueKind.Object
            && review.Object.TryGetProperty("spec", out var spec) && spec.ValueKind is JsonValueKind.Object;
        // Without a spec there is nothing to stamp; the schema refuses the object.
        return ValueTask.FromResult(review.Operation is Operation.Create && hasSpec ? Answer.AllowWith(Patch(review.Requester)) : Answer.Allow([]));
    }

    private static byte[] Patch(Requester who) => JsonSerializer.SerializeToUtf8Bytes(new[]
    {
        new { op = "add", path = "/spec/approver", value = new { username = who.Username, uid = who.Uid, groups = who.Groups } },
    });
}

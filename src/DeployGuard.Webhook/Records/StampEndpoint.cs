using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Webhook.Admission;

namespace DeployGuard.Webhook.Records;

/// <summary>
/// <c>/stamp</c>: writes who makes a ChangeApproval or BreakGlass into it, from the authenticated user of the request, whatever its
/// author put there, and when a BreakGlass ends that does not say. As Kubernetes does for CertificateSigningRequests; the one thing that
/// DeployGuard mutates.
/// </summary>
internal sealed class StampEndpoint(Intake intake, Telemetry.Telemetry telemetry, TimeProvider time) : ReviewEndpoint(intake, telemetry)
{
    protected override ValueTask<Answer> JudgeAsync(Review review, HttpContext context)
    {
        // Without a spec there is nothing to stamp; the schema refuses the object.
        var spec = review.Object.ValueKind is JsonValueKind.Object && review.Object.TryGetProperty("spec", out var found) && found.ValueKind is JsonValueKind.Object ? found : default;
        return ValueTask.FromResult(review.Operation is Operation.Create && spec.ValueKind is JsonValueKind.Object
            ? Answer.AllowWith(JsonSerializer.SerializeToUtf8Bytes(Patch(review, spec)))
            : Answer.Allow([]));
    }

    private JsonArray Patch(Review review, JsonElement spec)
    {
        var isGlass = review.Kind == BreakGlassReader.Kind;
        var who = review.Requester;
        var maker = new JsonObject
        {
            ["username"] = who.Username,
            ["uid"] = who.Uid,
            ["groups"] = new JsonArray([.. who.Groups.Select(g => JsonValue.Create(g))]),
        };
        var patch = new JsonArray((JsonNode)Add(isGlass ? "/spec/requestedBy" : "/spec/approver", maker));
        if (isGlass && !spec.TryGetProperty("expiresAt", out _))
        {
            patch.Add((JsonNode)Add("/spec/expiresAt", JsonValue.Create((time.GetUtcNow() + BreakGlass.DefaultDuration).UtcDateTime)));
        }

        return patch;
    }

    private static JsonObject Add(string path, JsonNode value) => new() { ["op"] = "add", ["path"] = path, ["value"] = value };
}

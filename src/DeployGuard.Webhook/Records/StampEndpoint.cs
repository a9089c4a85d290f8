using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Ports;
using DeployGuard.Core.Records;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Admission;
using DeployGuard.Webhook.Reviews;
using DeployGuard.Webhook.Telemetry;

namespace DeployGuard.Webhook.Records;

/// <summary>
/// <c>/stamp</c> writes the authenticated user into a ChangeApproval or BreakGlass and overwrites any value that the object brings. It also
/// adds the default <c>expiresAt</c> of a BreakGlass and the labels by which decisions find records. Kubernetes does the same for
/// CertificateSigningRequests. A new policy without a mode gets <c>Audit</c>. DeployGuard mutates nothing else.
/// </summary>
internal sealed class StampEndpoint(BodyMemoryLimiter memory, AdmissionTelemetry telemetry, IClusterAccess cluster, TimeProvider time)
    : ReviewEndpoint(memory, telemetry)
{
    protected override ValueTask<Answer> EvaluateAsync(Review review, HttpContext context)
    {
        // Without a spec there is nothing to stamp; the schema refuses the object.
        var spec =
            review.Object.ValueKind is JsonValueKind.Object
            && review.Object.TryGetProperty("spec", out var found)
            && found.ValueKind is JsonValueKind.Object
                ? found
                : default;
        return ValueTask.FromResult(
            review.Resource == PolicyStamp.Resource ? PolicyStamp.Of(review, cluster.PolicyFacts)
            : review.Operation is Operation.Create && spec.ValueKind is JsonValueKind.Object
                ? Answer.AllowWith(JsonSerializer.SerializeToUtf8Bytes(Patch(review, spec)))
            : Answer.Allow([])
        );
    }

    private JsonArray Patch(Review review, JsonElement spec)
    {
        var isGlass = review.Kind == BreakGlassReader.Kind;
        var user = review.Requester;
        var identity = new JsonObject
        {
            ["username"] = user.Username,
            ["uid"] = user.Uid,
            ["groups"] = new JsonArray([.. user.Groups.Select(g => JsonValue.Create(g))]),
        };
        var patch = new JsonArray((JsonNode)Add(isGlass ? "/spec/requestedBy" : "/spec/approver", identity));
        if (isGlass && !spec.TryGetProperty("expiresAt", out _))
        {
            // In whole seconds, as kubectl shows it in a column.
            var expiresAt = time.GetUtcNow() + BreakGlass.DefaultDuration;
            patch.Add((JsonNode)Add("/spec/expiresAt", Text(expiresAt, "yyyy-MM-ddTHH:mm:ssZ")));
        }

        if (!isGlass)
        {
            AddTime(patch, review);
        }

        AddLabels(patch, review, isGlass);
        return patch;
    }

    /// <summary>The creationTimestamp has whole seconds: a withdrawal must not end a request that comes later in the same second.</summary>
    private void AddTime(JsonArray patch, Review review)
    {
        if (!review.Object.TryGetProperty("metadata", out var metadata) || metadata.ValueKind is not JsonValueKind.Object)
        {
            return;
        }

        AddIfAbsent(patch, metadata, "annotations");
        patch.Add(
            (JsonNode)Add(PathOf("annotations", ApprovalReader.CastAtAnnotation), Text(time.GetUtcNow(), "yyyy-MM-ddTHH:mm:ss.ffffffZ"))
        );
    }

    /// <summary>
    /// Decisions find records by these labels. An unreadable object gets none; the validating webhook refuses it afterwards.
    /// </summary>
    private void AddLabels(JsonArray patch, Review review, bool isGlass)
    {
        IReadOnlyDictionary<string, string> labels;
        try
        {
            var now = time.GetUtcNow();
            labels = isGlass
                ? RecordLabels.Of(BreakGlassReader.Read(review.Object, now) with { RequestedBy = review.Requester })
                : RecordLabels.Of(ApprovalReader.Read(review.Object, now) with { Approver = review.Requester });
        }
        catch (MalformedObjectException)
        {
            return;
        }

        AddIfAbsent(patch, review.Object.GetProperty("metadata"), "labels");
        foreach (var (key, value) in labels)
        {
            patch.Add((JsonNode)Add(PathOf("labels", key), JsonValue.Create(value)));
        }
    }

    private static void AddIfAbsent(JsonArray patch, JsonElement metadata, string map)
    {
        if (!metadata.TryGetProperty(map, out var present) || present.ValueKind is not JsonValueKind.Object)
        {
            patch.Add((JsonNode)Add($"/metadata/{map}", new JsonObject()));
        }
    }

    private static string PathOf(string map, string key) => $"/metadata/{map}/{key.Replace("/", "~1", StringComparison.Ordinal)}";

    private static string Text(DateTimeOffset at, string format) => at.UtcDateTime.ToString(format, CultureInfo.InvariantCulture);

    private static JsonObject Add(string path, JsonNode value) =>
        new()
        {
            ["op"] = "add",
            ["path"] = path,
            ["value"] = value,
        };
}

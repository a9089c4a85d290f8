using System.Text.Json;

namespace DeployGuard.Webhook.Reviews;

/// <summary>The answer to one review: allowed with warnings, or refused with a code and a message.</summary>
internal sealed record Answer
{
    private static readonly JsonEncodedText s_apiVersion = JsonEncodedText.Encode("admission.k8s.io/v1");

    public bool Allowed => Code is null;

    /// <summary>An HTTP status for the client of the API server; null if allowed.</summary>
    public int? Code { get; private init; }

    public string Message { get; private init; } = "";

    /// <summary>The requester is an autoscaler, which retries by itself.</summary>
    public bool IsForAutoscaler { get; init; }

    /// <summary>The value of the label <c>decision</c> in metrics.</summary>
    public string Decision =>
        Code switch
        {
            null => "allowed",
            StatusCodes.Status403Forbidden when IsForAutoscaler => "denied_autoscaler",
            StatusCodes.Status403Forbidden => "denied",
            StatusCodes.Status429TooManyRequests => "overloaded",
            _ => "malformed",
        };

    public IReadOnlyList<string> Warnings { get; private init; } = [];

    /// <summary>A JSON patch, UTF-8; null if the object stays as it is.</summary>
    public byte[]? Patch { get; private init; }

    public static Answer Allow(IReadOnlyList<string> warnings) => new() { Warnings = warnings };

    public static Answer AllowWith(byte[] patch, params IReadOnlyList<string> warnings) => new() { Patch = patch, Warnings = warnings };

    public static Answer Forbid(string message, IReadOnlyList<string>? warnings = null) =>
        new()
        {
            Code = StatusCodes.Status403Forbidden,
            Message = message,
            Warnings = warnings ?? [],
        };

    /// <summary>Refused because the replica is overloaded; a retry may pass.</summary>
    public static Answer Busy(string message) => new() { Code = StatusCodes.Status429TooManyRequests, Message = message };

    public static Answer Malformed(string message, int code = StatusCodes.Status400BadRequest) => new() { Code = code, Message = message };

    public async Task WriteAsync(HttpResponse response, string uid)
    {
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "application/json";
        await using var writer = new Utf8JsonWriter(response.BodyWriter);
        Write(writer, uid);
    }

    private void Write(Utf8JsonWriter writer, string uid)
    {
        writer.WriteStartObject();
        writer.WriteString("apiVersion", s_apiVersion);
        writer.WriteString("kind", "AdmissionReview");
        writer.WriteStartObject("response");
        writer.WriteString("uid", uid);
        writer.WriteBoolean("allowed", Allowed);
        if (Code is { } code)
        {
            writer.WriteStartObject("status");
            writer.WriteNumber("code", code);
            writer.WriteString(
                "reason",
                code switch
                {
                    StatusCodes.Status403Forbidden => "Forbidden",
                    StatusCodes.Status429TooManyRequests => "TooManyRequests",
                    StatusCodes.Status413PayloadTooLarge => "RequestEntityTooLarge",
                    _ => "BadRequest",
                }
            );
            writer.WriteString("message", Message);
            writer.WriteEndObject();
        }

        if (Patch is not null)
        {
            writer.WriteString("patchType", "JSONPatch");
            writer.WriteBase64String("patch", Patch);
        }

        if (Warnings.Count > 0)
        {
            writer.WriteStartArray("warnings");
            foreach (var warning in Warnings)
            {
                writer.WriteStringValue(warning);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}

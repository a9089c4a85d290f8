using System.Text.Json;

namespace DeployGuard.Webhook.Reviews;

/// <summary>
/// The uid of a review that cannot be read as a whole. Under failurePolicy Ignore a failed call admits the request, so an unreadable review
/// must be answered with a refusal. An API server writes the uid before the objects, and only the objects may be too large, too deep or
/// ambiguous.
/// </summary>
internal static class ReviewUid
{
    /// <summary>Bytes at the start of a body in which the uid is searched.</summary>
    public const int PrefixBytes = 4096;

    /// <summary>The refusal of a review, or an HTTP error if the body does not begin like a review.</summary>
    /// <param name="body">The body or its beginning.</param>
    public static Exception Refusal(ReadOnlySpan<byte> body, int code, string why) =>
        FindOrNull(body[..Math.Min(body.Length, PrefixBytes)]) is { } uid
            ? new MalformedReviewException(uid, why, code)
            : new ReviewException(code, why);

    private static string? FindOrNull(ReadOnlySpan<byte> start)
    {
        var json = new Utf8JsonReader(start, isFinalBlock: false, default);
        var found = new Dictionary<string, string?>();
        string[] path = ["", "", ""];
        try
        {
            while (found.Count < 3 && json.Read())
            {
                if (json.TokenType is JsonTokenType.PropertyName && json.CurrentDepth < path.Length)
                {
                    path[json.CurrentDepth] = json.CurrentDepth == 1 ? json.GetString() ?? "" : $"{path[1]}.{json.GetString()}";
                }
                else if (
                    json.TokenType is JsonTokenType.String
                    && json.CurrentDepth < path.Length
                    && path[json.CurrentDepth] is "apiVersion" or "kind" or "request.uid"
                )
                {
                    found.TryAdd(path[json.CurrentDepth], json.GetString());
                }
            }
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException)
        {
            // It does not begin like a review; the caller names the problem.
        }

        return found.GetValueOrDefault("kind") == "AdmissionReview" && found.GetValueOrDefault("apiVersion") == Review.ApiVersion
            ? found.GetValueOrDefault("request.uid")
            : null;
    }
}

using System.Text.Json;

namespace DeployGuard.Webhook.Admission;

/// <summary>
/// The uid of a review that cannot be read as a whole. A call that fails is let in under failurePolicy Ignore, so that what nobody can
/// parse must be answered, and refused: an API server writes the uid before the objects, which are what may be too large, too deep, or
/// ambiguous.
/// </summary>
internal static class ReviewUid
{
    /// <summary>Bytes from the start of a body in which a uid stands.</summary>
    public const int Within = 4096;

    /// <summary>The refusal of a review, or the error of the call where the body begins like none.</summary>
    /// <param name="body">The body, or the beginning of it.</param>
    public static Exception Refusal(ReadOnlySpan<byte> body, int code, string why) =>
        FindOrNull(body[..Math.Min(body.Length, Within)]) is { } uid ? new MalformedReviewException(uid, why, code) : new ReviewException(code, why);

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
                else if (json.TokenType is JsonTokenType.String && json.CurrentDepth < path.Length && path[json.CurrentDepth] is "apiVersion" or "kind" or "request.uid")
                {
                    found.TryAdd(path[json.CurrentDepth], json.GetString());
                }
            }
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException)
        {
            // It does not begin as a review does; the caller says what is wrong with it.
        }

        return found.GetValueOrDefault("kind") == "AdmissionReview" && found.GetValueOrDefault("apiVersion") == Review.ApiVersion ? found.GetValueOrDefault("request.uid") : null;
    }
}

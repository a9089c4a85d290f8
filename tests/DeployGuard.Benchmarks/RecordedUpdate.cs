using System.Text;
using System.Text.Json;

namespace DeployGuard.Benchmarks;

/// <summary>The recorded review of a <c>kubectl set image</c>, told of workloads of other names.</summary>
/// <param name="named">The recorded text for the workload of a number, from <see cref="Named"/>.</param>
internal sealed class RecordedUpdate(string review, Func<string, int, string> named)
{
    /// <summary>The image that the recorded update replaces.</summary>
    public const string OldImage = "envoyproxy/envoy:v1.31";

    /// <summary>The image that it brings; the digits are overwritten in each review.</summary>
    private const string NewImage = "envoyproxy/envoy:v1.32";
    private const string Digits = "00000000";

    /// <summary>The object before the update.</summary>
    public string Live { get; } = LiveIn(review);

    /// <summary>The reviews of an update that changes nothing that runs: the object has the template of the old one.</summary>
    public IReadOnlyList<VariedReview> Unchanged(IEnumerable<int> numbers) =>
        [.. numbers.Select(i => new VariedReview(named(review.Replace(NewImage, OldImage, StringComparison.Ordinal), i)))];

    /// <summary>The reviews of an update to another image, another one each time that a review is used.</summary>
    public IReadOnlyList<VariedReview> NewRevision(IEnumerable<int> numbers) =>
        [
            .. numbers.Select(i => new VariedReview(
                named(review.Replace(NewImage, $"{NewImage}-{Digits}", StringComparison.Ordinal), i),
                $"v1.32-{Digits}"
            )),
        ];

    /// <summary>A recorded text with another name, namespace and uid, also in kubectl's copy of the manifest.</summary>
    public static string Named(string recorded, string name, string @namespace, string uid) =>
        new StringBuilder(recorded)
            .Replace("\"name\":\"web\",\"namespace\":\"shop\"", $"\"name\":\"{name}\",\"namespace\":\"{@namespace}\"")
            .Replace(
                "\\\"name\\\":\\\"web\\\",\\\"namespace\\\":\\\"shop\\\"",
                $"\\\"name\\\":\\\"{name}\\\",\\\"namespace\\\":\\\"{@namespace}\\\""
            )
            .Replace("\"app\":\"web\"", $"\"app\":\"{name}\"")
            .Replace("1017c3dc-2514-436f-b886-30000861ac96", uid)
            .ToString();

    private static string LiveIn(string review)
    {
        using var document = JsonDocument.Parse(review);
        return document.RootElement.GetProperty("request").GetProperty("oldObject").GetRawText();
    }
}

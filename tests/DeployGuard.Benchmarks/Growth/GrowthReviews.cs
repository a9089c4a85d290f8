using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DeployGuard.Benchmarks.Growth;

/// <summary>The reviews of a case, made from the recorded one, and the objects that they are about.</summary>
internal sealed class GrowthReviews
{
    private const string OldImage = "envoyproxy/envoy:v1.31";
    private const string NewImage = "envoyproxy/envoy:v1.32";
    private const string Digits = "00000000";
    private const int ValueLength = 1_000;

    private static readonly JsonSerializerOptions s_asTheApiServer = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly string _review;
    private readonly string _live;
    private readonly string _template;

    /// <summary>Workloads that no review is about are small, or megabytes of each would have to be listed.</summary>
    private readonly string _otherLive;
    private readonly string _otherTemplate;

    public GrowthReviews(string recorded, GrowthCase @case)
    {
        var review = Shaped(recorded, @case);
        _review = Text(review);
        (_live, _template) = LiveOf(review);
        (_otherLive, _otherTemplate) = LiveOf(Shaped(recorded, @case with { Environment = 0 }));
    }

    public int Bytes => Of(_review, 0, GrowthCluster.Namespace).Length;

    /// <summary>Reviews of an update that changes nothing that runs.</summary>
    public IReadOnlyList<VariedReview> Unchanged() => [.. Subjects(_review.Replace(NewImage, OldImage, StringComparison.Ordinal), "")];

    /// <summary>Reviews of an update to another image, another one each time that a review is used.</summary>
    public IReadOnlyList<VariedReview> NewRevision() =>
        [.. Subjects(_review.Replace(NewImage, $"{NewImage}-{Digits}", StringComparison.Ordinal), $"v1.32-{Digits}")];

    public string LiveObject(int i, string @namespace) => Of(i < GrowthCluster.Subjects ? _live : _otherLive, i, @namespace);

    public string LiveTemplate(int i) => Of(i < GrowthCluster.Subjects ? _template : _otherTemplate, i, GrowthCluster.Namespace);

    private static JsonObject Shaped(string recorded, GrowthCase @case)
    {
        var review = Parse(recorded);
        var request = Member(review, "request");
        foreach (var side in (string[])["oldObject", "object"])
        {
            Shape(Member(request, side), @case);
        }

        return review;
    }

    /// <summary>The object before the review, and its template, as a list has them.</summary>
    private static (string Workload, string Template) LiveOf(JsonObject review)
    {
        var before = Member(Member(review, "request"), "oldObject").DeepClone().AsObject();
        Trim(before);
        return (Text(before), Text(Member(Member(before, "spec"), "template")));
    }

    private static IEnumerable<VariedReview> Subjects(string review, string changing) =>
        Enumerable.Range(0, GrowthCluster.Subjects).Select(i => new VariedReview(Of(review, i, GrowthCluster.Namespace), changing));

    private static void Shape(JsonObject workload, GrowthCase @case)
    {
        if (@case.Size is ReviewSize.Bare)
        {
            Trim(workload);
            workload.Remove("status");
        }

        var pod = Member(Member(Member(workload, "spec"), "template"), "spec");
        var containers = pod["containers"]?.AsArray() ?? [];
        var first = containers[0]?.AsObject() ?? [];
        if (@case.Containers == 1)
        {
            containers.RemoveAt(0);
        }

        for (var i = containers.Count; i < @case.Containers; i++)
        {
            var more = first.DeepClone().AsObject();
            more["name"] = $"web-{i}";
            containers.Insert(1, (JsonNode)more);
        }

        if (@case.Environment > 0)
        {
            first["env"] = new JsonArray([
                .. Enumerable
                    .Range(0, @case.Environment / ValueLength)
                    .Select(i => new JsonObject { ["name"] = $"SETTING_{i}", ["value"] = new string((char)('a' + (i % 26)), ValueLength) }),
            ]);
        }
    }

    /// <summary>Without what the API server and kubectl keep in an object beside what it says.</summary>
    private static void Trim(JsonObject workload)
    {
        var metadata = Member(workload, "metadata");
        metadata.Remove("managedFields");
        metadata.Remove("annotations");
    }

    private static string Of(string recorded, int i, string @namespace) =>
        recorded
            .Replace(
                "\"name\":\"web\",\"namespace\":\"shop\"",
                $"\"name\":\"{GrowthCluster.NameOf(i)}\",\"namespace\":\"{@namespace}\"",
                StringComparison.Ordinal
            )
            .Replace(
                "\\\"name\\\":\\\"web\\\",\\\"namespace\\\":\\\"shop\\\"",
                $"\\\"name\\\":\\\"{GrowthCluster.NameOf(i)}\\\",\\\"namespace\\\":\\\"{@namespace}\\\"",
                StringComparison.Ordinal
            )
            .Replace("\"app\":\"web\"", $"\"app\":\"{GrowthCluster.NameOf(i)}\"", StringComparison.Ordinal)
            .Replace("1017c3dc-2514-436f-b886-30000861ac96", GrowthCluster.UidOf(i), StringComparison.Ordinal);

    private static JsonObject Parse(string json) => JsonNode.Parse(json)?.AsObject() ?? throw new InvalidOperationException("no object");

    private static JsonObject Member(JsonObject of, string name) =>
        of[name]?.AsObject() ?? throw new InvalidOperationException($"the recorded review has no {name}");

    private static string Text(JsonObject node) => node.ToJsonString(s_asTheApiServer);
}

using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DeployGuard.Benchmarks.Growth;

/// <summary>The reviews of a case, made from the recorded one, and the objects that they are about.</summary>
internal sealed class GrowthReviews
{
    private const int ValueLength = 1_000;

    private static readonly JsonSerializerOptions s_asTheApiServer = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly RecordedUpdate _update;
    private readonly string _live;
    private readonly string _template;

    /// <summary>Workloads that no review is about are small, or megabytes of each would have to be listed.</summary>
    private readonly string _otherLive;
    private readonly string _otherTemplate;

    public GrowthReviews(string recorded, GrowthCase @case)
    {
        var review = Shaped(recorded, @case);
        var text = Text(review);
        _update = new RecordedUpdate(text, static (recorded, i) => Of(recorded, i, GrowthCluster.Namespace));
        Bytes = Of(text, 0, GrowthCluster.Namespace).Length;
        (_live, _template) = LiveOf(review);
        (_otherLive, _otherTemplate) = LiveOf(Shaped(recorded, @case with { Environment = 0 }));
    }

    /// <summary>Of a review.</summary>
    public int Bytes { get; }

    public IReadOnlyList<VariedReview> Unchanged() => _update.Unchanged(Enumerable.Range(0, GrowthCluster.Subjects));

    public IReadOnlyList<VariedReview> NewRevision() => _update.NewRevision(Enumerable.Range(0, GrowthCluster.Subjects));

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
        RecordedUpdate.Named(recorded, GrowthCluster.NameOf(i), @namespace, GrowthCluster.UidOf(i));

    private static JsonObject Parse(string json) => JsonNode.Parse(json)?.AsObject() ?? throw new InvalidOperationException("no object");

    private static JsonObject Member(JsonObject of, string name) =>
        of[name]?.AsObject() ?? throw new InvalidOperationException($"the recorded review has no {name}");

    private static string Text(JsonObject node) => node.ToJsonString(s_asTheApiServer);
}

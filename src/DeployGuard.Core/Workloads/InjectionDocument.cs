using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>The images in the JSON of an annotation: containers as an injector adds them, or a JSON patch (RFC 6902) of one.</summary>
/// <param name="IsWhole">No other image can come of it.</param>
internal sealed record InjectionDocument(IReadOnlyList<string> Images, bool IsWhole)
{
    private const string Image = "image";
    private static readonly InjectionDocument s_unreadable = new([], false);

    public static InjectionDocument Read(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 32 });
            var images = new List<string>();
            var isWhole = Visit(document.RootElement, images);
            return new InjectionDocument([.. images.Where(i => i.Length > 0).Distinct()], isWhole);
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException)
        {
            // Not JSON, or text in it that is no text: the injector may read it all the same.
            return s_unreadable;
        }
    }

    private static bool Visit(JsonElement node, List<string> images) => node.ValueKind switch
    {
        JsonValueKind.Array => node.EnumerateArray().Aggregate(true, (isWhole, item) => Visit(item, images) && isWhole),
        JsonValueKind.Object => VisitObject(node, images),
        _ => true,
    };

    private static bool VisitObject(JsonElement node, List<string> images)
    {
        var isWhole = !IsPatchOfImage(node) || TakeText(node, "value", images);
        foreach (var member in node.EnumerateObject())
        {
            // Injectors written in Go take a member whatever the case of its name.
            isWhole = (member.Name.Equals(Image, StringComparison.OrdinalIgnoreCase) ? Take(member.Value, images) : Visit(member.Value, images)) && isWhole;
        }

        return isWhole;
    }

    /// <summary>A step of a JSON patch that puts something where an image stands.</summary>
    private static bool IsPatchOfImage(JsonElement node) =>
        node.TryGetProperty("path", out var path) && path.ValueKind is JsonValueKind.String && path.GetString() is { } text
        && text.EndsWith($"/{Image}", StringComparison.OrdinalIgnoreCase)
        && !(node.TryGetProperty("op", out var op) && op.ValueKind is JsonValueKind.String && op.GetString() is "remove" or "test");

    private static bool TakeText(JsonElement owner, string name, List<string> images) => owner.TryGetProperty(name, out var value) && Take(value, images);

    private static bool Take(JsonElement value, List<string> images)
    {
        if (value.ValueKind is JsonValueKind.Null)
        {
            return true;
        }

        if (value.ValueKind is not JsonValueKind.String)
        {
            return false;
        }

        images.Add(value.GetString() ?? "");
        return true;
    }
}

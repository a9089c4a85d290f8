using System.Text.Json;

namespace DeployGuard.Core.Workloads;

/// <summary>The images in a JSON annotation: containers as an injector adds them, or a JSON patch (RFC 6902) of a container.</summary>
/// <param name="IsWhole">The list is complete: the document cannot add any other image.</param>
internal sealed record InjectionDocument(IReadOnlyList<string> Images, bool IsWhole)
{
    private const string Image = "image";
    private static readonly InjectionDocument s_unreadable = new([], false);
    private static readonly InjectionDocument s_nothing = new([], true);

    public static InjectionDocument Read(string text)
    {
        try
        {
            // With duplicate members, some readers take the first and some the last.
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 32, AllowDuplicateProperties = false });
            var images = new List<string>();
            var isWhole = Visit(document.RootElement, images);
            return new InjectionDocument([.. images.Where(i => i.Length > 0).Distinct()], isWhole);
        }
        catch (JsonException)
        {
            // It is YAML, which the injector reads as well. A name in it may be written with escapes.
            return text.Contains(Image, StringComparison.OrdinalIgnoreCase) || text.Contains('\\', StringComparison.Ordinal)
                ? s_unreadable
                : s_nothing;
        }
        catch (InvalidOperationException)
        {
            // It contains an invalid string, which the injector may still accept.
            return s_unreadable;
        }
    }

    private static bool Visit(JsonElement node, List<string> images) =>
        node.ValueKind switch
        {
            JsonValueKind.Array => node.EnumerateArray().Aggregate(true, (isWhole, item) => Visit(item, images) && isWhole),
            JsonValueKind.Object => VisitObject(node, images),
            _ => true,
        };

    private static bool VisitObject(JsonElement node, List<string> images)
    {
        var isWhole = IsPlain(node, images);
        foreach (var member in node.EnumerateObject())
        {
            // Go decodes JSON members without regard to case.
            isWhole =
                (member.Name.Equals(Image, StringComparison.OrdinalIgnoreCase) ? Take(member.Value, images) : Visit(member.Value, images))
                && isWhole;
        }

        return isWhole;
    }

    /// <summary>
    /// True for an object that is no patch step, and for a step whose image is in its own value. The source of a copy or move step is not
    /// in the document.
    /// </summary>
    private static bool IsPlain(JsonElement node, List<string> images) =>
        Text(node, "path") is not { } path
        || Text(node, "op") switch
        {
            null or "remove" or "test" => true,
            "add" or "replace" => !path.EndsWith($"/{Image}", StringComparison.OrdinalIgnoreCase)
                || (node.TryGetProperty("value", out var value) && Take(value, images)),
            _ => false,
        };

    private static string? Text(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;

    /// <summary>Collects the image of a container, or of a volume, which has it as its <c>reference</c>.</summary>
    private static bool Take(JsonElement value, List<string> images)
    {
        if (value.ValueKind is JsonValueKind.Object && Text(value, "reference") is { } reference)
        {
            images.Add(reference);
            return true;
        }

        if (value.ValueKind is JsonValueKind.String)
        {
            images.Add(value.GetString() ?? "");
        }

        return value.ValueKind is JsonValueKind.String or JsonValueKind.Null;
    }
}

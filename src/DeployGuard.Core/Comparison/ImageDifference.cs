using System.Runtime.CompilerServices;
using System.Text.Json;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Comparison;

/// <summary>
/// Whether two templates differ in nothing but images: of containers in the same places with the same names, and of image volumes.
/// Everything else counts as a difference, annotations and the order of containers included.
/// </summary>
public static class ImageDifference
{
    /// <summary>The last comparison of a template: a decision asks for the same one for each image and each policy.</summary>
    private static readonly ConditionalWeakTable<CanonicalTemplate, Compared> s_compared = [];

    /// <summary>The changed images; null if anything else differs.</summary>
    public static IReadOnlyList<ChangedImage>? Between(CanonicalTemplate before, CanonicalTemplate after)
    {
        if (s_compared.TryGetValue(after, out var known) && ReferenceEquals(known.Before, before))
        {
            return known.Images;
        }

        var images = Compare(before, after);
        s_compared.AddOrUpdate(after, new Compared(before, images));
        return images;
    }

    private static List<ChangedImage>? Compare(CanonicalTemplate before, CanonicalTemplate after)
    {
        using var one = CanonicalDocument.Of(before.Json, before.Claims);
        using var other = CanonicalDocument.Of(after.Json, after.Claims);
        var images = new List<ChangedImage>();
        return AreAlike(one.RootElement, other.RootElement, Place.Template, images) ? images : null;
    }

    private static bool AreAlike(JsonElement one, JsonElement other, Place place, List<ChangedImage> images)
    {
        if (place is Place.Image && one.ValueKind is JsonValueKind.String && other.ValueKind is JsonValueKind.String)
        {
            var (from, to) = (one.GetString() ?? "", other.GetString() ?? "");
            if (from != to)
            {
                images.Add(new ChangedImage(from, to));
            }

            return true;
        }

        return (one.ValueKind, other.ValueKind) switch
        {
            (JsonValueKind.Object, JsonValueKind.Object) when place is not Place.Elsewhere => HaveAlikeFields(one, other, place, images),
            (JsonValueKind.Array, JsonValueKind.Array) when place is not Place.Elsewhere => HaveAlikeItems(one, other, place, images),
            _ => JsonElement.DeepEquals(one, other),
        };
    }

    private static bool HaveAlikeFields(JsonElement one, JsonElement other, Place place, List<ChangedImage> images)
    {
        var count = 0;
        foreach (var field in one.EnumerateObject())
        {
            count++;
            if (!other.TryGetProperty(field.Name, out var its) || !AreAlike(field.Value, its, Inside(place, field.Name), images))
            {
                return false;
            }
        }

        return other.EnumerateObject().Count() == count;
    }

    private static bool HaveAlikeItems(JsonElement one, JsonElement other, Place place, List<ChangedImage> images) =>
        one.GetArrayLength() == other.GetArrayLength()
        && one.EnumerateArray().Zip(other.EnumerateArray()).All(pair => AreAlike(pair.First, pair.Second, Item(place), images));

    private static Place Inside(Place place, string field) =>
        (place, field) switch
        {
            (Place.Template, "spec") => Place.Spec,
            (Place.Spec, "containers" or "initContainers") => Place.Containers,
            (Place.Spec, "volumes") => Place.Volumes,
            (Place.Container, "image") => Place.Image,
            (Place.Volume, "image") => Place.ImageVolume,
            (Place.ImageVolume, "reference") => Place.Image,
            _ => Place.Elsewhere,
        };

    private static Place Item(Place list) =>
        list switch
        {
            Place.Containers => Place.Container,
            Place.Volumes => Place.Volume,
            _ => Place.Elsewhere,
        };

    private sealed record Compared(CanonicalTemplate Before, IReadOnlyList<ChangedImage>? Images);

    /// <summary>Where in a template an element is. Outside the known places, everything must be equal.</summary>
    private enum Place
    {
        Template,
        Spec,
        Containers,
        Container,
        Volumes,
        Volume,
        ImageVolume,
        Image,
        Elsewhere,
    }
}

/// <summary>Another image in the same place.</summary>
public sealed record ChangedImage(string From, string To)
{
    /// <summary>Both name the same content by digest.</summary>
    public bool IsSameContent => new ImageReference(To).Digest is { } digest && digest == new ImageReference(From).Digest;
}

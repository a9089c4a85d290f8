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

    private static readonly JsonReaderOptions s_options = new() { MaxDepth = CanonicalJson.MaxDepth };

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

    /// <summary>
    /// Reads both side by side: in canonical form, templates that differ in images alone are the same text everywhere else.
    /// </summary>
    private static List<ChangedImage>? Compare(CanonicalTemplate before, CanonicalTemplate after)
    {
        if (!before.Claims.Span.SequenceEqual(after.Claims.Span))
        {
            return null;
        }

        var one = new Utf8JsonReader(before.Json.Span, s_options);
        var other = new Utf8JsonReader(after.Json.Span, s_options);
        var walk = new Walk(before.Json.Span, after.Json.Span, []);
        return Step(ref one, ref other) && walk.AreAlike(ref one, ref other, Place.Template) ? walk.Images : null;
    }

    /// <summary>Both go to their next token; false if it is of another type, or there is none.</summary>
    private static bool Step(ref Utf8JsonReader one, ref Utf8JsonReader other) =>
        one.Read() && other.Read() && one.TokenType == other.TokenType;

    private readonly ref struct Walk(ReadOnlySpan<byte> before, ReadOnlySpan<byte> after, List<ChangedImage> images)
    {
        private readonly ReadOnlySpan<byte> _before = before;
        private readonly ReadOnlySpan<byte> _after = after;

        public List<ChangedImage> Images { get; } = images;

        /// <summary>Both readers are at the beginning of a value, and end at its end.</summary>
        public bool AreAlike(ref Utf8JsonReader one, ref Utf8JsonReader other, Place place) =>
            (place, one.TokenType) switch
            {
                (Place.Image, JsonTokenType.String) => AddImage(one, other),
                (not Place.Elsewhere, JsonTokenType.StartObject) => HaveAlikeFields(ref one, ref other, place),
                (not Place.Elsewhere, JsonTokenType.StartArray) => HaveAlikeItems(ref one, ref other, place),
                _ => AreEqual(ref one, ref other),
            };

        private bool AddImage(Utf8JsonReader one, Utf8JsonReader other)
        {
            if (!one.ValueSpan.SequenceEqual(other.ValueSpan))
            {
                Images.Add(new ChangedImage(one.GetString() ?? "", other.GetString() ?? ""));
            }

            return true;
        }

        private bool HaveAlikeFields(ref Utf8JsonReader one, ref Utf8JsonReader other, Place place)
        {
            while (Step(ref one, ref other) && one.TokenType is JsonTokenType.PropertyName)
            {
                if (!one.ValueSpan.SequenceEqual(other.ValueSpan))
                {
                    return false;
                }

                var inside = Inside(place, one);
                if (!Step(ref one, ref other) || !AreAlike(ref one, ref other, inside))
                {
                    return false;
                }
            }

            return (one.TokenType, other.TokenType) is (JsonTokenType.EndObject, JsonTokenType.EndObject);
        }

        private bool HaveAlikeItems(ref Utf8JsonReader one, ref Utf8JsonReader other, Place place)
        {
            while (Step(ref one, ref other) && one.TokenType is not JsonTokenType.EndArray)
            {
                if (!AreAlike(ref one, ref other, Item(place)))
                {
                    return false;
                }
            }

            return (one.TokenType, other.TokenType) is (JsonTokenType.EndArray, JsonTokenType.EndArray);
        }

        private bool AreEqual(ref Utf8JsonReader one, ref Utf8JsonReader other)
        {
            var (from, its) = ((int)one.TokenStartIndex, (int)other.TokenStartIndex);
            one.Skip();
            other.Skip();
            return _before[from..(int)one.BytesConsumed].SequenceEqual(_after[its..(int)other.BytesConsumed]);
        }
    }

    private static Place Inside(Place place, in Utf8JsonReader field) =>
        place switch
        {
            Place.Template when field.ValueTextEquals("spec"u8) => Place.Spec,
            Place.Spec when field.ValueTextEquals("containers"u8) || field.ValueTextEquals("initContainers"u8) => Place.Containers,
            Place.Spec when field.ValueTextEquals("volumes"u8) => Place.Volumes,
            Place.Container when field.ValueTextEquals("image"u8) => Place.Image,
            Place.Volume when field.ValueTextEquals("image"u8) => Place.ImageVolume,
            Place.ImageVolume when field.ValueTextEquals("reference"u8) => Place.Image,
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

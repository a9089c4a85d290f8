using System.Runtime.CompilerServices;
using DeployGuard.Core.Provenance;
using DeployGuard.Registry.Lookups;
using DeployGuard.Statements;

namespace DeployGuard.Webhook.Lookups;

/// <summary>
/// What images say of themselves, from the result of a lookup. Kept as long as that result, because an image may have many labels.
/// </summary>
internal sealed class ImageClaims
{
    private readonly ConditionalWeakTable<LookupResult, IReadOnlyList<Evidence>> _claims = [];

    public IReadOnlyList<Evidence> Of(LookupResult result) =>
        _claims.GetValue(
            result,
            static r =>
                r switch
                {
                    StatementsFound { Facts: var facts } => Read(r, facts),
                    NoStatement { Facts: var facts } => Read(r, facts),
                    _ => [],
                }
        );

    /// <summary>Why not everything is known that the image says; empty if it is. A deployer may push later what is missing now.</summary>
    public static string Missing(LookupResult result) =>
        result switch
        {
            Unavailable unavailable => FoundText.Of(unavailable),
            ImageNotFound => $"{result.Image}: the registry has no such image",
            StatementsFound { Facts.IsWhole: false } or NoStatement { Facts.IsWhole: false } =>
                $"{result.Image}: not all labels could be read: {string.Join("; ", result.Refused)}",
            _ => "",
        };

    /// <summary>What helps where <see cref="Missing"/> says something.</summary>
    public static string RemedyOf(LookupResult result) =>
        result switch
        {
            Unavailable unavailable => LookupRemedy.Of(unavailable),
            ImageNotFound => "Push the image, then retry",
            _ => "Push an image of which all labels can be read",
        };

    private static IReadOnlyList<Evidence> Read(LookupResult result, ImageFacts facts) => ImageMarks.Of($"{result.Image}", TextsOf(facts));

    /// <summary>Any platform may run, so each of them is heard.</summary>
    private static IEnumerable<ImageText> TextsOf(ImageFacts facts) =>
        [
            .. Texts(facts.Labels, isLabel: true),
            .. Texts(facts.Annotations, isLabel: false),
            .. facts.Platforms.SelectMany(p =>
                (IEnumerable<ImageText>)[.. Texts(p.Labels, isLabel: true), .. Texts(p.Annotations, isLabel: false)]
            ),
        ];

    private static IEnumerable<ImageText> Texts(IReadOnlyDictionary<string, string>? texts, bool isLabel) =>
        (texts ?? new Dictionary<string, string>()).Select(t => new ImageText(isLabel, t.Key, t.Value));
}

using DeployGuard.Core.Snapshots;
using DeployGuard.Registry.Lookups;

namespace DeployGuard.Webhook.Lookups;

/// <summary>What was judged, with the results that it rests on: a second look tells by them whether there is anything new.</summary>
/// <param name="Asked">Each image that was looked up.</param>
/// <param name="Found">The result of each; null where it cannot be looked up by its name.</param>
internal sealed record JudgedFacts(
    string Policy,
    IReadOnlyList<SignedImage> Images,
    IReadOnlyList<string> Asked,
    IReadOnlyList<LookupResult?> Found
) : SignedFacts(Policy, Images)
{
    /// <summary>Of the request: its second look has what is left of it.</summary>
    public required JudgingTime Time { get; init; }

    private readonly Dictionary<string, LookupResult?> _byImage = Asked.Zip(Found).ToDictionary(a => a.First, a => a.Second);

    public LookupResult? ResultOf(string image) => _byImage.GetValueOrDefault(image);

    /// <summary>Whether the same images have the very same results.</summary>
    public bool RestsOn(IReadOnlyList<string> asked, IReadOnlyList<LookupResult?> found) =>
        Asked.SequenceEqual(asked) && Found.Zip(found).All(f => ReferenceEquals(f.First, f.Second));
}

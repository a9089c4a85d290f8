using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Policies;

/// <summary>The answer where signed evidence could not be looked up.</summary>
public enum OnUnavailable
{
    Refuse,
    TreatAsUnknown,
}

/// <summary>Whether the labels and annotations of new images are read from their registries.</summary>
public enum ImageLabels
{
    Ignore,
    Read,
}

/// <summary>What it counts for that two people agreed to every change, where a verification summary says so.</summary>
public enum TwoPartyReviews
{
    Ignore,
    CountsAsReview,
}

/// <summary>What verification summaries (SLSA Source VSA) may say. None of them says "no AI".</summary>
/// <param name="AiLevels">The levels that stand for "AI had a part".</param>
public sealed record SummaryRules(TwoPartyReviews TwoParty, IReadOnlyList<string> AiLevels)
{
    public static SummaryRules Nothing { get; } = new(TwoPartyReviews.Ignore, []);
}

/// <summary>The evidence that a policy takes from registries: who may say what, about which repositories, and where it lies.</summary>
public sealed record SignedOrigin
{
    /// <summary>Names that are kept of one policy. Requests choose them; those of a cluster's images are far fewer.</summary>
    private const int MostNames = 4096;

    /// <summary>Longer names are not kept, in characters. No runtime takes them, and the API server lets requests bring them.</summary>
    private const int LongestName = 1024;

    /// <summary>
    /// What each policy says of the images of a name: the steps of a decision ask for it again and again. Beside the record, whose copies
    /// may have other sources.
    /// </summary>
    private static readonly ConditionalWeakTable<SignedOrigin, ConcurrentDictionary<string, NamedImage>> s_named = [];

    /// <summary>None where the policy only reads what images say of themselves.</summary>
    public required IReadOnlyList<OriginKey> Keys { get; init; }

    public IReadOnlyCollection<KeyRole> Roles => [.. Keys.Select(k => k.Role).Distinct()];

    public ImageLabels ImageLabels { get; init; } = ImageLabels.Ignore;

    /// <summary>What may stand behind which images.</summary>
    public IReadOnlyList<OriginSource> Sources { get; init; } = [];

    /// <summary>The only registries that are asked, whatever an image is named.</summary>
    public IReadOnlyList<OriginRegistry> Registries { get; init; } = [];

    /// <summary>How many distinct keys of the role <see cref="KeyRole.SourceReview"/> must agree.</summary>
    public int ReviewThreshold { get; init; } = 1;

    public SummaryRules Summaries { get; init; } = SummaryRules.Nothing;

    /// <summary>When a role has too few valid keys; nothing for a role that keeps enough.</summary>
    public IEnumerable<(KeyRole Role, DateTimeOffset End)> Ends =>
        Keys.GroupBy(k => k.Role)
            .Select(g => (Role: g.Key, End: g.Select(k => k.NotAfter).OrderByDescending(Latest).ElementAtOrDefault(NeededOf(g.Key) - 1)))
            .Where(e => e.End is not null)
            .Select(e => (e.Role, e.End ?? default));

    public OnUnavailable OnUnavailable { get; init; } = OnUnavailable.Refuse;

    private static DateTimeOffset Latest(DateTimeOffset? end) => end ?? DateTimeOffset.MaxValue;

    private int NeededOf(KeyRole role) => role is KeyRole.SourceReview ? ReviewThreshold : 1;

    /// <summary>The sources of an image; none for an image that the policy does not ask about.</summary>
    /// <param name="image">As a pod names it.</param>
    public IReadOnlyList<OriginSource> SourcesOf(string image) => Named(image).Sources;

    /// <summary>The same as rules for statements.</summary>
    /// <param name="image">As a pod names it.</param>
    public IReadOnlyList<SourceRule> RulesOf(string image) => Named(image).Rules;

    /// <summary>Whether the labels of an image are read: those of every image whose registry is listed.</summary>
    /// <param name="image">As a pod names it.</param>
    public bool ReadsLabelsOf(string image) => Named(image).ReadsLabels;

    private NamedImage Named(string image)
    {
        var known = s_named.GetValue(this, static _ => new ConcurrentDictionary<string, NamedImage>(StringComparer.Ordinal));
        var digest = image.IndexOf('@', StringComparison.Ordinal);
        var name = digest < 0 ? image : image.AsSpan(0, digest);
        if (known.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var named))
        {
            return named;
        }

        if (name.Length > LongestName)
        {
            return Read($"{name}");
        }

        if (known.Count >= MostNames)
        {
            known.Clear();
        }

        return known[$"{name}"] = Read($"{name}");
    }

    private NamedImage Read(string name)
    {
        if (ImagePattern.RepositoryOf(name) is not { } repository)
        {
            return new NamedImage([], [], false);
        }

        List<OriginSource> sources = [.. Sources.Where(s => s.IsFor(repository))];
        var host = repository.Split('/')[0];
        return new NamedImage(
            sources,
            sources.ConvertAll(s => new SourceRule(s.Repository, s.Refs)),
            ImageLabels is ImageLabels.Read && Registries.Any(r => r.Host == host)
        );
    }

    /// <summary>Neither tag nor digest has a part in it.</summary>
    private sealed record NamedImage(IReadOnlyList<OriginSource> Sources, IReadOnlyList<SourceRule> Rules, bool ReadsLabels);
}

/// <summary>A trusted key, as the policy names it. Exactly one of <paramref name="Pem"/> and <paramref name="Secret"/> is set.</summary>
public sealed record OriginKey(string Name, KeyRole Role, string? Pem, SecretReference? Secret)
{
    /// <summary>Of <see cref="KeyRole.Vsa"/>: the one verifier that it signs for.</summary>
    public string? VerifierId { get; init; }

    public DateTimeOffset? NotBefore { get; init; }

    public DateTimeOffset? NotAfter { get; init; }
}

/// <summary>A field of a Secret in DeployGuard's own namespace.</summary>
public sealed record SecretReference(string Name, string Key);

/// <summary>Which repository, on which refs, may stand behind which images.</summary>
/// <param name="Images">Repositories of images, or their beginning and <c>/*</c>.</param>
public sealed record OriginSource(IReadOnlyList<string> Images, string Repository, IReadOnlyList<string> Refs)
{
    /// <summary>The repository as it is compared; null if the text is no address.</summary>
    internal string? Address { get; } = RepositoryUri.Parse(Repository)?.Address;

    /// <param name="repository">From <see cref="ImagePattern.RepositoryOf"/>.</param>
    public bool IsFor(string repository) => Images.Any(i => ImagePattern.Matches(i, repository));
}

/// <summary>A registry that may be asked.</summary>
/// <param name="Host">As images name it.</param>
public sealed record OriginRegistry(string Host)
{
    public bool PlainHttp { get; init; }

    public string? CaBundle { get; init; }

    /// <summary>Other hosts that issue its tokens.</summary>
    public IReadOnlyList<string> TokenHosts { get; init; } = [];

    /// <summary>Other hosts that it redirects downloads to.</summary>
    public IReadOnlyList<string> RedirectHosts { get; init; } = [];

    /// <summary>Its images are read below this repository instead.</summary>
    public string? Mirror { get; init; }

    /// <summary>Statements about its images also lie below this repository.</summary>
    public string? SignatureRepository { get; init; }

    /// <summary>A Secret with credentials, in DeployGuard's own namespace.</summary>
    public string? PullSecret { get; init; }
}

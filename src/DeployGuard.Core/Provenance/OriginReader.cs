using DeployGuard.Core.Comparison;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Provenance;

/// <summary>
/// Concludes how a change was made. Annotations, and what images say of themselves, are unsigned: they can say AI and name authors, but
/// never say human, so a missing or a "false" one leaves the origin unknown.
/// </summary>
public static class OriginReader
{
    private const string AiAssisted = "deployguard.io/ai-assisted";
    private const string AiTool = "deployguard.io/ai-tool";
    private const string Authors = "deployguard.io/authors";
    private const string Source = "annotation";
    private const string Statement = "statement";
    private const string Mark = "mark in ";

    /// <summary>The standard key by which an image names its authors.</summary>
    internal const string ImageAuthors = "org.opencontainers.image.authors";

    private const int MaxMark = 200;

    /// <summary>As people and tools write it: it only tightens, and what was meant is plain.</summary>
    private static readonly HashSet<string> s_yes = new(["true", "yes", "1"], StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// In characters. An annotation may hold 256 KiB, and evidence is stored; no name of a tool or author is longer than this.
    /// </summary>
    private const int MaxValue = 1024;

    /// <param name="before">The workload before the request; null where the request creates it. Its claims are not new evidence.</param>
    /// <param name="recorded">
    /// Evidence on record for this revision that counts for the requester: removing an annotation does not revoke it.
    /// </param>
    /// <param name="known">Evidence on record for any revision of the workload.</param>
    /// <param name="history">Claims that the live history of the workload holds for this revision.</param>
    public static Origin Read(
        Workload workload,
        Workload? before,
        string requester,
        IEnumerable<Evidence> recorded,
        IEnumerable<Evidence> known,
        IEnumerable<(string Key, string Value)> history
    )
    {
        var live = before is null ? [] : Claims(before).ToHashSet();
        var onRecord = known.Select(e => (e.Key, e.Value)).ToHashSet();
        var inHistory = history.ToHashSet();
        bool IsCarried(Evidence claim) =>
            !onRecord.Contains((claim.Key, claim.Value)) && (live.Contains(claim) || inHistory.Contains((claim.Key, claim.Value)));
        var asked = Claims(workload).Distinct().Select(c => c with { By = requester, IsCarried = IsCarried(c) });
        Evidence[] evidence = [.. recorded.Concat(asked).DistinctBy(e => (e.Source, e.Key, e.Value))];
        var kind = evidence.Any(SaysAi) ? OriginKind.AiAssisted : OriginKind.Unknown;
        var tool = evidence.FirstOrDefault(e => e.Key == AiTool) is { } claim ? VisibleText.Inline(claim.Value) : null;
        return new Origin(kind, tool, AuthorsIn(evidence), evidence);
    }

    /// <summary>All users that the evidence names as authors.</summary>
    public static IReadOnlyList<string> AuthorsIn(IEnumerable<Evidence> evidence) =>
        [.. evidence.Where(e => e.Key is Authors or ImageAuthors).SelectMany(NamesIn).Distinct()];

    /// <summary>
    /// A user name in the form in which evidence names authors: what cannot be seen is shown by name, so that nobody can write lines into
    /// what shows the record. Compare in this form, or a user with such a name would not be found among the authors.
    /// </summary>
    public static string AsAuthor(string username) => VisibleText.Inline(username);

    /// <summary>The claims of a workload's annotations, by key and value.</summary>
    public static IReadOnlyList<(string Key, string Value)> ClaimsOf(Workload workload) =>
        [.. Claims(workload).Select(c => (c.Key, c.Value)).Distinct()];

    private static IEnumerable<Evidence> Claims(Workload workload) =>
        from annotations in (IReadOnlyDictionary<string, string>[])[workload.Template.Annotations, workload.Annotations]
        from key in (string[])[AiAssisted, AiTool, Authors]
        let value = annotations.GetValueOrDefault(key, "")
        where value.Length > 0
        select new Evidence(Source, key, AsClaimed(key, value.Length > MaxValue ? value[..MaxValue] : value));

    /// <summary>The value as all see and compare it. A line break between two authors is no part of their names.</summary>
    private static string AsClaimed(string key, string value) =>
        VisibleText.Inline(value) == value ? value
        : key == Authors ? string.Join(", ", Names(value))
        : VisibleText.Inline(value.Trim());

    /// <summary>A sign of AI in a statement that a trusted key signed.</summary>
    /// <param name="keys">Names of the keys.</param>
    public static Evidence SignedMark(string keys, string what) => new(Statement, keys, what.Length > MaxMark ? what[..MaxMark] : what);

    /// <summary>Whether it says that AI had a part.</summary>
    public static bool SaysAi(Evidence evidence) =>
        evidence.Source == Statement
        || evidence.Source.StartsWith(Mark, StringComparison.Ordinal)
        || (evidence.Key == AiAssisted && s_yes.Contains(evidence.Value.Trim()))
        || evidence.Key == AiTool;

    /// <summary>Whether an image says by this key that AI had a part, or who its authors are.</summary>
    internal static bool IsClaim(string key) => key is AiAssisted or AiTool or Authors or ImageAuthors;

    /// <param name="source">Kind of the text, and the image.</param>
    internal static Evidence ImageClaim(string source, string key, string value)
    {
        var claimed = key == ImageAuthors ? value.ReplaceLineEndings(", ") : value;
        return new Evidence(source, key, AsClaimed(key, claimed.Length > MaxValue ? claimed[..MaxValue] : claimed));
    }

    /// <summary>What a known tool writes into the images that it helps to make.</summary>
    internal static Evidence ImageMark(string kind, string image, string key, string tool, string what)
    {
        var said = VisibleText.Inline($"{tool}: {what}");
        return new Evidence($"{Mark}{kind} of {image}", key, said.Length > MaxMark ? said[..MaxMark] : said);
    }

    /// <summary>An image may name its authors as <c>Name &lt;address&gt;</c>: either may be the name of a user.</summary>
    private static IEnumerable<string> NamesIn(Evidence evidence) =>
        evidence.Key == Authors
            ? Names(evidence.Value)
            : Names(evidence.Value).Select(Person.Parse).SelectMany(p => (string[])[p.Name, p.Email]).Where(n => n.Length > 0);

    private static IEnumerable<string> Names(string authors) =>
        authors.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(AsAuthor);
}

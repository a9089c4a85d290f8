using DeployGuard.Core.Provenance;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cli.Attest;

/// <summary>
/// Reads <see cref="Detectors"/> from files of the user, in the form of the file that comes with this program.
/// </summary>
internal static class DetectorsReader
{
    /// <summary>Those that come with this program, and those of the files.</summary>
    /// <exception cref="Manifests.ManifestException">A file cannot be used.</exception>
    public static Detectors With(IEnumerable<string> files) =>
        files.Aggregate(Detectors.BuiltIn, (known, file) => known.With(StrictFile.Read(file, Read)));

    private static Detectors Read(Field root)
    {
        root.Only("trailers", "lines", "emails", "githubIds", "nameSuffixes", "machines");
        return new Detectors(
            [.. root.Objects("trailers").Select(Trailer)],
            Tools(root, "lines", "text"),
            Tools(root, "emails", "email", Address),
            root.Objects("githubIds")
                .Select(i => i.Only("id", "tool"))
                .Select(i => (Id: IdOf(i), Tool: i.Required("tool")))
                .ToDictionaryByLast(),
            [.. root.Objects("nameSuffixes").Select(s => s.Only("suffix", "tool")).Select(s => (s.Required("suffix"), s.Required("tool")))],
            root.Objects("machines").Select(m => Address(m.Only("email"), "email")).ToHashSet(StringComparer.Ordinal)
        );
    }

    private static TrailerDetector Trailer(Field trailer)
    {
        trailer.Only("key", "value", "tool");
        return new TrailerDetector(trailer.Required("key"), trailer.Text("value"), trailer.Text("tool"));
    }

    private static Dictionary<string, string> Tools(Field root, string list, string key, Func<Field, string, string>? read = null) =>
        root.Objects(list)
            .Select(i => i.Only(key, "tool"))
            .Select(i => (read is null ? i.Required(key) : read(i, key), i.Required("tool")))
            .ToDictionaryByLast();

    private static string Address(Field item, string key) =>
        item.Required(key).ToLowerInvariant() is var address && address.Contains('@', StringComparison.Ordinal)
            ? address
            : throw StrictFile.Wrong(item, key, "is no e-mail address");

    private static long IdOf(Field item) =>
        item.Long("id") is { } id and > 0 ? id : throw StrictFile.Wrong(item, "id", "is no number of a GitHub account");

    private static Dictionary<TKey, string> ToDictionaryByLast<TKey>(this IEnumerable<(TKey Key, string Tool)> items)
        where TKey : notnull
    {
        var tools = new Dictionary<TKey, string>();
        foreach (var (key, tool) in items)
        {
            tools[key] = tool;
        }

        return tools;
    }
}

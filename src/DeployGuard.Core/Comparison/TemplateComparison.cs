using System.Text.Json;

namespace DeployGuard.Core.Comparison;

/// <summary>
/// All differences between two canonical pod templates, without cuts, those that give access to the node first. An approval covers the
/// whole template, so the approver must see everything that is new.
/// </summary>
public static class TemplateComparison
{
    /// <param name="before">Null if there was no template or it is unknown: then everything is new.</param>
    public static IReadOnlyList<Difference> Between(JsonElement? before, JsonElement after)
    {
        var found = new List<Difference>();
        Compare(new Location("", "", Section.Template), before, after, found);
        return [.. found.OrderBy(d => Rank(d.Section))];
    }

    /// <summary>The sort is stable: within a section, differences stay sorted by path.</summary>
    private static Section Rank(Section section) => Sections.BlockOf(section) == Section.Ports ? Section.Ports : section;

    private static void Compare(Location location, JsonElement? before, JsonElement? after, List<Difference> found)
    {
        if (before is { } b && after is { } a && JsonValues.AreEqual(b, a))
        {
            return;
        }

        if (Both(before, after, JsonValueKind.Object) && Members(before).Concat(Members(after)).Any())
        {
            CompareObjects(location, before, after, found);
        }
        else if (Both(before, after, JsonValueKind.Array) && Items(before).Concat(Items(after)).Any(i => !JsonValues.IsScalar(i)))
        {
            CompareLists(location, Items(before), Items(after), found);
        }
        else
        {
            found.Add(new Difference(location.Path, location.Section, Lines(before, after), Lines(after, before)));
        }
    }

    private static void CompareObjects(Location location, JsonElement? before, JsonElement? after, List<Difference> found)
    {
        var (old, current) = (Members(before).ToDictionary(), Members(after).ToDictionary());
        foreach (var name in old.Keys.Union(current.Keys).Order(StringComparer.Ordinal))
        {
            Compare(location.Member(name), Find(old, name), Find(current, name), found);
        }
    }

    private static void CompareLists(
        Location location,
        IReadOnlyList<JsonElement> before,
        IReadOnlyList<JsonElement> after,
        List<Difference> found
    )
    {
        foreach (var pair in ListMatching.Match(location.Name, before, after))
        {
            Compare(location.Item(pair.Label), pair.Before, pair.After, found);
        }

        if (
            ListMatching.Keys(location.Name, before) is { } old
            && ListMatching.Keys(location.Name, after) is { } current
            && old.Count > 0
            && IsMoved(location, old, current)
        )
        {
            found.Add(
                new Difference(
                    $"{location.Path} (order)",
                    location.Section,
                    [.. old.Select(VisibleText.Line)],
                    [.. current.Select(VisibleText.Line)]
                )
            );
        }
    }

    /// <summary>
    /// The common items are in another order. For containers, a new item before a common one counts too, because the order decides the
    /// start.
    /// </summary>
    private static bool IsMoved(Location location, IReadOnlyList<string> before, IReadOnlyList<string> after)
    {
        // Sets keep this fast for templates with tens of thousands of items.
        var (old, current) = (before.ToHashSet(), after.ToHashSet());
        var stayed = after.Where(old.Contains).ToList();
        return !before.Where(current.Contains).SequenceEqual(stayed)
            || (location.Section is Section.Container && !after.Take(stayed.Count).SequenceEqual(stayed));
    }

    private static bool Both(JsonElement? before, JsonElement? after, JsonValueKind kind) =>
        (before is null || before.Value.ValueKind == kind) && (after is null || after.Value.ValueKind == kind);

    private static IEnumerable<KeyValuePair<string, JsonElement>> Members(JsonElement? value) =>
        value is { ValueKind: JsonValueKind.Object } obj ? obj.EnumerateObject().Select(p => KeyValuePair.Create(p.Name, p.Value)) : [];

    private static IReadOnlyList<JsonElement> Items(JsonElement? value) =>
        value is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray()] : [];

    private static JsonElement? Find(Dictionary<string, JsonElement> members, string name) =>
        members.TryGetValue(name, out var value) ? value : null;

    private static IReadOnlyList<string>? Lines(JsonElement? value, JsonElement? other) =>
        value is { } present ? JsonValues.Lines(present, other) : null;

    /// <param name="Name">Name of the field, without its path.</param>
    private sealed record Location(string Path, string Name, Section Section)
    {
        public Location Member(string name) => new(Append(name), name, Sections.Of(Section, name));

        public Location Item(string label) => this with { Path = $"{Path}[{Bracketed(label)}]" };

        /// <summary>A bracket in a name must not look like the end of it.</summary>
        private static string Bracketed(string name) => VisibleText.Line(name).Replace("]", "<U+005D>", StringComparison.Ordinal);

        /// <summary>A name other than a Kubernetes field is put in brackets, because a label may contain dots.</summary>
        private string Append(string name) =>
            !name.All(char.IsAsciiLetterOrDigit) || name.Length == 0 ? $"{Path}[{Bracketed(name)}]"
            : Path.Length == 0 ? name
            : $"{Path}.{name}";
    }
}

using System.Text.Json;

namespace DeployGuard.Core.Comparison;

/// <summary>
/// All that differs between two canonical pod templates: every field, no value cut, what opens the node first. An approval signs the whole template, so the
/// approver must be shown all that is new in it.
/// </summary>
public static class TemplateComparison
{
    /// <param name="before">Null where nothing was there, or it is not known: everything is new then.</param>
    public static IReadOnlyList<Difference> Between(JsonElement? before, JsonElement after)
    {
        var found = new List<Difference>();
        Compare(new Spot("", "", Section.Template), before, after, found);
        return [.. found.OrderBy(d => Rank(d.Section))];
    }

    /// <summary>The sort keeps the order of the paths among equals.</summary>
    private static Section Rank(Section section) => Sections.BlockOf(section) == Section.Ports ? Section.Ports : section;

    private static void Compare(Spot spot, JsonElement? before, JsonElement? after, List<Difference> found)
    {
        if (before is { } b && after is { } a && JsonValues.AreEqual(b, a))
        {
            return;
        }

        if (Both(before, after, JsonValueKind.Object) && Members(before).Concat(Members(after)).Any())
        {
            CompareObjects(spot, before, after, found);
        }
        else if (Both(before, after, JsonValueKind.Array) && Items(before).Concat(Items(after)).Any(i => !JsonValues.IsScalar(i)))
        {
            CompareLists(spot, Items(before), Items(after), found);
        }
        else
        {
            found.Add(new Difference(spot.Path, spot.Section, Lines(before, after), Lines(after, before)));
        }
    }

    private static void CompareObjects(Spot spot, JsonElement? before, JsonElement? after, List<Difference> found)
    {
        var (old, current) = (Members(before).ToDictionary(), Members(after).ToDictionary());
        foreach (var name in old.Keys.Union(current.Keys).Order(StringComparer.Ordinal))
        {
            Compare(spot.Member(name), Find(old, name), Find(current, name), found);
        }
    }

    private static void CompareLists(Spot spot, IReadOnlyList<JsonElement> before, IReadOnlyList<JsonElement> after, List<Difference> found)
    {
        foreach (var pair in ListMatching.Match(spot.Name, before, after))
        {
            Compare(spot.Item(pair.Label), pair.Before, pair.After, found);
        }

        if (ListMatching.Keys(spot.Name, before) is { } old && ListMatching.Keys(spot.Name, after) is { } current && old.Count > 0 && IsMoved(spot, old, current))
        {
            found.Add(new Difference($"{spot.Path} (order)", spot.Section, [.. old.Select(VisibleText.Line)], [.. current.Select(VisibleText.Line)]));
        }
    }

    /// <summary>What stayed is in another order; or, where the order is the order of running, something came in between.</summary>
    private static bool IsMoved(Spot spot, IReadOnlyList<string> before, IReadOnlyList<string> after)
    {
        // Sets: a template may have tens of thousands of items, and somebody waits for this.
        var (old, current) = (before.ToHashSet(), after.ToHashSet());
        var stayed = after.Where(old.Contains).ToList();
        return !before.Where(current.Contains).SequenceEqual(stayed) || (spot.Section is Section.Container && !after.Take(stayed.Count).SequenceEqual(stayed));
    }

    private static bool Both(JsonElement? before, JsonElement? after, JsonValueKind kind) =>
        (before is null || before.Value.ValueKind == kind) && (after is null || after.Value.ValueKind == kind);

    private static IEnumerable<KeyValuePair<string, JsonElement>> Members(JsonElement? value) =>
        value is { ValueKind: JsonValueKind.Object } obj ? obj.EnumerateObject().Select(p => KeyValuePair.Create(p.Name, p.Value)) : [];

    private static IReadOnlyList<JsonElement> Items(JsonElement? value) => value is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray()] : [];

    private static JsonElement? Find(Dictionary<string, JsonElement> members, string name) => members.TryGetValue(name, out var value) ? value : null;

    private static IReadOnlyList<string>? Lines(JsonElement? value, JsonElement? other) => value is { } present ? JsonValues.Lines(present, other) : null;

    /// <param name="Name">Of the field, without the objects around it.</param>
    private sealed record Spot(string Path, string Name, Section Section)
    {
        public Spot Member(string name) => new(Append(name), name, Sections.Of(Section, name));

        public Spot Item(string label) => this with { Path = $"{Path}[{VisibleText.Line(label)}]" };

        /// <summary>A name that is none of Kubernetes' own fields stands in brackets: a label may have dots in it.</summary>
        private string Append(string name) => !name.All(char.IsAsciiLetterOrDigit) || name.Length == 0 ? $"{Path}[{VisibleText.Line(name)}]" : Path.Length == 0 ? name : $"{Path}.{name}";
    }
}

namespace DeployGuard.Core.Workloads;

/// <summary>
/// Gives equal texts the same string, for caches that keep the objects of a whole cluster: an object repeats its names, labels and images,
/// and those that belong to it repeat them again. It remembers a fixed number of texts, the last ones; a text that it forgot costs a copy.
/// </summary>
public sealed class TextPool
{
    private const int Places = 1 << 15;

    /// <summary>Longer texts are rarely repeated.</summary>
    private const int MaxLength = 300;

    // Without a lock: a place that two threads write at once holds the text of one of them.
    private readonly string?[] _places = new string?[Places];

    public string Same(string text)
    {
        if (text.Length > MaxLength)
        {
            return text;
        }

        ref var place = ref _places[string.GetHashCode(text, StringComparison.Ordinal) & (Places - 1)];
        if (place is { } known && known == text)
        {
            return known;
        }

        place = text;
        return text;
    }

    public string? SameOrNull(string? text) => text is null ? null : Same(text);

    public WorkloadRef Same(WorkloadRef workload) =>
        new(Same(workload.ApiGroup), Same(workload.Kind), Same(workload.Namespace), Same(workload.Name));

    public IReadOnlyList<string> Same(IReadOnlyList<string> texts) => texts.Count == 0 ? [] : texts.Select(Same).ToArray();

    /// <summary>The same map, with less room than a dictionary takes.</summary>
    public IReadOnlyDictionary<string, string> Same(IReadOnlyDictionary<string, string> map) =>
        map.Count == 0 ? Maps.Empty
        : map.Count > SmallMap.MaxCount ? map.ToDictionary(m => Same(m.Key), m => Same(m.Value), StringComparer.Ordinal)
        : new SmallMap([.. map.Select(m => KeyValuePair.Create(Same(m.Key), Same(m.Value)))]);
}

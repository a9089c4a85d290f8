namespace DeployGuard.Core.Workloads;

/// <summary>Helpers for maps of strings, such as labels and annotations.</summary>
internal static class Maps
{
    public static readonly IReadOnlyDictionary<string, string> Empty = new Dictionary<string, string>();

    public static bool Same(IReadOnlyDictionary<string, string> one, IReadOnlyDictionary<string, string> other) =>
        ReferenceEquals(one, other) || (one.Count == other.Count && HasAll(one, other));

    private static bool HasAll(IReadOnlyDictionary<string, string> one, IReadOnlyDictionary<string, string> other) =>
        one.All(l => other.GetValueOrDefault(l.Key) == l.Value);
}

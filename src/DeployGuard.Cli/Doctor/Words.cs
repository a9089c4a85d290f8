namespace DeployGuard.Cli.Doctor;

/// <summary>Lists that stay a line.</summary>
internal static class Words
{
    private const int MaxNamed = 5;

    /// <summary><c>namespace shop</c>, <c>namespaces a, b</c>, <c>namespaces a, b, c, d, e and 7 more</c>.</summary>
    public static string List(IReadOnlyList<string> names, string one, string none) => names.Count switch
    {
        0 => none,
        1 => $"{one} {names[0]}",
        <= MaxNamed => $"{one}s {string.Join(", ", names)}",
        _ => $"{one}s {string.Join(", ", names.Take(MaxNamed))} and {names.Count - MaxNamed} more",
    };
}

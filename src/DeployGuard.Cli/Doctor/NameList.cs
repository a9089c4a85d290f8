namespace DeployGuard.Cli.Doctor;

/// <summary>Shortens a list of names to one line.</summary>
internal static class NameList
{
    private const int MaxNamed = 5;

    /// <summary><c>namespace shop</c>, <c>namespaces a, b</c>, <c>namespaces a, b, c, d, e and 7 more</c>.</summary>
    public static string Of(IReadOnlyList<string> names, string singular, string none) =>
        names.Count switch
        {
            0 => none,
            1 => $"{singular} {names[0]}",
            <= MaxNamed => $"{singular}s {string.Join(", ", names)}",
            _ => $"{singular}s {string.Join(", ", names.Take(MaxNamed))} and {names.Count - MaxNamed} more",
        };
}

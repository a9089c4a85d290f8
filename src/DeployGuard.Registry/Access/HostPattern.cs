using DeployGuard.Registry.References;

namespace DeployGuard.Registry.Access;

/// <summary>A host, or <c>*.</c> and the rest of one: the star stands for exactly one label.</summary>
internal static class HostPattern
{
    public static bool Matches(string pattern, string authority)
    {
        var normal = pattern.ToLowerInvariant();
        if (!normal.StartsWith("*.", StringComparison.Ordinal))
        {
            return normal == authority;
        }

        var dot = authority.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && authority[dot..] == normal[1..];
    }

    /// <summary>A star before a single label would be every host of a top-level domain.</summary>
    public static bool IsValid(string pattern) =>
        pattern.StartsWith("*.", StringComparison.Ordinal)
            ? RepositoryName.IsValidHost(pattern[2..].ToLowerInvariant()) && pattern[2..].Contains('.', StringComparison.Ordinal)
            : RepositoryName.IsValidHost(pattern.ToLowerInvariant());
}

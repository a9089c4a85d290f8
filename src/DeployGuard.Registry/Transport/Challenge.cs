namespace DeployGuard.Registry.Transport;

/// <summary>
/// What a registry wants to be shown, from <c>WWW-Authenticate</c>: <c>Bearer realm="https://auth.example.com/token",service="x"</c>.
/// </summary>
/// <param name="Scheme">In lower case.</param>
internal sealed record Challenge(string Scheme, IReadOnlyDictionary<string, string> Parameters)
{
    public string? Realm => Parameters.GetValueOrDefault("realm");

    public string? Service => Parameters.GetValueOrDefault("service");

    /// <summary>All challenges of these header values; a value may hold several.</summary>
    public static IReadOnlyList<Challenge> Parse(IEnumerable<string> values)
    {
        var challenges = new List<Challenge>();
        foreach (var value in values)
        {
            var rest = value.AsSpan();
            Dictionary<string, string>? parameters = null;
            while (Token(ref rest) is { Length: > 0 } token)
            {
                if (rest.StartsWith("=") && parameters is not null)
                {
                    rest = rest[1..];
                    parameters.TryAdd(token, Value(ref rest));
                }
                else
                {
                    parameters = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
                    challenges.Add(new Challenge(token.ToLowerInvariant(), parameters));
                }
            }
        }

        return challenges;
    }

    /// <summary>Skips what stands between parameters, and takes the next name.</summary>
    private static string Token(ref ReadOnlySpan<char> rest)
    {
        rest = rest.TrimStart(" \t,");
        var end = rest.IndexOfAny(" \t,=");
        var token = (end < 0 ? rest : rest[..end]).ToString();
        rest = end < 0 ? [] : rest[end..];
        return token;
    }

    private static string Value(ref ReadOnlySpan<char> rest)
    {
        if (!rest.StartsWith("\""))
        {
            var end = rest.IndexOfAny(" \t,");
            var plain = (end < 0 ? rest : rest[..end]).ToString();
            rest = end < 0 ? [] : rest[end..];
            return plain;
        }

        var value = new System.Text.StringBuilder();
        var i = 1;
        for (; i < rest.Length && rest[i] != '"'; i++)
        {
            // A backslash quotes the next character.
            i += rest[i] == '\\' && i + 1 < rest.Length ? 1 : 0;
            value.Append(rest[i]);
        }

        rest = i < rest.Length ? rest[(i + 1)..] : [];
        return value.ToString();
    }
}

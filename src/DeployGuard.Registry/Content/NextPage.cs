namespace DeployGuard.Registry.Content;

/// <summary>Reads the header <c>Link</c>, which names the next page of a list.</summary>
internal static class NextPage
{
    public static bool IsNamed(string? link) => Address(link) is not null;

    /// <summary>The address of the next page; null if there is none, or if it would be on another host.</summary>
    public static Uri? Of(string? link, Uri page) => Address(link) is { } address ? Resolve(address, page) : null;

    private static string? Address(string? link)
    {
        var rest = link ?? "";
        while (rest.IndexOf('<', StringComparison.Ordinal) is >= 0 and var open)
        {
            var close = rest.IndexOf('>', open);
            if (close < 0)
            {
                return null;
            }

            // The parameters of this link end where the next one begins: an address may hold commas, a parameter no bracket.
            var after = rest.IndexOf('<', close);
            if (IsNext(after < 0 ? rest[(close + 1)..] : rest[(close + 1)..after]))
            {
                return rest[(open + 1)..close];
            }

            rest = rest[(close + 1)..];
        }

        return null;
    }

    private static bool IsNext(string parameters) =>
        parameters
            .Split([';', ','])
            .Select(p => p.Trim().Replace(" ", "", StringComparison.Ordinal))
            .Any(p =>
                p.Equals("rel=\"next\"", StringComparison.OrdinalIgnoreCase) || p.Equals("rel=next", StringComparison.OrdinalIgnoreCase)
            );

    private static Uri? Resolve(string address, Uri page)
    {
        // Some registries encode the address as a whole.
        var isEncoded =
            address.StartsWith("%2F", StringComparison.OrdinalIgnoreCase)
            || address.StartsWith("http%3A", StringComparison.OrdinalIgnoreCase)
            || address.StartsWith("https%3A", StringComparison.OrdinalIgnoreCase);
        return
            Uri.TryCreate(page, isEncoded ? Uri.UnescapeDataString(address) : address, out var next)
            && next.Authority == page.Authority
            && next.Scheme == page.Scheme
            && next.UserInfo.Length == 0
            ? next
            : null;
    }
}

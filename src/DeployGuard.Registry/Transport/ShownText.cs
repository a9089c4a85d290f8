namespace DeployGuard.Registry.Transport;

/// <summary>Texts that a registry chose, as messages show them.</summary>
internal static class ShownText
{
    private const int Longest = 200;

    public static string Of(string? text)
    {
        var start = text is null ? "nothing" : text[..Math.Min(text.Length, Longest)];
        return string.Concat(start.Select(c => char.IsControl(c) ? '?' : c)) + (text?.Length > Longest ? "..." : "");
    }
}

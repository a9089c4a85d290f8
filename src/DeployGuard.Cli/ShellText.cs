namespace DeployGuard.Cli;

/// <summary>Text as one argument of a POSIX shell, for commands that people copy.</summary>
internal static class ShellText
{
    /// <summary>In quotes only where it needs them.</summary>
    public static string Argument(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || "-_.:@/".Contains(c)) ? text : Quoted(text);

    public static string Quoted(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}

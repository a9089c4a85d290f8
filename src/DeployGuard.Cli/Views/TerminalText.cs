namespace DeployGuard.Cli.Views;

/// <summary>Other people's words on our terminal.</summary>
internal static class TerminalText
{
    /// <summary>Without control characters but line ends: a reason or an image must not redraw what an approver reads.</summary>
    public static string Printable(string text) => string.Concat(text.Select(c => char.IsControl(c) && c != '\n' ? '?' : c));
}

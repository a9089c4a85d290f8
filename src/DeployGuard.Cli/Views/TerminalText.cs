namespace DeployGuard.Cli.Views;

/// <summary>Prepares text that other people wrote for the user's terminal.</summary>
internal static class TerminalText
{
    /// <summary>Replaces control characters, except line ends: a reason or an image must not redraw the screen of an approver.</summary>
    public static string Printable(string text) => string.Concat(text.Select(c => char.IsControl(c) && c != '\n' ? '?' : c));
}

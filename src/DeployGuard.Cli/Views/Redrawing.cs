namespace DeployGuard.Cli.Views;

/// <summary>Shows a text that changes: on a terminal in the same place, elsewhere each state below the one before.</summary>
/// <param name="width">Columns of the terminal; null where the output is none.</param>
internal sealed class Redrawing(TextWriter output, Func<int>? width)
{
    private const char Escape = '\u001b';

    private string _shown = "";

    /// <summary>Only the process's own output can be a terminal.</summary>
    public static Redrawing On(TextWriter output) =>
        new(output, ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected && CanRedraw ? () => Console.WindowWidth : null);

    private static bool CanRedraw =>
        Environment.GetEnvironmentVariable("TERM") is not ("dumb" or "" or null) || OperatingSystem.IsWindows();

    public void Show(string text)
    {
        if (text == _shown)
        {
            return;
        }

        if (_shown.Length > 0)
        {
            output.Write(width is null ? "\n" : Up(Rows(_shown, width())));
        }

        output.WriteLine(text);
        output.Flush();
        _shown = text;
    }

    /// <summary>Moves the cursor up and clears everything below it.</summary>
    private static string Up(int rows) => $"{Escape}[{rows}A\r{Escape}[J";

    /// <summary>A line that is longer than the terminal is wide takes several rows.</summary>
    private static int Rows(string text, int width) =>
        text.Split('\n').Sum(line => Math.Max(1, (line.Length + width - 1) / Math.Max(1, width)));
}

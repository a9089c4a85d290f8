using System.ComponentModel;
using System.Diagnostics;

namespace DeployGuard.Cli.Views;

/// <summary>
/// Shows a text that is longer than the screen through <c>$PAGER</c>; where that is not set, through <c>less</c> or <c>more</c>. Never in a
/// pipe or into a file.
/// </summary>
internal static class Pager
{
    public static async Task WriteAsync(TextWriter output, string text, CancellationToken cancel)
    {
        var pager = CommandOf(Environment.GetEnvironmentVariable("PAGER"), Environment.GetEnvironmentVariable("PATH"));
        var isTerminal = !Console.IsOutputRedirected && !Console.IsInputRedirected && ReferenceEquals(output, Console.Out);
        if (
            pager is null
            || !isTerminal
            || RowsOf(text, Console.WindowWidth) < Console.WindowHeight
            || !await PageAsync(pager, text, cancel)
        )
        {
            await output.WriteLineAsync(text.AsMemory(), cancel);
        }
    }

    /// <summary>Null for none: an empty PAGER turns paging off.</summary>
    /// <param name="given">The value of PAGER.</param>
    /// <param name="path">The folders in which programs are looked for.</param>
    public static string? CommandOf(string? given, string? path)
    {
        if (given is not null)
        {
            return string.IsNullOrWhiteSpace(given) ? null : given;
        }

        var folders = (path ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return ((string[])["less -R", "more"]).FirstOrDefault(command =>
            folders.Any(f => File.Exists(Path.Combine(f, command.Split(' ')[0])))
        );
    }

    /// <summary>A line that is wider than the screen takes several rows.</summary>
    public static int RowsOf(string text, int width) => text.Split('\n').Sum(l => 1 + (Math.Max(0, l.Length - 1) / Math.Max(1, width)));

    /// <returns>Whether the pager showed the text. One that cannot be started shows nothing.</returns>
    private static async Task<bool> PageAsync(string pager, string text, CancellationToken cancel)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("sh", ["-c", pager]) { RedirectStandardInput = true });
            if (process is null)
            {
                return false;
            }

            try
            {
                await process.StandardInput.WriteLineAsync(text.AsMemory(), cancel);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // The user closed the pager before the end.
            }

            await process.WaitForExitAsync(cancel);
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}

using System.ComponentModel;
using System.Diagnostics;

namespace DeployGuard.Cli.Views;

/// <summary>Shows a long text on a terminal through <c>$PAGER</c>, if it is set.</summary>
internal static class Pager
{
    public static async Task WriteAsync(TextWriter output, string text, CancellationToken cancel)
    {
        var pager = Environment.GetEnvironmentVariable("PAGER");
        var isTerminal = !Console.IsOutputRedirected && !Console.IsInputRedirected && ReferenceEquals(output, Console.Out);
        if (
            string.IsNullOrWhiteSpace(pager)
            || !isTerminal
            || text.Count(c => c == '\n') < Console.WindowHeight
            || !await PageAsync(pager, text, cancel)
        )
        {
            await output.WriteLineAsync(text.AsMemory(), cancel);
        }
    }

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

using System.Diagnostics;

namespace DeployGuard.Rig;

/// <summary>How a command ended, and what it printed on both streams, in the order it came.</summary>
public sealed record Run(string Command, int ExitCode, string Output)
{
    private const int MaxMinutes = 15;

    /// <summary>For a command without additional environment variables.</summary>
    public static IReadOnlyDictionary<string, string> SameEnvironment { get; } = new Dictionary<string, string>();

    public bool Succeeded => ExitCode == 0;

    public static async Task<Run> OfAsync(
        string program,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string> environment,
        string? input = null
    )
    {
        var list = arguments.ToList();
        var start = new ProcessStartInfo(program, list)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
        var lines = new List<string>();
        void Take(string? line)
        {
            if (line is not null)
            {
                lock (lines)
                {
                    lines.Add(line);
                }
            }
        }

        process.OutputDataReceived += (_, e) => Take(e.Data);
        process.ErrorDataReceived += (_, e) => Take(e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await process.StandardInput.WriteAsync(input ?? "");
        process.StandardInput.Close();
        // Longer than any timeout that is passed to a command.
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(MaxMinutes));
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', list)} did not end in {MaxMinutes} minutes");
        }

        lock (lines)
        {
            return new Run($"{Path.GetFileName(program)} {string.Join(' ', list)}", process.ExitCode, string.Join('\n', lines));
        }
    }

    /// <summary>The run itself if it succeeded.</summary>
    /// <exception cref="InvalidOperationException">It did not; the message holds what it printed.</exception>
    public Run OrFail() => Succeeded ? this : throw new InvalidOperationException($"$ {Command}\n{Output}\n(exit code {ExitCode})");
}

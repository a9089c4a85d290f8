using System.CommandLine;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Files;

namespace DeployGuard.Cli;

/// <summary>What the commands that write a record have in common: why, how long, and whether to ask first.</summary>
internal static class VoteOptions
{
    public static Option<string?> Reason(string description) => new("--reason") { Description = description };

    public static Option<string?> ExpiresIn(string description) => new("--expires-in") { Description = description };

    public static Option<bool> Yes() => new("--yes", "-y") { Description = "Do not ask." };

    public static DateTimeOffset? ExpiresAt(string? text, TimeProvider time) =>
        text is null ? null
        : Durations.TryParse(text, out var duration) && duration > TimeSpan.Zero ? time.GetUtcNow() + duration
        : throw new ManifestException($"--expires-in {text}: not a duration such as 4h or 90m");

    /// <summary>Without a terminal nobody can have looked, and a pipe must not say yes.</summary>
    public static bool Confirm(TextWriter output, string question)
    {
        if (Console.IsInputRedirected)
        {
            throw new ManifestException("there is no terminal to ask on; look at what is shown, then pass --yes");
        }

        output.Write($"{question} [y/N] ");
        return Console.ReadLine()?.Trim() is "y" or "Y" or "yes";
    }
}

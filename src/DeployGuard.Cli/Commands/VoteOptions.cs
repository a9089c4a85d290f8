using System.CommandLine;
using DeployGuard.Core.Workloads;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Commands;

/// <summary>Options of the commands that write a record: its reason, how long it counts, and the confirmation.</summary>
internal static class VoteOptions
{
    public static Option<string?> Reason(string description) => new("--reason") { Description = description };

    public static Option<string?> ExpiresIn(string description) => new("--expires-in") { Description = description };

    public static Option<bool> Yes() => new("--yes", "-y") { Description = "Do not ask for confirmation." };

    public static Option<bool> Full() =>
        new("--full")
        {
            Description =
                "Also show every unchanged line of a value that differs, findings of policies that do not enforce, and new fields with the API "
                + "server's default values.",
        };

    public static DateTimeOffset? ExpiresAt(string? text, TimeProvider time) =>
        text is null ? null
        : Durations.TryParse(text, out var duration) && duration > TimeSpan.Zero ? time.GetUtcNow() + duration
        : throw new ManifestException($"--expires-in {text}: not a duration such as 4h or 90m");

    /// <summary>Without a terminal nobody has read the change, and input from a pipe must not confirm it.</summary>
    public static bool Confirm(TextWriter output, string question)
    {
        if (Console.IsInputRedirected)
        {
            throw new ManifestException("there is no terminal to confirm on; read the change above, then retry with --yes");
        }

        output.Write($"{question} [y/N] ");
        return Console.ReadLine()?.Trim() is "y" or "Y" or "yes";
    }
}

using System.CommandLine;
using System.CommandLine.Parsing;

namespace DeployGuard.Cli.Commands;

/// <summary>What helps where a command line names no command, or leaves out an argument.</summary>
internal static class UsageExample
{
    private const string Program = "deployguard";

    /// <summary>The library says it of each command that has others below it.</summary>
    public const string NoCommand = "Required command was not provided.";

    /// <summary>An example of the command that was meant; null if nothing is missing that one would show.</summary>
    public static string? For(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        return command.Subcommands.Count > 0 ? OfGroup(parsed, command)
            : command.Arguments.Any(a => IsMissing(parsed, a)) && ExampleIn(command) is { } example ? $"for example: {example}"
            : null;
    }

    private static string OfGroup(ParseResult parsed, Command group) =>
        ReferenceEquals(group, parsed.RootCommandResult.Command) ? $"to list the commands, run: {Program} --help"
        : group.Subcommands.Select(ExampleIn).FirstOrDefault(e => e is not null) is { } example ? $"for example: {example}"
        : $"to list its commands, run: {Program} {group.Name} --help";

    private static bool IsMissing(ParseResult parsed, Argument argument) =>
        (parsed.GetResult(argument)?.Tokens.Count ?? 0) < argument.Arity.MinimumNumberOfValues;

    /// <summary>The first of the examples in the command's help.</summary>
    private static string? ExampleIn(Command command) =>
        (command.Description ?? "")
            .Split('\n', StringSplitOptions.TrimEntries)
            .SkipWhile(l => l is not ("Example:" or "Examples:"))
            .FirstOrDefault(l =>
                l.StartsWith($"{Program} ", StringComparison.Ordinal) || l.StartsWith($"kubectl {Program} ", StringComparison.Ordinal)
            );
}

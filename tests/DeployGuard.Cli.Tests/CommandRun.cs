using DeployGuard.Cli.Commands;

namespace DeployGuard.Cli.Tests;

/// <summary>One run of the command line in this process.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string Error)
{
    public static Task<CommandRun> OfAsync(params string[] arguments) => OfAsync([], arguments);

    /// <param name="standardInput">What <c>-</c> reads.</param>
    public static async Task<CommandRun> OfAsync(byte[] standardInput, string[] arguments)
    {
        var root = CommandTree.Create(TimeProvider.System, () => new MemoryStream(standardInput));
        var (output, error) = (new StringWriter(), new StringWriter());
        var exitCode = await CommandRunner.RunAsync(root, arguments, output, error);
        return new CommandRun(exitCode, output.ToString().TrimEnd(), error.ToString().TrimEnd());
    }
}

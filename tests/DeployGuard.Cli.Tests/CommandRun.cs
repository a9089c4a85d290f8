namespace DeployGuard.Cli.Tests;

/// <summary>One run of the command line in this process.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string Error)
{
    public static async Task<CommandRun> OfAsync(params string[] arguments)
    {
        var root = Root.Create(TimeProvider.System);
        var (output, error) = (new StringWriter(), new StringWriter());
        var exitCode = await Shell.InvokeAsync(root, arguments, output, error);
        return new CommandRun(exitCode, output.ToString().TrimEnd(), error.ToString().TrimEnd());
    }
}

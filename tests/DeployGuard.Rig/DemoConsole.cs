namespace DeployGuard.Rig;

/// <summary>Runs and prints the commands of the demo, as their users would type them, and stops at an unexpected result.</summary>
internal sealed class DemoConsole(ControlPlane plane, string demoFolder)
{
    private const int MaxRepeats = 5;

    private static readonly bool s_color = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("NO_COLOR") is null;

    public static void Say(string text) => Console.WriteLine(s_color ? $"\n\e[1m# {text}\e[0m" : $"\n# {text}");

    /// <summary>A command that must pass.</summary>
    public Task<Run> PassesAsync(string user, string command) => PlayAsync(user, command, run => run.Succeeded, "pass");

    /// <summary>A command that must be refused, with these words in its output.</summary>
    public Task<Run> IsRefusedAsync(string user, string command, params string[] words) =>
        PlayAsync(
            user,
            command,
            run => !run.Succeeded && words.All(w => run.Output.Contains(w, StringComparison.Ordinal)),
            $"be refused, saying {string.Join(", ", words)}"
        );

    private async Task<Run> PlayAsync(string user, string command, Func<Run, bool> isExpected, string expected)
    {
        var run = await ShowAsync(user, command);
        for (var again = 0; again < MaxRepeats && run.Output.Contains("did not answer in time", StringComparison.Ordinal); again++)
        {
            Say("The registry took longer than a request may wait. As the message says: again.");
            run = await ShowAsync(user, command);
        }

        return isExpected(run) ? run : throw new DemoException($"\"{command}\" as {user} should {expected}, and ended with {run.ExitCode}");
    }

    private async Task<Run> ShowAsync(string user, string command)
    {
        Console.WriteLine(s_color ? $"\e[32m{user}$\e[0m \e[1m{command}\e[0m" : $"{user}$ {command}");
        var run = await Run.OfAsync("/bin/sh", ["-c", $"cd '{demoFolder}' && {command}"], plane.Environment(user));
        Console.WriteLine(run.Output);
        return run;
    }
}

/// <summary>A command of the demo had an unexpected result.</summary>
internal sealed class DemoException(string message) : InvalidOperationException(message);

namespace DeployGuard.Rig;

/// <summary>Shows what the demo does: every command as its user would type it, with its real output, and stops the story where it is not as told.</summary>
internal sealed class DemoConsole(ControlPlane plane, string demoFolder)
{
    private static readonly bool s_color = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("NO_COLOR") is null;

    public static void Say(string text) => Console.WriteLine(s_color ? $"\n\e[1m# {text}\e[0m" : $"\n# {text}");

    /// <summary>A command that must pass.</summary>
    public Task<Run> PassesAsync(string user, string command) => PlayAsync(user, command, run => run.Succeeded, "pass");

    /// <summary>A command that must be refused, with these words in its output.</summary>
    public Task<Run> IsRefusedAsync(string user, string command, params string[] words) =>
        PlayAsync(user, command, run => !run.Succeeded && words.All(w => run.Output.Contains(w, StringComparison.Ordinal)), $"be refused, saying {string.Join(", ", words)}");

    private async Task<Run> PlayAsync(string user, string command, Func<Run, bool> asTold, string told)
    {
        Console.WriteLine(s_color ? $"\e[32m{user}$\e[0m \e[1m{command}\e[0m" : $"{user}$ {command}");
        var run = await Run.OfAsync("/bin/sh", ["-c", $"cd '{demoFolder}' && {command}"], plane.Environment(user));
        Console.WriteLine(run.Output);
        return asTold(run) ? run : throw new DemoException($"\"{command}\" as {user} should {told}, and ended with {run.ExitCode}");
    }
}

/// <summary>The story is not as it was told.</summary>
internal sealed class DemoException(string message) : InvalidOperationException(message);

namespace DeployGuard.Cli.Tests;

/// <summary>
/// A program that the documented jobs run, and that not every machine has. Tests without it are skipped, except in CI, where nobody would
/// notice a skipped test. The rig installs it.
/// </summary>
internal static class RequiredProgram
{
    /// <summary>Ends the test if the program is missing: ignored on a developer's machine, failed in CI.</summary>
    public static void Require(string program)
    {
        if (
            Explain(program, Environment.GetEnvironmentVariable("PATH"), Environment.GetEnvironmentVariable("CI")) is not var (isError, why)
        )
        {
            return;
        }

        if (isError)
        {
            Assert.Fail(why);
        }

        Assert.Ignore(why);
    }

    /// <param name="path">The variable <c>PATH</c>.</param>
    /// <param name="ci">The variable <c>CI</c>, which forges set.</param>
    /// <returns>Null if it is there.</returns>
    internal static (bool IsError, string Why)? Explain(string program, string? path, string? ci) =>
        (path ?? "").Split(':').Any(p => p.Length > 0 && File.Exists(Path.Combine(p, program)))
            ? null
            : (ci is { Length: > 0 } and not "false", $"{program} is not installed; install it with: make rig");
}

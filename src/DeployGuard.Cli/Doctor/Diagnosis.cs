using DeployGuard.Cli.Views;

namespace DeployGuard.Cli.Doctor;

internal enum Health
{
    Ok,
    Warning,
    Failed,
}

/// <summary>One thing that a check found.</summary>
/// <param name="Message">What is so, and where.</param>
/// <param name="Remedy">What to do about it, with the command; empty where nothing is to be done.</param>
internal sealed record Diagnosis(Health Health, string Message, string Remedy = "")
{
    public static Diagnosis Ok(string words) => new(Health.Ok, words);

    public static Diagnosis Warning(string words, string remedy) => new(Health.Warning, words, remedy);

    public static Diagnosis Failed(string words, string remedy) => new(Health.Failed, words, remedy);
}

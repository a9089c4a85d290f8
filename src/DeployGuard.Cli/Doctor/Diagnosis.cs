namespace DeployGuard.Cli.Doctor;

internal enum Health
{
    Ok,
    Warning,
    Failed,

    /// <summary>It could not look: nobody knows.</summary>
    NotChecked,
}

/// <summary>One result of a check.</summary>
/// <param name="Message">What is the case, and where.</param>
/// <param name="Remedy">How to fix it, with the command; empty where there is nothing to fix.</param>
internal sealed record Diagnosis(Health Health, string Message, string Remedy = "")
{
    public static Diagnosis Ok(string message) => new(Health.Ok, message);

    public static Diagnosis Warning(string message, string remedy) => new(Health.Warning, message, remedy);

    /// <param name="why">What kept it from looking.</param>
    public static Diagnosis NotChecked(string why) => new(Health.NotChecked, why);

    public static Diagnosis Failed(string message, string remedy) => new(Health.Failed, message, remedy);
}

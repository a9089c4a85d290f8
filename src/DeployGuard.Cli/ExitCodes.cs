namespace DeployGuard.Cli;

/// <summary>What the process answers with, besides 0.</summary>
internal static class ExitCodes
{
    /// <summary>The answer is no: a refusal, a failed check, an incomplete view.</summary>
    public const int Refused = 1;

    /// <summary>There is no answer: the command line, a file or the cluster cannot be used.</summary>
    public const int Unusable = 2;

    /// <summary>Stopped by the user, as shells report SIGINT.</summary>
    public const int Interrupted = 130;
}

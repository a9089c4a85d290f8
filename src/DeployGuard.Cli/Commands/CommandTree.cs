using System.CommandLine;
using DeployGuard.Cli.Inputs;

namespace DeployGuard.Cli.Commands;

/// <summary>The commands, in the order in which help lists them.</summary>
internal static class CommandTree
{
    /// <param name="standardInput">What <c>-</c> stands for; null for the process's own.</param>
    public static RootCommand Create(TimeProvider time, Func<Stream>? standardInput = null) =>
        Create(time, new ManifestInputs(standardInput ?? Console.OpenStandardInput));

    private static RootCommand Create(TimeProvider time, ManifestInputs inputs) =>
        new(
            "DeployGuard: nobody ships an AI-assisted change alone, and nobody ships it everywhere at once. Also a kubectl "
                + "plugin: kubectl deployguard"
        )
        {
            CheckCommand.Create(time, inputs),
            ChangesCommand.Create(time),
            ReportCommand.Create(time),
            ShowCommand.Create(),
            StatusCommand.Create(time),
            VoteCommand.Approve(time),
            VoteCommand.Reject(time),
            WithdrawCommand.Create(),
            BreakGlassCommand.Create(time),
            ExplainCommand.Create(inputs),
            DoctorCommand.Create(time),
            AttestCommand.Create(time, inputs),
            KeysCommand.Create(),
            SignCommand.Create(),
            VerifyCommand.Create(),
        };
}

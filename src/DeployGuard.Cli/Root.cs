using System.CommandLine;

namespace DeployGuard.Cli;

/// <summary>The commands, in the order in which help lists them.</summary>
internal static class Root
{
    public static RootCommand Create(TimeProvider time) =>
        new("DeployGuard: nobody ships an AI-assisted change alone, and nobody ships it everywhere at once. Also found by kubectl, as: kubectl deployguard")
        {
            CheckCommand.Create(time),
            ChangesCommand.Create(time),
            ShowCommand.Create(),
            StatusCommand.Create(time),
            VoteCommand.Approve(time),
            VoteCommand.Reject(time),
            WithdrawCommand.Create(),
            BreakGlassCommand.Create(time),
            ExplainCommand.Create(),
            DoctorCommand.Create(time),
            SignCommand.Create(),
            VerifyCommand.Create(),
        };
}

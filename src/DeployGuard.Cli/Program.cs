using System.CommandLine;
using DeployGuard.Cli;

var root = new RootCommand("DeployGuard: nobody ships an AI-assisted change alone, and nobody ships it everywhere at once. Also found by kubectl, as: kubectl deployguard")
{
    CheckCommand.Create(TimeProvider.System),
    ChangesCommand.Create(TimeProvider.System),
    ApproveCommand.Create(TimeProvider.System),
};
return await Shell.InvokeAsync(root, args, Console.Out, Console.Error);

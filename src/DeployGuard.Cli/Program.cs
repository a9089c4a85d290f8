using DeployGuard.Cli;
using DeployGuard.Cli.Commands;

return await CommandRunner.RunAsync(CommandTree.Create(TimeProvider.System), args, Console.Out, Console.Error);

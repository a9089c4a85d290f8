using DeployGuard.Cli;

return await Shell.InvokeAsync(Root.Create(TimeProvider.System), args, Console.Out, Console.Error);

using DeployGuard.Rig;

if (args is not (["demo"] or ["demo", "--keep"]))
{
    Console.Error.WriteLine("usage: demo [--keep]");
    return 2;
}

return await Demo.RunAsync(keep: args.Contains("--keep"));

using DeployGuard.Rig;

switch (args)
{
    case ["demo"] or ["demo", "--keep"]:
        return await Demo.RunAsync(keep: args.Contains("--keep"));
    case ["chart-readme", var chart]:
        Console.Write(ChartValues.Readme(chart));
        return 0;
    default:
        Console.Error.WriteLine("usage: demo [--keep] | chart-readme CHART");
        return 2;
}

using System.Globalization;
using DeployGuard.Benchmarks;

if (args is ["bare", var port, var certificate, var key])
{
    await BareServer.RunAsync(int.Parse(port, CultureInfo.InvariantCulture), certificate, key);
    return 0;
}

if (args is ["pool"])
{
    PoolDecision.Run();
    await WatchedPods.RunAsync();
    return 0;
}

if (args is ["decision", .. var count])
{
    await DecisionPath.RunAsync(count is [var rounds] ? int.Parse(rounds, CultureInfo.InvariantCulture) : 20_000);
    return 0;
}

if (args is ["servers", var published])
{
    var files = Directory.CreateTempSubdirectory("deployguard-bench-");
    await new Comparison(published, files.FullName).RunAsync();
    files.Delete(recursive: true);
    return 0;
}

if (args is ["memory" or "cold", var measured, .. var more])
{
    await Replicas.RunAsync(args[0], measured, more);
    return 0;
}

if (args is not [var webhook] || !File.Exists(webhook))
{
    Console.Error.WriteLine("usage: bench PATH-OF-THE-PUBLISHED-WEBHOOK (make bench publishes it first)");
    return 2;
}

var folder = Directory.CreateTempSubdirectory("deployguard-bench-");
try
{
    await DecisionPath.RunAsync(20_000);
    PoolDecision.Run();
    await WatchedPods.RunAsync();
    await new Comparison(webhook, folder.FullName).RunAsync();
    return 0;
}
finally
{
    folder.Delete(recursive: true);
}

using DeployGuard.Core.Exposure;
namespace DeployGuard.Core.Tests.Serving;
#pragma warning disable
public class DebugTests
{
    [Test, Explicit]
    public void Debug()
    {
        var parts = (Environment.GetEnvironmentVariable("SERVING_DEBUG") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).ToList();
        ServingWorld.Debugging = true;
        var world = new ServingWorld(parts[0], new Tally());
        foreach (var step in parts.Skip(1)) { if (world.Step(step) is { } broken) { world.Log.Add(broken); break; } }
        TestContext.Out.WriteLine(string.Join("\n", world.Log));
    }
}

using System.Text.Json.Nodes;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>How messages and warnings of DeployGuard appear in the terminal.</summary>
[Parallelizable(ParallelScope.All)]
public class MessageTests
{
    [Test]
    public async Task LongestRefusalIsShownInFull()
    {
        var sandbox = await GuardedAsync();
        var manifest = Web(V1, aiAssisted: true);
        var containers = manifest["spec"]!["template"]!["spec"]!["containers"]!.AsArray();
        for (var i = 0; i < 100; i++)
        {
            containers.Add((JsonNode)Parse($$"""{"name": "c{{i}}", "image": "registry.example.com/{{i}}/{{new string('x', 400)}}:1"}"""));
        }

        var run = await sandbox.ApplyAsync("dana", manifest);

        Assert.That(run.Output.Split('\n').Count(l => l.StartsWith(" - ImageNotPinned", StringComparison.Ordinal)), Is.EqualTo(20));
        Assert.That(run.Output, Does.Contain(" - and 81 more; fix these first").And.Contain("After approval re-run this command"));
    }

    [Test]
    public async Task LongestWarningsAreShownUpToTheServersLimit()
    {
        var sandbox = await WithWebRunningAsync();
        var manifest = Web(V1, aiAssisted: true);
        var containers = manifest["spec"]!["template"]!["spec"]!["containers"]!.AsArray();
        for (var i = 0; i < 100; i++)
        {
            containers.Add((JsonNode)Parse($$"""{"name": "c{{i}}", "image": "registry.example.com/{{i}}/{{new string('x', 400)}}:1"}"""));
        }

        var run = (await sandbox.ApplyAsync("dana", manifest, "--dry-run=server")).OrFail();

        var warnings = run.Output.Split('\n').Where(l => l.StartsWith("Warning: ", StringComparison.Ordinal)).ToList();
        Assert.That(warnings, Has.Count.EqualTo(30).And.All.Length.LessThanOrEqualTo("Warning: ".Length + 120));
    }

    [Test]
    public async Task ControlCharactersInAnnotationsAreRemoved()
    {
        var sandbox = await WithWebRunningAsync();
        var manifest = Web(V2);
        manifest["metadata"]!["annotations"] = new JsonObject { ["deployguard.io/ai-tool"] = "tool\u001b[2J\nApproved." };

        Assert.That((await sandbox.ApplyAsync("dana", manifest)).Output, Does.Contain("tool tool [2J Approved."));
    }
}

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
        Assert.That(
            run.Output,
            Does.Contain(" - and 81 more; fix these first")
                .And.Contain("A break-glass cannot waive ImageNotPinned.")
                .And.Not.Contain("deployguard approve")
        );
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
        Assert.That(warnings.Sum(w => w.Length - "Warning: ".Length), Is.LessThan(4096));
        Assert.That(warnings[^1], Does.Match("^Warning: and [0-9]+ more findings; fix these first$"));
    }

    [Test]
    public async Task ADryRunShowsTheWholeCommandToApproveAndItWorks()
    {
        var sandbox = await WithWebRunningAsync();

        var run = (await sandbox.ApplyAsync("dana", Web(V2, aiAssisted: true), "--dry-run=server")).OrFail();

        var advised = run.Output.Split('\n').Single(l => l.Contains("kubectl deployguard approve", StringComparison.Ordinal));
        var arguments = advised[advised.IndexOf("deployguard approve", StringComparison.Ordinal)..].Split(' ');
        (await TestCluster.Rig.Plane.KubectlAsync("alice", [.. arguments, "--yes"])).OrFail();
        (await sandbox.ApplyAsync("dana", Web(V2, aiAssisted: true))).OrFail();
    }

    [Test]
    public async Task TheBreakGlassCommandOfARefusalWorksOnceItIsFilledIn()
    {
        var sandbox = await WithWebRunningAsync();
        var refused = await sandbox.SetImageAsync(V2, "olga");

        var advised = refused.Output.Split('\n').Single(l => l.StartsWith("In an emergency, ", StringComparison.Ordinal));
        var arguments = advised[advised.IndexOf("deployguard breakglass", StringComparison.Ordinal)..].Split(' ');
        Assert.That((await TestCluster.Rig.Plane.KubectlAsync("olga", arguments)).Output, Does.Contain("spec.incident is \"ID\""));
        var filledIn = arguments.Select(a =>
            a switch
            {
                "ID" => "INC-1",
                "WHY" => "orders fail",
                _ => a,
            }
        );
        (await TestCluster.Rig.Plane.KubectlAsync("olga", [.. filledIn])).OrFail();
        (await sandbox.SetImageAsync(V2, "olga")).OrFail();
    }

    [Test]
    public async Task ControlCharactersInAnnotationsAreNamed()
    {
        var sandbox = await WithWebRunningAsync();
        var manifest = Web(V2);
        manifest["metadata"]!["annotations"] = new JsonObject { ["deployguard.io/ai-tool"] = "tool\u001b[2J\nApproved." };

        Assert.That((await sandbox.ApplyAsync("dana", manifest)).Output, Does.Contain("tool tool<ESC>[2J<LF>Approved."));
    }
}

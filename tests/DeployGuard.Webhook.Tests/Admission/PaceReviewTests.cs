using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Policies;

namespace DeployGuard.Webhook.Tests;

/// <summary>The pace of a StatefulSet and a DaemonSet in place, and the offered patches.</summary>
public class PaceReviewTests
{
    private const string Policy = """
        {"metadata": {"name": "tier-1"}, "spec": {"mode": "Enforce", "canary": {"required": "Always", "steps": [5, 25, 50], "pace": {"percent": 25, "minReady": "1m"}}}}
        """;

    private RunningWebhook _webhook = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => _webhook = await RunningWebhook.StartAsync(PolicyReader.Read(JsonDocument.Parse(Policy).RootElement));

    [OneTimeTearDown]
    public async Task StopAsync() => await _webhook.DisposeAsync();

    [TestCase(
        "daemonset-surge-all-update-daemonset",
        "maxSurge 100% replaces 20",
        "kubectl patch daemonset/agent",
        """{"maxSurge":5,"maxUnavailable":0}"""
    )]
    [TestCase(
        "statefulset-half-at-once-update-statefulset",
        "maxUnavailable 50% replaces 5",
        "Add this to your manifest, which removes or changes it in the live object, then retry: ",
        """{"partition":9}"""
    )]
    public async Task ATooFastRolloutIsNamedInTermsOfItsKindAndGetsAPatch(string review, string fault, string advice, string patch)
    {
        var answer = await SendAsync(Read(review));

        var message = answer.GetProperty("status").GetProperty("message").GetString();
        Assert.That(message, Does.Contain("PaceTooFast").And.Contain(fault));
        Assert.That(message, Does.Contain(advice).And.Contain(patch));
    }

    [Test]
    public async Task AFasterStrategyForTheSameTemplateIsNoNewRevision() =>
        Assert.That((await SendAsync(Read("statefulset-looser-pace-update-statefulset"))).GetProperty("allowed").GetBoolean(), Is.True);

    [TestCase("daemonset-surge-all-update-daemonset", """{"maxSurge": 5, "maxUnavailable": 0}""")]
    [TestCase("statefulset-half-at-once-update-statefulset", """{"partition": 9}""")]
    [TestCase("statefulset-half-at-once-update-statefulset", """{"maxUnavailable": 2}""")]
    public async Task ARolloutWithinThePacePasses(string review, string rolling)
    {
        var patched = Read(review);
        var spec = patched["request"]?["object"]?["spec"] ?? throw new InvalidOperationException("no spec");
        spec["updateStrategy"]!["rollingUpdate"] = JsonNode.Parse(rolling);
        spec["template"]!["spec"]!["containers"]![0]!["readinessProbe"] = JsonNode.Parse("""{"httpGet": {"path": "/", "port": 80} }""");

        Assert.That((await SendAsync(patched)).GetProperty("allowed").GetBoolean(), Is.True);
    }

    private static JsonNode Read(string review) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "reviews", $"{review}.json")))
        ?? throw new InvalidOperationException("no review");

    private Task<JsonElement> SendAsync(JsonNode review) => _webhook.SendAsync("/admit/workloads?timeout=3s", review.ToJsonString());
}

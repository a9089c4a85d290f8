using System.Text.Json.Nodes;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Reviews;

namespace DeployGuard.Webhook.Tests;

/// <summary>Which users may break the glass, and the stamped fields.</summary>
public class BreakGlassTests
{
    private static readonly string[] s_onCall = ["on-call"];

    private readonly LiteralFacts _facts = new();
    private RunningWebhook _webhook = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => _webhook = await RunningWebhook.StartAsync(_facts);

    [OneTimeTearDown]
    public async Task StopAsync() => await _webhook.DisposeAsync();

    [Test]
    public async Task TheStampNamesTheRequesterAndEndsTheBreakGlassInFourHours()
    {
        var patch = await StampAsync(Glass("mallory"));

        Assert.That(
            patch[0]?.ToJsonString(),
            Is.EqualTo("""{"op":"add","path":"/spec/requestedBy","value":{"username":"olga","uid":"","groups":["on-call"]}}""")
        );
        Assert.That((string?)patch[1]?["path"], Is.EqualTo("/spec/expiresAt"));
        Assert.That((string?)patch[1]?["value"], Does.Match(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"), "kubectl shows it in a column");
        Assert.That(
            patch[1]?["value"]?.GetValue<DateTimeOffset>() - TimeProvider.System.GetUtcNow(),
            Is.EqualTo(TimeSpan.FromHours(4)).Within(TimeSpan.FromMinutes(1))
        );
    }

    [Test]
    public async Task AGivenExpiresAtIsKept()
    {
        var glass = Glass();
        glass["spec"]!["expiresAt"] = "2026-11-23T15:00:00Z";

        Assert.That(
            (await StampAsync(glass)).Select(p => (string?)p?["path"]),
            Is.EqualTo(new[] { "/spec/requestedBy", "/metadata/labels", "/metadata/labels/deployguard.io~1maker" })
        );
    }

    [Test]
    public async Task AValidBreakGlassPasses() => Assert.That(await RefusalAsync(Glass()), Is.Null);

    [TestCase("""{"waives": []}""", "BreakGlassIncomplete: spec.waives is empty")]
    [TestCase("""{"waives": ["ImagePinning"]}""", "BreakGlassIncomplete: spec.waives: ImagePinning cannot be waived")]
    [TestCase("""{"incident": ""}""", "BreakGlassIncomplete: spec.incident is missing")]
    [TestCase("""{"reason": ""}""", "BreakGlassIncomplete: spec.reason is missing")]
    [TestCase("""{"workload": {"kind": "Deploymint", "name": "web"}}""", "Deploymint is not a guarded kind")]
    [TestCase("""{"workload": null}""", "BreakGlassTooWide")]
    [TestCase("""{"requestedBy": {"username": "alice"}}""", "IdentityForged: spec.requestedBy is stamped by DeployGuard and must be olga")]
    public async Task AnInvalidBreakGlassIsRefused(string change, string because)
    {
        var glass = Glass();
        foreach (var (name, value) in JsonNode.Parse(change)!.AsObject())
        {
            glass["spec"]![name] = value?.DeepClone();
        }

        Assert.That(await RefusalAsync(glass), Does.Contain(because));
    }

    [Test]
    public async Task AMachineCannotBreakTheGlass() =>
        Assert.That(
            await RefusalAsync(Glass("system:serviceaccount:ci:deployer"), "system:serviceaccount:ci:deployer"),
            Does.Contain("MachineIdentity")
        );

    [TestCase(23, "olga", null, true)]
    [TestCase(25, "olga", null, false)]
    [TestCase(25, "olga", "alice", true)]
    [TestCase(25, "oskar", null, true)]
    public async Task AUserWithABreakGlassUnreviewedForADayCannotCreateAnother(int hours, string by, string? reviewedBy, bool allowed)
    {
        _facts.Unreviewed =
        [
            new Change
            {
                Name = "deployment-web-1",
                Workload = new WorkloadRef("apps", "Deployment", "shop", "web"),
                TemplateHash = "v1:0",
                Phase = Phase.Running,
                BreakGlassUses = [new BreakGlassUse("g", by, TimeProvider.System.GetUtcNow().AddHours(-hours), reviewedBy)],
            },
        ];
        var refusal = await RefusalAsync(Glass());
        _facts.Unreviewed = [];

        Assert.That(
            refusal,
            allowed
                ? Is.Null
                : Does.Contain("BreakGlassUnreviewed: deployment-web-1 in shop")
                    .And.Contain("kubectl deployguard approve deployment-web-1 -n shop")
        );
    }

    [Test]
    public async Task ABreakGlassIsRefusedIfTheApiServerDoesNotAnswer()
    {
        var wide = Glass();
        wide["spec"]!["workload"] = null;
        _facts.ReadsFail = "no answer";
        var refusal = await RefusalAsync(wide);
        _facts.ReadsFail = null;

        Assert.That(refusal, Does.Contain("EvaluationIncomplete: no answer"));
    }

    private static JsonObject Glass(string by = "olga") =>
        JsonNode
            .Parse(
                $$$"""
                {"metadata": {"name": "g", "namespace": "shop"},
                 "spec": {"workload": {"apiGroup": "apps", "kind": "Deployment", "name": "web"}, "waives": ["Approval"], "incident": "INC-1", "reason": "orders fail",
                          "requestedBy": {"username": "{{{by}}}", "groups": ["on-call"]} } }
                """
            )!
            .AsObject();

    private static string Review(JsonObject glass, string user) =>
        Reviews.Of("CREATE", "deployguard.io", "BreakGlass", "breakglasses", user, glass, groups: s_onCall);

    private async Task<JsonArray> StampAsync(JsonObject glass)
    {
        var response = await _webhook.SendAsync("/stamp", Review(glass, "olga"));
        return JsonNode.Parse(response.GetProperty("patch").GetBytesFromBase64())!.AsArray();
    }

    private async Task<string?> RefusalAsync(JsonObject glass, string user = "olga")
    {
        var response = await _webhook.SendAsync("/admit/records", Review(glass, user));
        return response.GetProperty("allowed").GetBoolean() ? null : response.GetProperty("status").GetProperty("message").GetString();
    }
}

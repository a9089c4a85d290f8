using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Policies;

namespace DeployGuard.Webhook.Tests;

/// <summary>What happens to a policy when it is written: its mode, and the warnings to its author.</summary>
public class PolicyRulesTests
{
    private const string Quorum = """ "approval": {"quorum": [{"groups": ["seniors", "leads"], "count": 1}]} """;
    private const string Shop = """ "match": {"namespaceSelector": {"matchLabels": {"team": "shop"} } } """;

    private readonly LiteralFacts _facts = new();
    private RunningWebhook _webhook = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => _webhook = await RunningWebhook.StartAsync(_facts);

    [OneTimeTearDown]
    public async Task StopAsync() => await _webhook.DisposeAsync();

    [SetUp]
    public void Reset()
    {
        _facts.Reach = PolicyReach.Nothing;
        _facts.VotingRights = new VotingRights();
        _facts.ReadsFail = null;
    }

    [TestCase("""{"images": {} }""")]
    [TestCase("""{"mode": null, "images": {} }""")]
    public async Task ANewPolicyWithoutAModeGetsAuditAndAWarning(string spec)
    {
        var response = await _webhook.SendAsync("/stamp", Review("CREATE", spec));

        Assert.That(
            JsonNode.Parse(response.GetProperty("patch").GetBytesFromBase64())?.ToJsonString(),
            Is.EqualTo("""[{"op":"add","path":"/spec/mode","value":"Audit"}]""")
        );
        Assert.That(Warnings(response), Is.EqualTo(new[] { "spec names no mode, so it audits; set mode: Enforce to refuse" }));
    }

    [TestCase("""{"mode": "Enforce", "images": {} }""")]
    [TestCase("\"no object\"")]
    public async Task AnyOtherNewPolicyIsNotStamped(string spec)
    {
        var response = await _webhook.SendAsync("/stamp", Review("CREATE", spec));

        Assert.That(response.TryGetProperty("patch", out _), Is.False);
        Assert.That(Warnings(response), Is.Empty);
    }

    [Test]
    public async Task AnUpdateCannotTakeTheModeAway()
    {
        var response = await RecordAsync("UPDATE", """{"images": {} }""", """{"mode": "Enforce", "images": {} }""");

        Assert.That(
            response.GetProperty("status").GetProperty("message").GetString(),
            Does.StartWith("SafeguardPolicy tier-1 is not changed: the update removes spec.mode, which is Enforce now. Write the mode into")
        );
    }

    [Test]
    public async Task ANewPolicyThatWasNotStampedIsRefused()
    {
        var response = await RecordAsync("CREATE", """{"images": {} }""");

        Assert.That(
            response.GetProperty("status").GetProperty("message").GetString(),
            Does.StartWith("SafeguardPolicy tier-1 is not created: spec names no mode, and mode: Audit could not be written into it")
        );
    }

    [TestCase("""{"images": {} }""", """{"images": {"pin": "Any"} }""")]
    [TestCase("""{"mode": "Enforce", "images": {} }""", """{"images": {} }""")]
    [TestCase("""{"mode": "Audit", "images": {} }""", """{"mode": "Enforce", "images": {} }""")]
    public async Task AnyOtherUpdateOfTheModeIsAllowed(string spec, string before)
    {
        var response = await RecordAsync("UPDATE", spec, before);

        Assert.That(response.GetProperty("allowed").GetBoolean(), Is.True);
    }

    [TestCase("""{"mode": "Enforce", "images": {} }""", true)]
    [TestCase("""{"mode": "Enforce", "match": {"namespaceSelector": {} }, "images": {} }""", true)]
    [TestCase("""{"mode": "Audit", "images": {} }""", false)]
    [TestCase($$"""{"mode": "Enforce", {{Shop}}, "images": {} }""", false)]
    public async Task OnlyAPolicyThatEnforcesEverywhereIsToldItsReach(string spec, bool isWarned)
    {
        _facts.Reach = new PolicyReach(["bank", "shop"], 7);

        Assert.That(
            Warnings(await RecordAsync("CREATE", spec)),
            Is.EqualTo(
                isWarned
                    ? (string[])
                        [
                            "spec has no match, so it enforces everywhere: now in 2 namespaces with 7 workloads. To guard only some, add "
                                + "match.namespaceSelector",
                        ]
                    : []
            )
        );
    }

    [Test]
    public async Task AQuorumThatNobodyCanFillIsWarnedOfWithTheCommand()
    {
        _facts.Reach = new PolicyReach(["bank", "shop"], 7);
        _facts.VotingRights.AddRole(
            Json("""{"metadata": {"name": "a"}, "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}""")
        );
        _facts.VotingRights.AddBinding(Binding("a", "seniors", "shop"));

        Assert.That(
            Warnings(await RecordAsync("CREATE", $$"""{"mode": "Enforce", {{Shop}}, {{Quorum}} }""")),
            Is.EqualTo(
                new[]
                {
                    "spec.approval.quorum[0]: no binding names group leads; check its spelling",
                    "spec.approval.quorum[0]: no binding lets seniors or leads approve in namespace bank, so nobody can fill it there",
                    "Bind the approver role: kubectl -n bank create rolebinding deployguard-approvers-seniors "
                        + "--clusterrole=deployguard-approver --group=seniors",
                }
            )
        );
    }

    [Test]
    public async Task APolicyThatMatchesNothingYetIsWarnedOnlyIfItsGroupsMayApproveNowhere()
    {
        var spec = $$"""{"mode": "Enforce", {{Shop}}, "approval": {"quorum": [{"groups": ["seniors"], "count": 1}]} }""";
        _facts.VotingRights.AddBinding(Binding("view", "seniors", "shop"));
        Assert.That(
            Warnings(await RecordAsync("CREATE", spec)),
            Has.Some.EqualTo("spec.approval.quorum[0]: no binding lets seniors approve in any namespace, so nobody can fill it there")
        );

        _facts.VotingRights.AddRole(
            Json(
                """{"metadata": {"name": "a"}, "rules": [{"apiGroups": ["deployguard.io"], "resources": ["changeapprovals"], "verbs": ["create"]}]}"""
            )
        );
        _facts.VotingRights.AddBinding(Binding("a", "seniors", "shop"));
        Assert.That(Warnings(await RecordAsync("CREATE", spec)), Is.Empty);
    }

    [Test]
    public async Task WhatCouldNotBeCheckedIsSaid()
    {
        _facts.ReadsFail = "the API server did not list roles and bindings within 2 s";

        Assert.That(
            Warnings(await RecordAsync("CREATE", $$"""{"mode": "Audit", {{Quorum}} }""")),
            Is.EqualTo(
                new[] { "the groups of spec.approval.quorum were not checked: the API server did not list roles and bindings within 2 s" }
            )
        );
    }

    [Test]
    public async Task AnUpdateOfMetadataAloneReadsNothing()
    {
        _facts.ReadsFail = "must not be asked";
        var spec = $$"""{"mode": "Audit", {{Quorum}} }""";

        Assert.That(Warnings(await RecordAsync("UPDATE", spec, spec)), Is.Empty);
    }

    private Task<JsonElement> RecordAsync(string operation, string spec, string? before = null) =>
        _webhook.SendAsync("/admit/records", Review(operation, spec, before));

    private static string Review(string operation, string spec, string? before = null) =>
        Reviews.Of(
            operation,
            "deployguard.io",
            "SafeguardPolicy",
            "safeguardpolicies",
            "admin",
            Policy(spec),
            before is null ? null : Policy(before)
        );

    private static JsonObject Policy(string spec) =>
        new()
        {
            ["apiVersion"] = PolicyReader.ApiVersion,
            ["kind"] = PolicyReader.Kind,
            ["metadata"] = new JsonObject { ["name"] = "tier-1" },
            ["spec"] = JsonNode.Parse(spec),
        };

    private static JsonElement Binding(string role, string group, string @namespace) =>
        Json(
            $$"""
            {"metadata": {"name": "b", "namespace": "{{@namespace}}"}, "roleRef": {"kind": "ClusterRole", "name": "{{role}}"},
             "subjects": [{"kind": "Group", "name": "{{group}}"}]}
            """
        );

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;

    private static IEnumerable<string?> Warnings(JsonElement response) =>
        response.TryGetProperty("warnings", out var warnings) ? warnings.EnumerateArray().Select(w => w.GetString()) : [];
}

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
        _facts.Rights = new BoundRights();
        _facts.Former.Clear();
        _facts.ReadsFail = null;
        _facts.MayReadSecrets = true;
    }

    /// <summary>Found at the first deploy otherwise, by somebody else.</summary>
    [Test]
    public async Task ASecretThatDeployGuardMayNotReadIsWarnedOf([Values] bool mayRead, [Values] bool ofKey)
    {
        _facts.MayReadSecrets = mayRead;
        var rules = ofKey
            ? """
                "keys": [{"name": "forge", "role": "SourceReview", "secretRef": {"name": "s", "key": "cosign.pub"} }],
                "sources": [{"images": ["r.example.com/*"], "repository": "https://github.com/acme/web", "refs": ["refs/heads/main"]}],
                """
            : "\"imageLabels\": \"Read\",";
        var pull = ofKey ? "" : ", \"pullSecret\": \"s\"";
        var warnings = Warnings(
                await RecordAsync(
                    "CREATE",
                    $$"""
                    {"mode": "Enforce", "match": {"kinds": ["Deployment"]},
                     "approval": {"required": "Always", "quorum": [{"groups": ["a"]}]},
                     "identities": [{"person": "erin", "names": ["github:2"], "groups": ["a"]}],
                     "origin": { {{rules}}
                      "registries": [{"host": "r.example.com" {{pull}} }]} }
                    """
                )
            )
            .OfType<string>()
            .ToList();

        Assert.That(
            warnings.Where(w => w.Contains("Secret", StringComparison.Ordinal)),
            mayRead
                ? Is.Empty
                : Is.EqualTo(
                    new[]
                    {
                        "spec.origin names Secret s, and DeployGuard may not read Secrets of its namespace, so that no evidence counts under this policy. "
                            + $"Set originSecrets of the chart to true{(ofKey ? ", or write the key as pem" : "")}",
                    }
                )
        );
        Assert.That(warnings, Has.All.Property("Length").LessThanOrEqualTo(256));
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
                .And.EndWith("your file: Enforce changes nothing, Warn warns, Audit only counts. Then retry")
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

    [TestCase(Mode.Enforce, 3, "that was deleted 3s ago had mode: Enforce.", "mode: Enforce goes on as before")]
    [TestCase(Mode.Warn, 120, "that was deleted 2m ago had mode: Warn.", "mode: Warn goes on as before")]
    [TestCase(Mode.Enforce, null, "has, or had until a moment ago, mode: Enforce.", "mode: Enforce goes on as before")]
    public async Task AFileWithoutAModeDoesNotTakeThePlaceOfADeletedPolicy(Mode mode, int? ago, string former, string remedy)
    {
        _facts.Former["tier-1"] = new FormerPolicy(mode, ago is { } seconds ? TimeSpan.FromSeconds(seconds) : null);

        var response = await _webhook.SendAsync("/stamp", Review("CREATE", """{"images": {} }"""));

        Assert.That(
            response.GetProperty("status").GetProperty("message").GetString(),
            Does.StartWith($"SafeguardPolicy tier-1 is not created: spec names no mode, and the policy of this name {former}")
                .And.Contain($"Write the mode into your file ({remedy}")
        );
    }

    [Test]
    public async Task AFileThatNamesItsModeTakesThePlaceOfADeletedPolicy([Values("Audit", "Enforce")] string mode)
    {
        _facts.Former["tier-1"] = new FormerPolicy(Mode.Enforce, TimeSpan.Zero);

        var response = await _webhook.SendAsync("/stamp", Review("CREATE", $$"""{"mode": "{{mode}}", "images": {} }"""));

        Assert.That(response.GetProperty("allowed").GetBoolean(), Is.True);
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

    [TestCase(
        "namespaceSelector",
        0,
        0,
        "spec.match.namespaceSelector selects no namespace now, so the policy applies to nothing. Compare it"
    )]
    [TestCase(
        "workloadSelector",
        0,
        7,
        "spec.match selects none of the 7 workloads in its 2 namespaces, so the policy applies to nothing now."
    )]
    [TestCase("workloadSelector", 0, 0, null)]
    [TestCase("workloadSelector", 1, 7, null)]
    public async Task AScopeWithNothingInItIsWarnedOfInEveryMode(string selector, int matched, int present, string? warning)
    {
        _facts.Reach = new PolicyReach(selector == "namespaceSelector" ? [] : ["bank", "shop"], matched) { Present = present };
        foreach (var mode in (string[])["Enforce", "Warn", "Audit"])
        {
            var spec = $$"""{"mode": "{{mode}}", "match": {"{{selector}}": {"matchLabels": {"team": "shpo"} } }, "images": {} }""";

            Assert.That(Warnings(await RecordAsync("CREATE", spec)), warning is null ? Is.Empty : Has.One.StartsWith(warning));
        }
    }

    [Test]
    public async Task APolicyForPodsAloneIsNotCountedByItsWorkloads()
    {
        _facts.Reach = new PolicyReach(["shop"], 0) { Present = 7 };

        Assert.That(Warnings(await RecordAsync("CREATE", """{"mode": "Audit", "match": {"kinds": ["Pod"]}, "images": {} }""")), Is.Empty);
    }

    [Test]
    public async Task ASelectorOfExemptNamespacesAloneIsWarnedOf()
    {
        _facts.Reach = PolicyReach.Nothing with { Exempted = ["kube-system"] };

        Assert.That(
            Warnings(await RecordAsync("CREATE", $$"""{"mode": "Enforce", {{Shop}}, "images": {} }""")),
            Has.One.StartsWith("spec.match.namespaceSelector selects only kube-system, where DeployGuard guards nothing")
        );
    }

    [TestCase("""  "freeze": {} """, "spec.active ended at 2020-01-02T00:00:00Z, so the freeze applies to nothing; now it is ")]
    [TestCase("""  "images": {} """, "spec.active ended at 2020-01-02T00:00:00Z, so the policy applies to nothing; now it is ")]
    public async Task APeriodThatIsOverIsWarnedOf(string block, string warning)
    {
        var spec = $$"""{"mode": "Audit", "active": {"from": "2020-01-01T00:00:00Z", "until": "2020-01-02T00:00:00Z"}, {{block}} }""";

        Assert.That(
            Warnings(await RecordAsync("CREATE", spec)),
            Has.One.StartsWith(warning).And.One.EndsWith("Set a later active.until, or delete the policy")
        );
        Assert.That(Warnings(await RecordAsync("CREATE", spec.Replace("2020-01-02", "2099-01-02", StringComparison.Ordinal))), Is.Empty);
    }

    [Test]
    public async Task AcceptedMethodsThatProveNoDeploymentAreWarnedOf() =>
        Assert.That(
            Warnings(
                await RecordAsync(
                    "CREATE",
                    $$"""{"mode": "Audit", {{Shop}}, "canary": {"steps": [5], "accept": ["StatefulSetPartition"]} }"""
                )
            ),
            Has.One.StartsWith("spec.canary.accept: StatefulSetPartition can prove no Deployment or DaemonSet").And.All.Length.LessThan(256)
        );

    [TestCase("""{"groups": ["developers"]}""", false)]
    [TestCase("""{"groups": ["developers"], "serviceAccounts": ["argocd/controller"]}""", true)]
    [TestCase("""{"groups": ["developers", "system:serviceaccounts:argocd"]}""", true)]
    public async Task AnExemptionOfEverybodyWhoDeploysIsWarnedOf(string exempt, bool isWarned)
    {
        _facts.Reach = new PolicyReach(["shop"], 7);
        _facts.Rights.AddRole(
            Json("""{"metadata": {"name": "edit"}, "rules": [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["patch"]}]}""")
        );
        _facts.Rights.AddBinding(Binding("edit", "developers", "shop"));
        _facts.Rights.AddBinding(
            Json(
                """
                {"metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": "edit"},
                 "subjects": [{"kind": "ServiceAccount", "name": "controller", "namespace": "argocd"}]}
                """
            )
        );

        Assert.That(
            Warnings(await RecordAsync("CREATE", $$"""{"mode": "Enforce", {{Shop}}, "images": {}, "exempt": {{exempt}} }""")),
            isWarned
                ? Has.One.StartsWith("spec.exempt has everybody whom a binding lets change Deployments where it matches (argocd/controller")
                : Is.Empty
        );
    }

    [Test]
    public async Task NoWarningIsCutOffByTheApiServer()
    {
        var name = new string('x', 300);
        _facts.Rights.AddRole(
            Json("""{"metadata": {"name": "edit"}, "rules": [{"apiGroups": ["apps"], "resources": ["*"], "verbs": ["*"]}]}""")
        );
        _facts.Rights.AddBinding(Binding("edit", name, new string('n', 63)));
        _facts.Reach = new PolicyReach([new string('n', 63)], 0) { Present = 1234567 };
        var spec = $$"""
            {"mode": "Enforce", "match": {"workloadSelector": {"matchLabels": {"a": "b"} } }, "images": {},
             "active": {"until": "2020-01-02T00:00:00Z"}, "exempt": {"groups": ["{{name}}"]} }
            """;
        var all = Warnings(await RecordAsync("CREATE", spec)).ToList();
        _facts.Reach = PolicyReach.Nothing with { Exempted = [new string('n', 63), "kube-system"] };
        all.AddRange(Warnings(await RecordAsync("CREATE", $$"""{"mode": "Enforce", {{Shop}}, "images": {} }""")));

        Assert.That(all, Has.Count.EqualTo(4));
        Assert.That(all.Select(w => w?.Length), Has.All.LessThanOrEqualTo(256), string.Join('\n', all));
    }

    [Test]
    public async Task AQuorumThatNobodyCanFillIsWarnedOfWithTheCommand()
    {
        _facts.Reach = new PolicyReach(["bank", "shop"], 7);
        _facts.Rights.AddRole(Json("""{"metadata": {"name": "a"}, "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}"""));
        _facts.Rights.AddBinding(Binding("a", "seniors", "shop"));

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
        _facts.Rights.AddBinding(Binding("view", "seniors", "shop"));
        Assert.That(
            Warnings(await RecordAsync("CREATE", spec)),
            Has.Some.EqualTo("spec.approval.quorum[0]: no binding lets seniors approve in any namespace, so nobody can fill it")
        );

        _facts.Rights.AddRole(
            Json(
                """{"metadata": {"name": "a"}, "rules": [{"apiGroups": ["deployguard.io"], "resources": ["changeapprovals"], "verbs": ["create"]}]}"""
            )
        );
        _facts.Rights.AddBinding(Binding("a", "seniors", "shop"));
        Assert.That(Warnings(await RecordAsync("CREATE", spec)), Has.None.Contains("quorum"));
    }

    [Test]
    public async Task WhatCouldNotBeCheckedIsSaid()
    {
        _facts.ReadsFail = "the API server did not list roles and bindings within 2 s";

        Assert.That(
            Warnings(await RecordAsync("CREATE", $$"""{"mode": "Audit", {{Quorum}} }""")),
            Is.EqualTo(
                new[]
                {
                    "the groups of spec.approval.quorum, and spec.exempt, were not checked: the API server did not list roles and bindings "
                        + "within 2 s",
                }
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

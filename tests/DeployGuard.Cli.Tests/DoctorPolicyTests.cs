using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Cli.Doctor;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Policies;
using DeployGuard.Kubernetes.Webhooks;
using static DeployGuard.Cli.Tests.DoctorTests;

namespace DeployGuard.Cli.Tests;

/// <summary>The results of doctor for policies, for the registration that follows from them, and for the groups of a quorum.</summary>
public class DoctorPolicyTests
{
    private const string Selecting = """ "match": {"namespaceSelector": {"matchLabels": {"tier": "1"}}} """;
    private const string Approval = """ "approval": {"quorum": [{"groups": ["seniors", "leads"], "count": 1}]} """;

    private static readonly DateTimeOffset s_now = new(2026, 11, 25, 0, 0, 0, TimeSpan.Zero);
    private static readonly Installation s_installation = Installation.Of(null, "deployguard-system", "deployguard");
    private static readonly NamespaceLabels[] s_namespaces =
    [
        Namespace("shop", "1"),
        Namespace("bank", "1"),
        Namespace("other", "2"),
        Namespace("kube-system", "1"),
    ];

    [TestCase($$"""{"images": {}, {{Selecting}}, {{Approval}} }""", "1 valid (1 Enforce)")]
    [TestCase($$"""{"mode": "Audit", {{Approval}} }""", "1 valid (1 Audit)")]
    [TestCase("""{"active": {"from": "2026-11-26T00:00:00Z"}, "images": {}}""", "1 valid (1 Enforce)")]
    public void AValidPolicyIsOk(string spec, string message) => Expect(Diagnose(spec).Single(), Health.Ok, message);

    [TestCase(
        """{"images": {}, "match": {"kinds": ["Deployment"]}}""",
        "p lists match.kinds: a revision that it refuses as a Deployment passes as another kind"
    )]
    [TestCase($$"""{ {{Approval}} }""", "p requires approval but allows image tags, which can be moved after the approval")]
    [TestCase(
        """{"active": {"until": "2026-11-24T00:00:00Z"}, "images": {}}""",
        "p was active until 2026-11-24T00:00:00Z, and guards nothing now"
    )]
    [TestCase(
        """{"images": {}, "match": {"namespaceSelector": {"matchLabels": {"tier": "9"}}}}""",
        "p is in mode Enforce, and matches no namespace"
    )]
    public void AGapInAPolicyIsAWarning(string spec, string message) => Expect(Diagnose(spec).Single(), Health.Warning, message);

    [Test]
    public void EveryErrorOfAnInvalidPolicyIsShown()
    {
        Expect(
            Diagnose("""{"aproval": {}, "canary": {"steps": [9, 5]}}""")[0],
            Health.Failed,
            "p is not valid, and refuses new revisions where it matches:\n           - spec.canary.steps: [9, 5] must "
                + "increase\n           - spec.aproval: unknown field"
        );
        Expect(Diagnose("""{"mode": "Warn", "aproval": {}}""")[0], Health.Failed, "p is not valid, and guards nothing:");
    }

    [Test]
    public void AnActiveEnforcePolicyGuardsItsNamespacesExceptExemptOnes()
    {
        SafeguardPolicy[] policies =
        [
            Policy($$"""{ {{Selecting}} }"""),
            Policy("""{"mode": "Audit"}"""),
            Policy("""{"active": {"until": "2026-11-24T00:00:00Z"}}"""),
        ];
        Assert.That(
            GuardedNamespaces.Of(policies, s_namespaces.Select(n => (n.Name, n.Labels)), s_installation.Options, s_now),
            Is.EqualTo((string[])["bank", "shop"])
        );
    }

    [Test]
    public void ARegistrationThatListsExactlyTheGuardedNamespacesIsOk() =>
        Expect(
            Registration(Validating(Fail("bank", "shop"))).Single(),
            Health.Ok,
            "2 validating and 1 mutating webhooks; enforced in namespaces bank, shop"
        );

    [Test]
    public void AGuardedNamespaceThatIsNotListedFailsAndSoDoesOneTooMany() =>
        Assert.That(
            Registration(Validating(Fail("shop", "old"))).Select(d => d.Message),
            Is.EqualTo(
                (string[])
                    [
                        "webhook workloads.deployguard.io lacks failurePolicy Fail in namespace bank, where an Enforce policy "
                            + "matches: while no replica answers, requests pass there",
                        "webhook workloads.deployguard.io has failurePolicy Fail in namespace old, where no Enforce policy "
                            + "matches: while no replica answers, deploys are blocked there without need",
                    ]
            )
        );

    [Test]
    public void MissingAndEmptyConfigurationsAndAMissingFailEntryAreAllReported()
    {
        var found = RegistrationCheck.Diagnose(JsonNode.Parse("""{"metadata": {}}"""), null, ["shop"], s_installation);
        Assert.That(
            found.Select(d => d.Message),
            Is.EqualTo(
                (string[])
                    [
                        "ValidatingWebhookConfiguration deployguard is empty: nothing is guarded",
                        "there is no MutatingWebhookConfiguration deployguard: requests pass unguarded, and DeployGuard does "
                            + "not create it again",
                        "no webhook has failurePolicy Fail in namespace shop, where an Enforce policy matches: while no replica "
                            + "answers, every request passes there",
                    ]
            )
        );
        Assert.That(found, Has.All.Property("Health").EqualTo(Health.Failed));
    }

    [Test]
    public void WhileTheGateIsOpenMissingEntriesAreNotReported()
    {
        var open = Validating("");
        open["metadata"] = JsonNode.Parse("""{"annotations": {"deployguard.io/gate": "open"}}""");
        Expect(Registration(open).Single(), Health.Ok, "1 validating and 1 mutating webhooks");
    }

    [Test]
    public void AGroupThatMayNotApproveIsReportedWithTheNamespace()
    {
        var roles = new VotingRights();
        roles.AddRole(
            Json(
                """{"metadata": {"name": "approver"}, "rules": [{"apiGroups": ["deployguard.io"], "resources": ["changeapprovals"], "verbs": ["get", "create"]}]}"""
            )
        );
        roles.AddRole(
            Json(
                """{"metadata": {"name": "reader"}, "rules": [{"apiGroups": ["deployguard.io"], "resources": ["changeapprovals"], "verbs": ["get"]}]}"""
            )
        );
        roles.AddRole(Json("""{"metadata": {"name": "none"}, "rules": null}"""));
        roles.AddBinding(
            Json(
                """{"metadata": {"name": "b", "namespace": "shop"}, "roleRef": {"kind": "ClusterRole", "name": "approver"}, "subjects": [{"kind": "Group", "name": "leads"}]}"""
            )
        );
        roles.AddBinding(
            Json(
                """{"metadata": {"name": "b", "namespace": "bank"}, "roleRef": {"kind": "ClusterRole", "name": "reader"}, "subjects": [{"kind": "Group", "name": "leads"}]}"""
            )
        );
        var policy = Policy($$"""{ {{Selecting}}, {{Approval}} }""");

        var diagnosed = QuorumCheck.Diagnose([policy], s_namespaces[..2], roles, "deployguard");
        Expect(diagnosed[0], Health.Warning, "p requires approval by group seniors, but no binding names this group");
        var found = diagnosed[1];
        Expect(
            found,
            Health.Warning,
            "p requires 1 approval by seniors or leads, but no role binding lets these groups approve in namespace bank"
        );
        Assert.That(
            found.Remedy,
            Is.EqualTo(
                "Bind the approver role: kubectl -n bank create rolebinding deployguard-approvers-seniors "
                    + "--clusterrole=deployguard-approver --group=seniors"
            )
        );

        roles.AddBinding(
            Json(
                """{"metadata": {"name": "all"}, "roleRef": {"kind": "ClusterRole", "name": "approver"}, "subjects": [{"kind": "Group", "name": "seniors"}]}"""
            )
        );
        Expect(QuorumCheck.Diagnose([policy], s_namespaces[..2], roles, "deployguard").Single(), Health.Ok, "every quorum");
    }

    [Test]
    public void NamespacesWithoutTheirNameAsALabelAreReported()
    {
        Expect(
            NamespaceLabelsCheck.Diagnose([Named("a", "a"), Named("b", "b")]),
            Health.Ok,
            "all 2 carry the label kubernetes.io/metadata.name"
        );
        Expect(
            NamespaceLabelsCheck.Diagnose([Named("a", "a"), Named("b", "a"), .. Enumerable.Range(0, 7).Select(i => Named($"c{i}", ""))]),
            Health.Warning,
            "namespaces b, c0, c1, c2, c3 and 3 more without the name"
        );
    }

    private static IReadOnlyList<Diagnosis> Diagnose(string spec) => PoliciesCheck.Diagnose([Policy(spec)], s_namespaces, s_now);

    private static IReadOnlyList<Diagnosis> Registration(JsonNode validating) =>
        RegistrationCheck.Diagnose(
            validating,
            JsonNode.Parse("""{"webhooks": [{"name": "stamp.deployguard.io"}]}"""),
            ["bank", "shop"],
            s_installation
        );

    private static JsonNode Validating(string more) =>
        JsonNode.Parse(
            $$"""
            {"webhooks": [{"name": "records.deployguard.io", "failurePolicy": "Fail", "namespaceSelector": {} }{{more}}]}
            """
        ) ?? throw new InvalidOperationException("no JSON");

    private static string Fail(params string[] namespaces) =>
        $$"""
            , {"name": "workloads.deployguard.io", "failurePolicy": "Fail",
               "namespaceSelector": {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": {{JsonSerializer.Serialize(
                namespaces
            )}} }]} }
            """;

    private static SafeguardPolicy Policy(string spec) => PolicyReader.Read(Json($$"""{"metadata": {"name": "p"}, "spec": {{spec}} }"""));

    private static NamespaceLabels Namespace(string name, string tier) => new(name, new Dictionary<string, string> { ["tier"] = tier });

    private static NamespaceLabels Named(string name, string label) =>
        new(name, label.Length == 0 ? [] : new Dictionary<string, string> { [NamespaceLabels.OfName] = label });

    private static JsonElement Json(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }
}

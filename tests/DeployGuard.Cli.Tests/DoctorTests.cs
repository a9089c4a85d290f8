using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Cli.Doctor;
using DeployGuard.Core.Identities;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Certificates;
using DeployGuard.Kubernetes.Controllers;

namespace DeployGuard.Cli.Tests;

/// <summary>The results of doctor for the objects that it reads.</summary>
public class DoctorTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 25, 0, 0, 0, TimeSpan.Zero);
    private static readonly Installation s_installation = Installation.Of(null, "deployguard-system", "deployguard");

    [Test]
    public void TheInstallationIsReadFromTheArgumentsOfTheDeployment()
    {
        var installation = Installation.Of(
            Deployment(
                arguments:
                [
                    "--service-account=sa",
                    "--service=svc",
                    "--secret=memory",
                    "--webhook-configuration=hooks",
                    "--lease=lead",
                    "--trusted-controller=system:serviceaccount:a:b=ReplicaSet,Pod",
                    "--workload-kind=robots.example.com/Robot=spec.template",
                    "--tls-cert=/etc/deployguard/tls/tls.crt",
                    "--tls-key=/etc/deployguard/tls/tls.key",
                    "--tls-ca=/etc/deployguard/tls/ca.crt",
                ]
            ),
            "guards",
            "dg"
        );

        Assert.Multiple(() =>
        {
            Assert.That(installation.User, Is.EqualTo("system:serviceaccount:guards:sa"));
            Assert.That(
                (
                    installation.Options.Service,
                    installation.Options.Secret,
                    installation.Options.WebhookConfiguration,
                    installation.Options.Lease
                ),
                Is.EqualTo(("svc", "memory", "hooks", "lead"))
            );
            Assert.That(installation.Options.CustomKinds.Single().Kind, Is.EqualTo("Robot"));
            Assert.That(installation.Options.Trusted.Trusts(new Requester("system:serviceaccount:a:b", "", []), "Pod"), Is.True);
            Assert.That(installation.GivenFiles?.Secret, Is.EqualTo("given"));
        });
    }

    [Test]
    public void WithoutADeploymentTheChartsNamesAreAssumed() =>
        Assert.That(
            (s_installation.User, s_installation.Options.Secret, s_installation.Options.ControllersSeen, s_installation.GivenFiles),
            Is.EqualTo(
                ("system:serviceaccount:deployguard-system:deployguard", "deployguard-tls", "deployguard-controllers", (GivenFiles?)null)
            )
        );

    [TestCase(2, 2, Health.Ok, "2 of 2 replicas are ready")]
    [TestCase(2, 1, Health.Warning, "1 of 2 replicas are ready")]
    [TestCase(1, 1, Health.Warning, "the only replica is ready; nothing answers while it restarts")]
    [TestCase(
        2,
        0,
        Health.Failed,
        "none of 2 replicas is ready: requests that an Enforce policy guards are blocked, and all others pass unguarded"
    )]
    [TestCase(0, 0, Health.Failed, "spec.replicas is 0: requests that an Enforce policy guards are blocked, and all others pass unguarded")]
    public void ReplicasAreCounted(int wanted, int ready, object health, string message) =>
        Expect(DeploymentCheck.DiagnoseReplicas(Deployment(wanted, ready), "deployguard", "deployguard-system"), health, message);

    [TestCase("a/b:0.2.0", "0.2.0", Health.Ok, "the cluster runs 0.2.0, as does this program")]
    [TestCase("a/b:v0.2.1", "0.2.0", Health.Ok, "the cluster runs 0.2.1, and this program is 0.2.0: they are compatible")]
    [TestCase("a/b:0.1.9", "0.2.0", Health.Warning, "the cluster runs 0.1.9, and this program is 0.2.0")]
    [TestCase("host:5000/b", "0.2.0", Health.Ok, "the cluster runs 0.2.7, and this program is 0.2.0: they are compatible")]
    [TestCase("a/b:9.9.9@sha256:00", "0.2.0", Health.Ok, "the cluster runs 0.2.7, and this program is 0.2.0: they are compatible")]
    public void VersionsAreCompared(string image, string own, object health, string message) =>
        Expect(DeploymentCheck.DiagnoseVersion(Deployment(image: image), own), health, message);

    [Test]
    public void MissingPermissionsAreGroupedByTheFunctionThatFails()
    {
        var missing = RequiredPermissions.Of(s_installation.Options).Where(n => n.Resource is "events" or "leases").ToList();
        var found = PermissionsCheck.Diagnose(s_installation, missing, 60);
        Assert.That(
            found.Select(d => d.Message),
            Is.EqualTo(
                (string[])
                    [
                        "system:serviceaccount:deployguard-system:deployguard may not create events, get events, patch events: "
                            + "no Events are written",
                        "system:serviceaccount:deployguard-system:deployguard may not get leases.coordination.k8s.io "
                            + "deployguard-leader -n deployguard-system, update leases.coordination.k8s.io deployguard-leader -n "
                            + "deployguard-system, create leases.coordination.k8s.io -n deployguard-system: no replica leads",
                    ]
            )
        );
        Assert.That(found, Has.All.Property("Health").EqualTo(Health.Failed));
    }

    [TestCase("", 0, Health.Ok, "t/tls.crt matches its key and CA, is valid for svc.ns.svc, and expires in 89 days, on 2027-02-23")]
    [TestCase("", 77, Health.Warning, "t/tls.crt expires in 12 days, on 2027-02-23, and was not renewed")]
    [TestCase("", 91, Health.Failed, "t/tls.crt: the certificate expired on 2027-02-23T00:00:00Z")]
    [TestCase("", -2, Health.Failed, "t/tls.crt: the certificate is valid only from 2026-11-24T00:00:00Z")]
    [TestCase("name", 0, Health.Failed, "t/tls.crt is not valid for svc.ns.svc, the name that the API server calls")]
    [TestCase("key", 0, Health.Failed, "t/tls.key: is not the PEM private key of the certificate")]
    [TestCase("ca", 0, Health.Failed, "t/tls.crt: is not signed by the CA in t/ca.crt")]
    [TestCase("garbage", 0, Health.Failed, "t/tls.crt: is not a PEM certificate")]
    public void ACertificateIsChecked(string broken, int daysLater, object health, string message)
    {
        var (pair, other) = (
            NewCertificate.For([broken == "name" ? "other.ns.svc" : "svc.ns.svc"], s_now),
            NewCertificate.For(["svc.ns.svc"], s_now)
        );
        var found = CertificateCheck.DiagnosePair(
            "t",
            broken == "garbage" ? "hello" : pair.Certificate,
            broken == "key" ? other.Key : pair.Key,
            broken == "ca" ? other.CaCertificate : pair.CaCertificate,
            "svc.ns.svc",
            "remedy",
            s_now.AddDays(daysLater).AddMinutes(1)
        );
        Assert.That((found.Health, found.Message), Is.EqualTo((health, found.Message)));
        Assert.That(found.Message, Does.StartWith(message));
    }

    [Test]
    public void EveryCaBundleIsCompared()
    {
        var (own, other) = (NewCertificate.For(["x"], s_now).CaCertificate, NewCertificate.For(["x"], s_now).CaCertificate);
        JsonNode[] entries = [Entry("a", own), Entry("b", other), Entry("c", own + "\n" + other), Entry("d", "")];
        Assert.That(
            CertificateCheck.DiagnoseBundles(entries, own).Select(d => (d.Health, d.Message)),
            Is.EqualTo(
                new[]
                {
                    (Health.Failed, "caBundle of webhook b lacks the CA of the certificate: every call to this webhook fails"),
                    (Health.Failed, "caBundle of webhook d lacks the CA of the certificate: every call to this webhook fails"),
                    (
                        Health.Warning,
                        "caBundle of webhook c differs from the CA in the Secret, which is right only during a rotation of the CA"
                    ),
                }
            )
        );
        Assert.That(
            CertificateCheck.DiagnoseBundles([Entry("a", own)], own).Single().Message,
            Is.EqualTo("caBundle of every webhook (1) is the CA of the certificate")
        );
    }

    [TestCase(null, "", Health.Failed, "the API server accepted a record that DeployGuard refuses")]
    [TestCase(
        HttpStatusCode.BadRequest,
        "admission webhook \"records.deployguard.io\" denied the request: SafeguardPolicy x is not valid:\n - spec",
        Health.Ok,
        "the API server reached a replica, which answered"
    )]
    [TestCase(
        HttpStatusCode.BadRequest,
        "admission webhook \"records.deployguard.io\" denied the request: no",
        Health.Warning,
        "the API server got an answer that is not from DeployGuard"
    )]
    [TestCase(
        HttpStatusCode.InternalServerError,
        "Internal error occurred: failed calling webhook \"records.deployguard.io\": x509: unknown authority",
        Health.Failed,
        "the API server could not call DeployGuard: Internal error occurred: failed calling webhook \"records.deployguard.io\": x509"
    )]
    [TestCase(
        HttpStatusCode.Forbidden,
        "safeguardpolicies is forbidden: User \"dana\" cannot create",
        Health.NotChecked,
        "safeguardpolicies is forbidden"
    )]
    [TestCase(
        HttpStatusCode.Forbidden,
        "admission webhook \"other.example.com\" denied the request: no",
        Health.NotChecked,
        "admission webhook \"other.example.com\""
    )]
    [TestCase(
        HttpStatusCode.NotFound,
        "the server could not find the requested resource",
        Health.Failed,
        "the API server answered without calling DeployGuard: the server could not find"
    )]
    public void TheAnswerToTheDryRunTellsWhetherAReplicaIsReachable(object? status, string answer, object health, string message) =>
        Expect(ReachabilityCheck.Diagnose((HttpStatusCode?)status, answer, s_installation), health, message);

    [Test]
    public void AnOpenGateIsReportedWithItsTimeAndTheProgramThatOpenedIt()
    {
        var open = JsonNode.Parse(
            """
            {"metadata": {"annotations": {"deployguard.io/gate": "open"}, "managedFields": [{"manager": "helm", "fieldsV1": {"f:metadata": {"f:labels": {}}}},
             {"manager": "kubectl-patch", "time": "2026-11-25T02:40:00Z", "fieldsV1": {"f:metadata": {"f:annotations": {"f:deployguard.io/gate": {}}}}}]}}
            """
        );
        Expect(
            GateCheck.Diagnose(open, "deployguard"),
            Health.Failed,
            "the gate is open since 2026-11-25T02:40:00Z, by kubectl-patch (the API server's audit log says who): nothing is guarded"
        );
        Expect(
            GateCheck.Diagnose(JsonNode.Parse("""{"metadata": {"annotations": {"deployguard.io/gate": "shut"}}}"""), "deployguard"),
            Health.Ok,
            "closed"
        );
    }

    [TestCase("", "20+", Health.Ok, "not in use: the API server (v1) does not support them before 1.28")]
    [TestCase("", "29", Health.Ok, "not in use: the API server (v1) supports them as beta, and removed them")]
    [TestCase("", "30", Health.Warning, "not in use, though the API server (v1) supports them")]
    [TestCase("""{"name": "a"}""", "30", Health.Ok, "in use: the API server (v1) skips requests that need no evaluation")]
    public void MatchConditionsAreInUseOrTheResultSaysWhyNot(string condition, string minor, object health, string message) =>
        Expect(
            MatchConditionsCheck.Diagnose(
                JsonNode.Parse($$"""{"webhooks": [{"matchConditions": [{{condition}}]}]}"""),
                ServerVersion.Of(JsonNode.Parse($$"""{"major": "1", "minor": "{{minor}}", "gitVersion": "v1"}"""))
            ),
            health,
            message
        );

    [Test]
    public void TrustedControllersAreListedAndUnknownOnesComeWithAChartValue()
    {
        SeenController[] seen =
        [
            new("system:serviceaccount:kube-system:deployment-controller", ["ReplicaSet"], true, true),
            new("system:serviceaccount:r:r", ["Pod", "ReplicaSet"], false, true),
        ];
        var found = ControllersCheck.Diagnose(seen, ["shop"], skipped: false, s_installation);
        Expect(found[0], Health.Ok, "trusted and seen: system:serviceaccount:kube-system:deployment-controller (ReplicaSet)");
        Expect(found[1], Health.Warning, "system:serviceaccount:r:r creates Pod, ReplicaSet objects for their owners and is not trusted");
        Assert.That(
            found[1].Remedy,
            Does.EndWith("""--set-json 'trustedControllers={"system:serviceaccount:r:r":["Pod","ReplicaSet"]}'""")
        );
        Expect(
            ControllersCheck.Diagnose([], [], skipped: true, s_installation).Single(),
            Health.Ok,
            "no trusted controller seen yet; the API server's matchConditions skip the writes of trusted controllers"
        );
    }

    [Test]
    public void NeitherAccountsOfGuardedNamespacesNorCreatorsForUnknownOwnersAreOfferedAsTrusted()
    {
        SeenController[] seen =
        [
            new("system:serviceaccount:shop:bot", ["Pod"], false, true),
            new("system:serviceaccount:shop:old", ["Job"], true, true),
            new("system:serviceaccount:tools:maker", ["Pod"], false, false),
            new("system:serviceaccount:shopping:maker", ["Pod"], false, true),
        ];
        var found = ControllersCheck.Diagnose(seen, ["shop"], skipped: false, s_installation);

        Expect(
            found[1],
            Health.Warning,
            "system:serviceaccount:shop:bot creates Pod objects for their owners and is not trusted. Do not trust it: anyone "
                + "who may write in guarded namespace shop can act as it"
        );
        Expect(
            found[2],
            Health.Warning,
            "system:serviceaccount:shop:old is trusted for Job objects, and anyone who may write in guarded namespace shop can act as it"
        );
        Expect(
            found[3],
            Health.Warning,
            "system:serviceaccount:tools:maker creates Pod objects that name an owner, and is not trusted. Do not trust it: the "
                + "owner was not found, or DeployGuard does not read its kind"
        );
        Assert.That(
            found.Where(d => d.Remedy?.Contains("--set-json", StringComparison.Ordinal) is true).Select(d => d.Message),
            Is.EqualTo(
                (string[])
                    [
                        "system:serviceaccount:shopping:maker creates Pod objects for their owners and is not trusted: each is "
                            + "evaluated as if a person created it",
                    ]
            )
        );
    }

    [Test]
    public void AControllerThatChangesWorkloadsOutsideItsNamespaceIsReportedWithARemedyIfItIsRefused()
    {
        SeenChanges[] seen =
        [
            new("system:serviceaccount:keda:keda-operator", "Deployment", ["shop"], true),
            new("system:serviceaccount:reloader:reloader", "Deployment", ["shop", "till"], true),
            new("system:serviceaccount:reloader:reloader", "StatefulSet", ["bank"], false),
            new("system:serviceaccount:shop:argocd-application-controller", "Deployment", ["till"], false),
            new("system:serviceaccount:tools:robot", "Job", ["shop"], true),
        ];
        var found = ControllerChanges.Diagnose(seen, s_installation).ToList();

        Expect(
            found[0],
            Health.Warning,
            "keda (system:serviceaccount:keda:keda-operator) changes Deployments outside its own namespace, in 1 namespace "
                + "(shop); some requests were refused"
        );
        Assert.That(found[0].Remedy, Does.EndWith("""--set-json 'trustedControllerPresets=["keda"]'. See docs/integrations.md#keda"""));
        Assert.That(found[0].Remedy, Does.Not.Contain("workloadKinds"));
        Expect(
            found[1],
            Health.Warning,
            "reloader (system:serviceaccount:reloader:reloader) changes Deployments, StatefulSets outside its own namespace, in "
                + "3 namespaces (bank, shop, till); some requests were refused"
        );
        Assert.That(found[1].Remedy, Does.StartWith("See docs/integrations.md#reloader: it restarts workloads"));
        Expect(
            found[2],
            Health.Ok,
            "argo-cd (system:serviceaccount:shop:argocd-application-controller) changes Deployments outside its own namespace, "
                + "in 1 namespace (till)"
        );
        Expect(
            found[3],
            Health.Warning,
            "system:serviceaccount:tools:robot changes Jobs outside its own namespace, in 1 namespace (shop); some requests were refused"
        );
        Assert.That(found[3].Remedy, Does.Not.Contain("--set-json"));
    }

    [Test]
    public void APresetIsOfferedWithItsWorkloadKindsAndKeepsPresentValues()
    {
        var installation = Installation.Of(
            Deployment(arguments: ["--trusted-preset=kueue@queues", "--workload-kind=robots.example.com/Robot=spec.template"]),
            "guards",
            "dg"
        );
        SeenChanges[] seen =
        [
            new("system:serviceaccount:keda:keda-operator", "Job", ["shop"], true),
            new("system:serviceaccount:argo-rollouts:argo-rollouts", "ReplicaSet", ["shop"], true),
        ];
        const string Robot = """{"group":"example.com","resource":"robots","kind":"Robot","templatePath":"spec.template"}""";

        Assert.That(
            ControllerChanges.Diagnose(seen, installation).Select(d => d.Remedy),
            Is.EqualTo(
                (string[])
                    [
                        "Add it to the chart's presets: helm upgrade dg CHART -n guards --reset-then-reuse-values --set-json "
                            + "'trustedControllerPresets=[\"kueue@queues\",\"keda-scaled-jobs\"]'"
                            + $$""" --set-json 'workloadKinds=[{{Robot}},{"group":"keda.sh","resource":"scaledjobs","kind":"ScaledJob","templatePath":"spec.jobTargetRef.template"}]'. See docs/integrations.md#keda-scaled-jobs""",
                        "Add it to the chart's presets: helm upgrade dg CHART -n guards --reset-then-reuse-values --set-json "
                            + "'trustedControllerPresets=[\"kueue@queues\",\"argo-rollouts\"]'"
                            + $$""" --set-json 'workloadKinds=[{{Robot}},{"group":"argoproj.io","resource":"rollouts","kind":"Rollout","templatePath":"spec.template"}]'. See docs/integrations.md#argo-rollouts""",
                    ]
            )
        );
    }

    [Test]
    public void ATrustedPresetIsNotOfferedAgain()
    {
        var installation = Installation.Of(
            Deployment(arguments: ["--trusted-preset=argo-rollouts", "--workload-kind=rollouts.argoproj.io/Rollout=spec.template"]),
            "guards",
            "dg"
        );
        SeenChanges[] seen = [new("system:serviceaccount:argo-rollouts:argo-rollouts", "ReplicaSet", ["shop"], true)];

        Assert.That(
            ControllerChanges.Diagnose(seen, installation).Single().Remedy,
            Does.StartWith("See docs/integrations.md#argo-rollouts: it creates ReplicaSets from Rollouts")
        );
    }

    [Test]
    public void AKnownControllerIsOfferedAsAPresetOnly()
    {
        SeenController[] seen =
        [
            new("system:serviceaccount:argo-rollouts:argo-rollouts", ["Job", "ReplicaSet"], false, true),
            new("system:serviceaccount:tekton-pipelines:tekton-pipelines-controller", ["Pod"], false, true),
        ];
        var found = ControllersCheck.Diagnose(seen, ["shop"], skipped: false, s_installation);

        Assert.That(
            found[1].Remedy,
            Does.Contain("""--set-json 'trustedControllerPresets=["argo-rollouts"]' --set-json 'workloadKinds=[{"group":"argoproj.io",""")
                .And.Not.Contain("trustedControllers")
        );
        Assert.That(found[2].Remedy, Does.StartWith("See docs/integrations.md#tekton: every user who can write a TaskRun"));
    }

    [Test]
    public void AListOfNamespacesThatMayBeIncompleteSaysSo()
    {
        SeenChanges[] seen =
        [
            new(
                "system:serviceaccount:tools:robot",
                "Job",
                [.. Enumerable.Range(0, SeenChanges.MaxNamespaces).Select(i => $"n{i}")],
                false
            ),
        ];

        Assert.That(ControllerChanges.Diagnose(seen, s_installation).Single().Message, Does.Contain("in 10 or more namespaces (n0, "));
    }

    [Test]
    public void ImagesInTheChartsInjectionAnnotationsAreReadAsTheReplicasRead()
    {
        var installation = Installation.Of(
            Deployment(arguments: ["--injection-annotation=image=sidecar.example.com/helper", "--injection-annotation=nonsense"]),
            "guards",
            "dg"
        );
        var pod = JsonDocument
            .Parse(
                """
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop", "annotations": {"sidecar.example.com/helper": "helper:2"}}, "spec": {"containers": [{"name": "a", "image": "a:1"}]}}
                """
            )
            .RootElement;

        Assert.That(
            installation.Options.Reader.Read(pod).Template.Images.Select(i => i.Reference.Text),
            Is.EquivalentTo((string[])["a:1", "helper:2"])
        );
        Assert.That(
            s_installation.Options.Reader.Read(pod).Template.Images.Select(i => i.Reference.Text),
            Is.EqualTo((string[])["a:1"]),
            "the built-in table alone"
        );
    }

    [Test]
    public void TheReportNamesTheReleaseThenFailuresThenWarningsAndNoControlCharacters()
    {
        var report = Report(
            new CheckResult("gate", Diagnosis.Ok("closed")),
            new CheckResult("quorum", Diagnosis.Warning("q", "r")),
            new CheckResult("policies", Diagnosis.Failed("p\u001b[2J", "Fix it"))
        );
        Assert.That(
            report.ToText(),
            Is.EqualTo(
                "DeployGuard, release dg in namespace guards, Deployment dg-deployguard, on Kubernetes v1.36.2\n"
                    + "FAILED   policies: p?[2J. Fix it\nwarning  quorum: q. r\nok       gate: closed\n1 failed, 1 warning, 0 not checked."
            )
        );
        Assert.That(report.IsHealthy, Is.False);
        Assert.That(
            JsonDocument.Parse(report.ToJson()).RootElement.GetProperty("findings")[2].GetProperty("health").GetString(),
            Is.EqualTo("FAILED")
        );
    }

    [Test]
    public void WhatCouldNotBeCheckedIsNeverWellAndSaysWhyOnce()
    {
        var report = Report(
            new CheckResult("gate", Diagnosis.Ok("closed")),
            new CheckResult(
                "certificate",
                Diagnosis.NotChecked(
                    "secrets \"t\" is forbidden: User \"olga\" cannot get resource \"secrets\" in the namespace \"guards\""
                )
            ),
            new CheckResult(
                "quorum",
                Diagnosis.NotChecked("roles is forbidden: User \"olga\" cannot list resource \"roles\" at the cluster scope")
            )
        );
        Assert.That(
            report.ToText().Split('\n')[1..],
            Is.EqualTo(
                (string[])
                    [
                        "ok       gate: closed",
                        "NOT CHECKED, because olga lacks permissions:",
                        "         certificate  cannot get resource \"secrets\" in the namespace \"guards\"",
                        "         quorum       cannot list resource \"roles\" at the cluster scope",
                        "         Ask a cluster administrator to run: kubectl deployguard doctor -n guards --name dg-deployguard; or to grant "
                            + "you all but the Secret: kubectl create clusterrolebinding deployguard-doctor-olga "
                            + "--clusterrole=dg-deployguard-doctor --user='olga'",
                        "0 failed, no warnings, 2 not checked.",
                    ]
            )
        );
        Assert.That(report.IsHealthy, Is.False);
        Assert.That(JsonDocument.Parse(report.ToJson()).RootElement.GetProperty("notChecked").GetInt32(), Is.EqualTo(2));
    }

    [Test]
    public void TheRoleIsNotOfferedForTheSecretThatItLeavesOut()
    {
        var report = Report(
            new CheckResult("certificate", Diagnosis.NotChecked("secrets is forbidden: User \"olga\" cannot get resource \"secrets\""))
        );
        Assert.That(
            report.ToText(),
            Does.Contain("Ask a cluster administrator to run: kubectl deployguard doctor -n guards --name dg-deployguard\n")
                .And.Not.Contain("clusterrolebinding")
        );
    }

    private static DoctorReport Report(params CheckResult[] results) =>
        new(new Headline("dg", "dg-deployguard", "guards", IsFound: true, "v1.36.2"), results);

    internal static void Expect(Diagnosis found, object health, string message)
    {
        Assert.That(found.Message, Does.StartWith(message));
        Assert.That(found.Health, Is.EqualTo(health));
        Assert.That(
            found.Remedy.Length > 0,
            Is.EqualTo(found.Health is Health.Warning or Health.Failed),
            "a remedy exactly where something is wrong"
        );
    }

    private static JsonObject Entry(string name, string ca) =>
        new JsonObject
        {
            ["name"] = name,
            ["clientConfig"] = new JsonObject { ["caBundle"] = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(ca)) },
        };

    private static JsonNode Deployment(int replicas = 2, int ready = 2, string image = "a/b:0.2.0", params string[] arguments) =>
        JsonSerializer.SerializeToNode(
            new
            {
                metadata = new
                {
                    labels = new Dictionary<string, string> { ["app.kubernetes.io/version"] = "0.2.7" },
                    annotations = new Dictionary<string, string> { ["meta.helm.sh/release-name"] = "dg" },
                },
                spec = new
                {
                    replicas,
                    template = new
                    {
                        spec = new
                        {
                            containers = new[]
                            {
                                new
                                {
                                    image,
                                    args = arguments,
                                    volumeMounts = new[] { new { name = "tls", mountPath = "/etc/deployguard/tls" } },
                                },
                            },
                            volumes = new[] { new { name = "tls", secret = new { secretName = "given" } } },
                        },
                    },
                },
                status = new { readyReplicas = ready },
            }
        ) ?? throw new InvalidOperationException("no JSON");
}

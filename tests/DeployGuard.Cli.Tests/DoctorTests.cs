using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Cli.Doctor;
using DeployGuard.Core.Identities;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Certificates;
using DeployGuard.Kubernetes.Controllers;

namespace DeployGuard.Cli.Tests;

/// <summary>What doctor makes of what it reads.</summary>
public class DoctorTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 25, 0, 0, 0, TimeSpan.Zero);
    private static readonly Installed s_installed = Installed.Of(null, "deployguard-system", "deployguard");

    [Test]
    public void WhatIsInstalledIsReadFromTheArgumentsOfTheDeployment()
    {
        var installed = Installed.Of(Deployment(arguments:
        [
            "--service-account=sa", "--service=svc", "--secret=memory", "--webhook-configuration=hooks", "--lease=lead", "--trusted-controller=system:serviceaccount:a:b=ReplicaSet,Pod",
            "--workload-kind=robots.example.com/Robot=spec.template", "--tls-cert=/etc/deployguard/tls/tls.crt", "--tls-key=/etc/deployguard/tls/tls.key", "--tls-ca=/etc/deployguard/tls/ca.crt",
        ]), "guards", "dg");

        Assert.Multiple(() =>
        {
            Assert.That(installed.User, Is.EqualTo("system:serviceaccount:guards:sa"));
            Assert.That((installed.Options.Service, installed.Options.Secret, installed.Options.WebhookConfiguration, installed.Options.Lease), Is.EqualTo(("svc", "memory", "hooks", "lead")));
            Assert.That(installed.Options.CustomKinds.Single().Kind, Is.EqualTo("Robot"));
            Assert.That(installed.Options.Trusted.Trusts(new Requester("system:serviceaccount:a:b", "", []), "Pod"), Is.True);
            Assert.That(installed.GivenFiles?.Secret, Is.EqualTo("given"));
        });
    }

    [Test]
    public void WithoutADeploymentTheChartsNamesAreTaken() => Assert.That(
        (s_installed.User, s_installed.Options.Secret, s_installed.Options.ControllersSeen, s_installed.GivenFiles),
        Is.EqualTo(("system:serviceaccount:deployguard-system:deployguard", "deployguard-tls", "deployguard-controllers", (GivenFiles?)null)));

    [TestCase(2, 2, Health.Ok, "2 of 2 replicas are ready")]
    [TestCase(2, 1, Health.Warning, "1 of 2 replicas are ready")]
    [TestCase(1, 1, Health.Warning, "its one replica is ready; nothing answers while it restarts")]
    [TestCase(2, 0, Health.Failed, "none of 2 replicas is ready: what an Enforce policy guards waits, and everything else passes unguarded")]
    [TestCase(0, 0, Health.Failed, "no replica is wanted: what an Enforce policy guards waits, and everything else passes unguarded")]
    public void ReplicasAreCounted(int wanted, int ready, object health, string words) =>
        Expect(DeploymentCheck.JudgeReplicas(Deployment(wanted, ready), "deployguard", "deployguard-system"), health, words);

    [TestCase("a/b:0.2.0", "0.2.0", Health.Ok, "it runs 0.2.0, as this program")]
    [TestCase("a/b:v0.2.1", "0.2.0", Health.Ok, "it runs 0.2.1, this program is 0.2.0: they go together")]
    [TestCase("a/b:0.1.9", "0.2.0", Health.Warning, "it runs 0.1.9, and this program is 0.2.0")]
    [TestCase("host:5000/b", "0.2.0", Health.Ok, "it runs 0.2.7, this program is 0.2.0: they go together")]
    [TestCase("a/b:9.9.9@sha256:00", "0.2.0", Health.Ok, "it runs 0.2.7, this program is 0.2.0: they go together")]
    public void VersionsAreCompared(string image, string own, object health, string words) =>
        Expect(DeploymentCheck.JudgeVersion(Deployment(image: image), own), health, words);

    [Test]
    public void MissingPermissionsAreGroupedByWhatFails()
    {
        var missing = RequiredPermissions.Of(s_installed.Options).Where(n => n.Resource is "events" or "leases").ToList();
        var found = PermissionsCheck.Judge(s_installed, missing, 60);
        Assert.That(found.Select(d => d.Words), Is.EqualTo((string[])
        [
            "system:serviceaccount:deployguard-system:deployguard may not create events, get events, patch events: nobody is told by Events",
            "system:serviceaccount:deployguard-system:deployguard may not get leases.coordination.k8s.io deployguard-leader -n deployguard-system, update leases.coordination.k8s.io deployguard-leader -n deployguard-system, create leases.coordination.k8s.io -n deployguard-system: no replica leads",
        ]));
        Assert.That(found, Has.All.Property("Health").EqualTo(Health.Failed));
    }

    [TestCase("", 0, Health.Ok, "t/tls.crt matches its key and CA, is for svc.ns.svc, and holds 89 days, until 2027-02-23")]
    [TestCase("", 77, Health.Warning, "t/tls.crt holds only 12 days, until 2027-02-23: nothing has renewed it")]
    [TestCase("", 91, Health.Failed, "t/tls.crt: the certificate expired on 2027-02-23 00:00:00Z")]
    [TestCase("", -2, Health.Failed, "t/tls.crt: the certificate is valid only from 2026-11-24 00:00:00Z")]
    [TestCase("name", 0, Health.Failed, "t/tls.crt is not for svc.ns.svc, by which the API server calls")]
    [TestCase("key", 0, Health.Failed, "t/tls.key: is not the PEM private key of the certificate")]
    [TestCase("ca", 0, Health.Failed, "t/tls.crt: is not signed by the CA in t/ca.crt")]
    [TestCase("garbage", 0, Health.Failed, "t/tls.crt: is not a PEM certificate")]
    public void ACertificateIsJudged(string broken, int daysLater, object health, string words)
    {
        var (pair, other) = (NewCertificate.For([broken == "name" ? "other.ns.svc" : "svc.ns.svc"], s_now), NewCertificate.For(["svc.ns.svc"], s_now));
        var found = CertificateCheck.JudgePair(
            "t", broken == "garbage" ? "hello" : pair.Certificate, broken == "key" ? other.Key : pair.Key, broken == "ca" ? other.CaCertificate : pair.CaCertificate,
            "svc.ns.svc", "remedy", s_now.AddDays(daysLater).AddMinutes(1));
        Assert.That((found.Health, found.Words), Is.EqualTo((health, found.Words)));
        Assert.That(found.Words, Does.StartWith(words));
    }

    [Test]
    public void EveryCaBundleIsCompared()
    {
        var (own, other) = (NewCertificate.For(["x"], s_now).CaCertificate, NewCertificate.For(["x"], s_now).CaCertificate);
        JsonNode[] entries = [Entry("a", own), Entry("b", other), Entry("c", own + "\n" + other), Entry("d", "")];
        Assert.That(CertificateCheck.JudgeBundles(entries, own).Select(d => (d.Health, d.Words)), Is.EqualTo(new[]
        {
            (Health.Failed, "caBundle of webhook b does not hold the CA of the certificate: every call of it fails"),
            (Health.Failed, "caBundle of webhook d does not hold the CA of the certificate: every call of it fails"),
            (Health.Warning, "caBundle of webhook c is not the same as the Secret's: right only while a CA is being exchanged"),
        }));
        Assert.That(CertificateCheck.JudgeBundles([Entry("a", own)], own).Single().Words, Is.EqualTo("caBundle of all 1 webhooks is its CA"));
    }

    [TestCase(null, "", Health.Failed, "the API server took a policy that DeployGuard refuses")]
    [TestCase(HttpStatusCode.BadRequest, "admission webhook \"records.deployguard.io\" denied the request: SafeguardPolicy x is not valid:\n - spec", Health.Ok, "the API server reached a replica, which answered")]
    [TestCase(HttpStatusCode.BadRequest, "admission webhook \"records.deployguard.io\" denied the request: no", Health.Warning, "something answered the API server in other words than DeployGuard's")]
    [TestCase(HttpStatusCode.InternalServerError, "Internal error occurred: failed calling webhook \"records.deployguard.io\": x509: unknown authority", Health.Failed, "the API server could not call DeployGuard: Internal error occurred: failed calling webhook \"records.deployguard.io\": x509")]
    [TestCase(HttpStatusCode.Forbidden, "safeguardpolicies is forbidden: User \"dana\" cannot create", Health.Warning, "it cannot be tried: safeguardpolicies is forbidden")]
    [TestCase(HttpStatusCode.Forbidden, "admission webhook \"other.example.com\" denied the request: no", Health.Warning, "it cannot be tried: admission webhook \"other.example.com\"")]
    [TestCase(HttpStatusCode.NotFound, "the server could not find the requested resource", Health.Failed, "the API server refused to try it: the server could not find")]
    public void WhatCameBackOfATryIsJudged(object? status, string message, object health, string words) => Expect(ReachabilityCheck.Judge((HttpStatusCode?)status, message, s_installed), health, words);

    [Test]
    public void AnOpenGateSaysSinceWhenAndByWhat()
    {
        var open = JsonNode.Parse("""
            {"metadata": {"annotations": {"deployguard.io/gate": "open"}, "managedFields": [{"manager": "helm", "fieldsV1": {"f:metadata": {"f:labels": {}}}},
             {"manager": "kubectl-patch", "time": "2026-11-25T02:40:00Z", "fieldsV1": {"f:metadata": {"f:annotations": {"f:deployguard.io/gate": {}}}}}]}}
            """);
        Expect(GateCheck.Judge(open, "deployguard"), Health.Failed, "the gate is open since 2026-11-25T02:40:00Z, by kubectl-patch (the API server's audit log says who): nothing is guarded");
        Expect(GateCheck.Judge(JsonNode.Parse("""{"metadata": {"annotations": {"deployguard.io/gate": "shut"}}}"""), "deployguard"), Health.Ok, "closed");
    }

    [TestCase("", "20+", Health.Ok, "not in use: the API server (v1) has none before 1.28")]
    [TestCase("", "29", Health.Ok, "not in use: the API server (v1) has them as beta, and did not keep them")]
    [TestCase("", "30", Health.Warning, "not in use, though the API server (v1) has them")]
    [TestCase("""{"name": "a"}""", "30", Health.Ok, "in use: the API server (v1) drops what needs no judging")]
    public void MatchConditionsAreInUseOrItSaysWhyNot(string condition, string minor, object health, string words) => Expect(
        MatchConditionsCheck.Judge(JsonNode.Parse($$"""{"webhooks": [{"matchConditions": [{{condition}}]}]}"""), ServerVersion.Of(JsonNode.Parse($$"""{"major": "1", "minor": "{{minor}}", "gitVersion": "v1"}"""))),
        health,
        words);

    [Test]
    public void ControllersAreListedAndUnknownOnesCarryTheChartsValue()
    {
        SeenController[] seen = [new("system:serviceaccount:kube-system:deployment-controller", ["ReplicaSet"], true, true), new("system:serviceaccount:r:r", ["Pod", "ReplicaSet"], false, true)];
        var found = ControllersCheck.Judge(seen, ["shop"], dropped: false, s_installed);
        Expect(found[0], Health.Ok, "trusted and seen: system:serviceaccount:kube-system:deployment-controller (ReplicaSet)");
        Expect(found[1], Health.Warning, "system:serviceaccount:r:r makes Pod, ReplicaSet objects for others and is not trusted");
        Assert.That(found[1].Remedy, Does.EndWith("""--set-json 'trustedControllers={"system:serviceaccount:r:r":["Pod","ReplicaSet"]}'"""));
        Expect(ControllersCheck.Judge([], [], dropped: true, s_installed).Single(), Health.Ok, "no trusted one seen yet; what trusted ones write is dropped by the API server's matchConditions");
    }

    [Test]
    public void AccountsOfGuardedNamespacesAndWhatNamesNoKnownOwnerAreNeverOffered()
    {
        SeenController[] seen =
        [
            new("system:serviceaccount:shop:bot", ["Pod"], false, true),
            new("system:serviceaccount:shop:old", ["Job"], true, true),
            new("system:serviceaccount:tools:maker", ["Pod"], false, false),
            new("system:serviceaccount:shopping:maker", ["Pod"], false, true),
        ];
        var found = ControllersCheck.Judge(seen, ["shop"], dropped: false, s_installed);

        Expect(found[1], Health.Warning, "system:serviceaccount:shop:bot makes Pod objects for others and is not trusted. It is not offered as trusted: anybody who may write in guarded namespace shop can act as it");
        Expect(found[2], Health.Warning, "system:serviceaccount:shop:old is trusted for Job objects, and anybody who may write in guarded namespace shop can act as it");
        Expect(found[3], Health.Warning, "system:serviceaccount:tools:maker makes Pod objects that name an owner, and is not trusted. It is not offered as trusted: no such owner was found, or its kind is none that DeployGuard reads");
        Assert.That(found.Where(d => d.Remedy?.Contains("--set-json", StringComparison.Ordinal) is true).Select(d => d.Words), Is.EqualTo((string[])
        [
            "system:serviceaccount:shopping:maker makes Pod objects for others and is not trusted: every one is judged as if a person made it",
        ]));
    }

    [Test]
    public void WhoChangesWorkloadsOfOthersIsNamedAndToldWhatToDoWhereItIsRefused()
    {
        SeenChanges[] seen =
        [
            new("system:serviceaccount:keda:keda-operator", "Deployment", ["shop"], true),
            new("system:serviceaccount:reloader:reloader", "Deployment", ["shop", "till"], true),
            new("system:serviceaccount:reloader:reloader", "StatefulSet", ["bank"], false),
            new("system:serviceaccount:shop:argocd-application-controller", "Deployment", ["till"], false),
            new("system:serviceaccount:tools:robot", "Job", ["shop"], true),
        ];
        var found = ControllerChanges.Judge(seen, s_installed).ToList();

        Expect(found[0], Health.Warning, "keda (system:serviceaccount:keda:keda-operator) changes Deployments of others in 1 namespace (shop); some of it was refused");
        Assert.That(found[0].Remedy, Does.EndWith("""--set-json 'trustedControllerPresets=["keda"]'. See docs/integrations.md#keda"""));
        Assert.That(found[0].Remedy, Does.Not.Contain("workloadKinds"));
        Expect(found[1], Health.Warning, "reloader (system:serviceaccount:reloader:reloader) changes Deployments, StatefulSets of others in 3 namespaces (bank, shop, till); some of it was refused");
        Assert.That(found[1].Remedy, Does.StartWith("See docs/integrations.md#reloader: it restarts workloads"));
        Expect(found[2], Health.Ok, "argo-cd (system:serviceaccount:shop:argocd-application-controller) changes Deployments of others in 1 namespace (till)");
        Expect(found[3], Health.Warning, "system:serviceaccount:tools:robot changes Jobs of others in 1 namespace (shop); some of it was refused");
        Assert.That(found[3].Remedy, Does.Not.Contain("--set-json"));
    }

    [Test]
    public void APresetIsOfferedWithAllItNeedsAndBesidesWhatIsThere()
    {
        var installed = Installed.Of(Deployment(arguments: ["--trusted-preset=kueue@queues", "--workload-kind=robots.example.com/Robot=spec.template"]), "guards", "dg");
        SeenChanges[] seen = [new("system:serviceaccount:keda:keda-operator", "Job", ["shop"], true), new("system:serviceaccount:argo-rollouts:argo-rollouts", "ReplicaSet", ["shop"], true)];
        const string Robot = """{"group":"example.com","resource":"robots","kind":"Robot","templatePath":"spec.template"}""";

        Assert.That(ControllerChanges.Judge(seen, installed).Select(d => d.Remedy), Is.EqualTo((string[])
        [
            "Add it to the chart's presets: helm upgrade dg CHART -n guards --reuse-values --set-json 'trustedControllerPresets=[\"kueue@queues\",\"keda-scaled-jobs\"]'"
            + $$""" --set-json 'workloadKinds=[{{Robot}},{"group":"keda.sh","resource":"scaledjobs","kind":"ScaledJob","templatePath":"spec.jobTargetRef.template"}]'. See docs/integrations.md#keda-scaled-jobs""",
            "Add it to the chart's presets: helm upgrade dg CHART -n guards --reuse-values --set-json 'trustedControllerPresets=[\"kueue@queues\",\"argo-rollouts\"]'"
            + $$""" --set-json 'workloadKinds=[{{Robot}},{"group":"argoproj.io","resource":"rollouts","kind":"Rollout","templatePath":"spec.template"}]'. See docs/integrations.md#argo-rollouts""",
        ]));
    }

    [Test]
    public void WhatIsTrustedAlreadyIsNotOfferedAgain()
    {
        var installed = Installed.Of(Deployment(arguments: ["--trusted-preset=argo-rollouts", "--workload-kind=rollouts.argoproj.io/Rollout=spec.template"]), "guards", "dg");
        SeenChanges[] seen = [new("system:serviceaccount:argo-rollouts:argo-rollouts", "ReplicaSet", ["shop"], true)];

        Assert.That(ControllerChanges.Judge(seen, installed).Single().Remedy, Does.StartWith("See docs/integrations.md#argo-rollouts: it makes ReplicaSets of Rollouts"));
    }

    [Test]
    public void AKnownControllerIsNeverOfferedForAWholeKindByHand()
    {
        SeenController[] seen =
        [
            new("system:serviceaccount:argo-rollouts:argo-rollouts", ["Job", "ReplicaSet"], false, true),
            new("system:serviceaccount:tekton-pipelines:tekton-pipelines-controller", ["Pod"], false, true),
        ];
        var found = ControllersCheck.Judge(seen, ["shop"], dropped: false, s_installed);

        Assert.That(found[1].Remedy, Does.Contain("""--set-json 'trustedControllerPresets=["argo-rollouts"]' --set-json 'workloadKinds=[{"group":"argoproj.io",""").And.Not.Contain("trustedControllers"));
        Assert.That(found[2].Remedy, Does.StartWith("See docs/integrations.md#tekton: anybody who may write a TaskRun"));
    }

    [Test]
    public void AListOfNamespacesThatMayHaveBeenCutSaysSo()
    {
        SeenChanges[] seen = [new("system:serviceaccount:tools:robot", "Job", [.. Enumerable.Range(0, SeenChanges.MaxNamespaces).Select(i => $"n{i}")], false)];

        Assert.That(ControllerChanges.Judge(seen, s_installed).Single().Words, Does.Contain("in 10 or more namespaces (n0, "));
    }

    [Test]
    public void ImagesInAnnotationsOfTheChartsListAreReadAsTheReplicasDo()
    {
        var installed = Installed.Of(Deployment(arguments: ["--injection-annotation=image=sidecar.example.com/helper", "--injection-annotation=nonsense"]), "guards", "dg");
        var pod = JsonDocument.Parse("""
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop", "annotations": {"sidecar.example.com/helper": "helper:2"}}, "spec": {"containers": [{"name": "a", "image": "a:1"}]}}
            """).RootElement;

        Assert.That(installed.Options.Reader.Read(pod).Template.Images.Select(i => i.Reference.Text), Is.EquivalentTo((string[])["a:1", "helper:2"]));
        Assert.That(s_installed.Options.Reader.Read(pod).Template.Images.Select(i => i.Reference.Text), Is.EqualTo((string[])["a:1"]), "the built-in table alone");
    }

    [Test]
    public void TheReportHasALineForEachAndNoControlCharacters()
    {
        var report = new Report([new CheckResult("gate", Diagnosis.Ok("closed")), new CheckResult("policies", Diagnosis.Failed("p\u001b[2J", "Mend it")), new CheckResult("quorum", Diagnosis.Warning("q", "r"))]);
        Assert.That(report.ToText(), Is.EqualTo("ok       gate: closed\nFAILED   policies: p?[2J. Mend it\nwarning  quorum: q. r\n1 failed, 1 to look at."));
        Assert.That(report.IsHealthy, Is.False);
        Assert.That(JsonDocument.Parse(report.ToJson()).RootElement.GetProperty("findings")[1].GetProperty("health").GetString(), Is.EqualTo("FAILED"));
    }

    internal static void Expect(Diagnosis found, object health, string words)
    {
        Assert.That(found.Words, Does.StartWith(words));
        Assert.That(found.Health, Is.EqualTo(health));
        Assert.That(found.Remedy.Length > 0, Is.EqualTo(found.Health is not Health.Ok), "what is not well has a remedy, and only that");
    }

    private static JsonObject Entry(string name, string ca) =>
        new JsonObject { ["name"] = name, ["clientConfig"] = new JsonObject { ["caBundle"] = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(ca)) } };

    private static JsonNode Deployment(int replicas = 2, int ready = 2, string image = "a/b:0.2.0", params string[] arguments) => JsonSerializer.SerializeToNode(new
    {
        metadata = new { labels = new Dictionary<string, string> { ["app.kubernetes.io/version"] = "0.2.7" } },
        spec = new
        {
            replicas,
            template = new
            {
                spec = new
                {
                    containers = new[] { new { image, args = arguments, volumeMounts = new[] { new { name = "tls", mountPath = "/etc/deployguard/tls" } } } },
                    volumes = new[] { new { name = "tls", secret = new { secretName = "given" } } },
                },
            },
        },
        status = new { readyReplicas = ready },
    }) ?? throw new InvalidOperationException("no JSON");
}

using System.Text.Json;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Rig;

namespace DeployGuard.EndToEnd;

/// <summary>
/// <c>deployguard doctor</c> on a real API server: it passes on a healthy installation, and reports each fault. In a cluster of its own,
/// which it damages.
/// </summary>
public class DoctorTests : OwnCluster
{
    private const string Namespace = "deployguard-system";
    private const string Configuration = "validatingwebhookconfiguration/deployguard";

    protected override async Task PrepareAsync()
    {
        // As a server from 1.21 on would have labelled them.
        foreach (var name in (string[])["default", "kube-system", "kube-public", "kube-node-lease", Namespace])
        {
            await KubectlAsync("label", "namespace", name, $"kubernetes.io/metadata.name={name}", "--overwrite");
        }

        // One policy, enforced in one namespace. The other policies belong to other tests.
        var policies = (await Plane.KubectlAsync("admin", "get", "safeguardpolicies", "-o", "name")).OrFail().Output.Split('\n');
        await KubectlAsync([
            "delete",
            .. policies.Where(p => !p.EndsWith("/guarded", StringComparison.Ordinal) && !p.EndsWith("/baseline", StringComparison.Ordinal)),
        ]);
        await TestCluster.Rig.CreateNamespaceAsync("shop");
        await KubectlAsync("label", "namespace", "shop", "tests=guarded");
    }

    /// <summary>One after the other, because the last faults cannot be fixed.</summary>
    [Test]
    public async Task HealthyInstallationPassesAndEveryFaultIsReported()
    {
        await HealthyInstallationPasses();
        await WrongNamespaceAndReleaseAreNamedWithTheCommandThatWorks();
        await OnCallEngineerRunsEveryCheck();
        await MissingReadPermissionsAreReportedWithTheRemedy();
        await UntrustedControllerIsReportedWithTheChartValue();
        await ControllerThatChangesOtherWorkloadsIsReported();
        await MissingPermissionIsReportedWithItsEffect();
        await OpenGateIsReportedWithTheCommandThatClosesIt();
        await DeadReplicasAndAnAlteredRegistrationAreReported();
        await InvalidPolicyEmptyRegistrationAndNoReplicasAreReportedTogether();
    }

    private static async Task HealthyInstallationPasses()
    {
        await KubectlAsync("create", "deployment", "more", "--image=web:1", "-n", "before");
        // Where matchConditions drop the requests of trusted controllers, DeployGuard never sees these controllers.
        var controllers = Server.HasMatchConditions ? "no trusted controller seen yet" : "replicaset-controller (Pod)";
        var run = await UntilAsync(
            r => r.Output.Contains(controllers, StringComparison.Ordinal) && r.Output.Contains("All is well", StringComparison.Ordinal),
            "doctor to find all well"
        );

        Assert.That(
            run.Output.Split('\n').Select(l => l.Split(':')[0]),
            Is.EqualTo(
                (string[])
                    [
                        $"DeployGuard, release deployguard in namespace deployguard-system, on Kubernetes {await ServerAsync()}",
                        "ok       permissions",
                        "ok       deployment",
                        "ok       deployment",
                        "ok       certificate",
                        "ok       certificate",
                        "ok       reachability",
                        "ok       registration",
                        "ok       gate",
                        "ok       matchConditions",
                        "ok       policies",
                        "ok       quorum",
                        "ok       evidence",
                        "ok       namespaces",
                        "ok       controllers",
                        "All is well.",
                    ]
            )
        );
        Assert.That(
            run.Output,
            Does.Contain("2 of 2 replicas are ready")
                .And.Contain("enforced in namespace shop")
                .And.Contain("the API server reached a replica, which answered")
        );
    }

    [Test]
    public async Task ChartRolesGrantExactlyTheRequiredPermissions()
    {
        var needs = RequiredPermissions.Of(
            new ClusterOptions
            {
                Namespace = Namespace,
                Service = "deployguard",
                Secret = "deployguard-tls",
                WebhookConfiguration = "deployguard",
                Lease = "deployguard-leader",
                CustomKinds = [new CustomKind("example.com", "robots", "Robot", "spec.body.template")],
            }
        );
        var granted = (await GrantsAsync("clusterrole", "")).Concat(await GrantsAsync("role", Namespace));
        // The chart's value originSecrets adds these.
        string[] originSecrets = [$"list secrets -n {Namespace}", $"watch secrets -n {Namespace}"];
        Assert.That(granted, Is.EquivalentTo([.. needs.Select(n => n.ToString()), .. originSecrets]));
    }

    [Test]
    public async Task JsonReportHasTheSameFindings()
    {
        var run = await Plane.KubectlAsync("admin", "deployguard", "doctor", "--output", "json");
        using var report = JsonDocument.Parse(run.Output);
        Assert.That(report.RootElement.GetProperty("healthy").GetBoolean(), Is.EqualTo(run.Succeeded));
        Assert.That(report.RootElement.GetProperty("findings")[0].GetProperty("check").GetString(), Is.EqualTo("permissions"));
    }

    private static async Task MissingReadPermissionsAreReportedWithTheRemedy()
    {
        var run = await Plane.KubectlAsync("dana", "deployguard", "doctor");
        Assert.That(
            run.Output,
            Does.Contain("NOT CHECKED, because dana lacks permissions:")
                .And.Match("permissions +cannot create resource \"subjectaccessreviews\"")
                .And.Match("reachability +cannot create resource \"safeguardpolicies\"")
                .And.Match(@"0 failed, no warnings, \d+ not checked\.$")
        );
        Assert.That(run.ExitCode, Is.EqualTo(1), "nobody knows whether all is well");

        // The command that it recommends.
        var grant = System.Text.RegularExpressions.Regex.Match(run.Output, "kubectl (create clusterrolebinding .*) --user='(.*)'");
        await KubectlAsync([.. grant.Groups[1].Value.Split(' '), $"--user={grant.Groups[2].Value}"]);
        await Wait.UntilAsync(
            () => Plane.KubectlAsync("dana", "deployguard", "doctor"),
            r =>
                !r.Output.Contains(" permissions  ", StringComparison.Ordinal) && !r.Output.Contains(" quorum  ", StringComparison.Ordinal),
            "the role to take effect"
        );
    }

    /// <summary>The roles of an on-call engineer: breakglass, and doctor.</summary>
    private static async Task OnCallEngineerRunsEveryCheck()
    {
        await KubectlAsync("create", "clusterrolebinding", "on-call-doctor", "--clusterrole=deployguard-doctor", "--group=on-call");
        await Wait.UntilAsync(
            () => Plane.KubectlAsync("olga", "deployguard", "doctor"),
            run => run.Succeeded && run.Output.EndsWith("All is well.", StringComparison.Ordinal),
            "every check to pass as the on-call engineer, who may write no policy"
        );
    }

    private static async Task WrongNamespaceAndReleaseAreNamedWithTheCommandThatWorks()
    {
        var nowhere = await Plane.KubectlAsync("admin", "deployguard", "doctor", "-n", "nosuch");
        Assert.That(
            (nowhere.ExitCode, nowhere.Output.Split('\n')[0]),
            Is.EqualTo(
                (
                    1,
                    "FAILED   installation: there is no namespace nosuch; DeployGuard is in namespace deployguard-system, as release deployguard. "
                        + "Check that one: kubectl deployguard doctor -n deployguard-system"
                )
            )
        );
        Assert.That(
            (await Plane.KubectlAsync("admin", "deployguard", "doctor", "--release", "other")).Output,
            Does.StartWith(
                "FAILED   installation: there is no Deployment other in namespace deployguard-system; DeployGuard is in namespace "
                    + "deployguard-system"
            )
        );
    }

    private static async Task<string> ServerAsync()
    {
        var version = (await Plane.KubectlAsync("admin", "get", "--raw", "/version")).OrFail().Output;
        return JsonDocument.Parse(version).RootElement.GetProperty("gitVersion").GetString() ?? "";
    }

    private static async Task UntrustedControllerIsReportedWithTheChartValue()
    {
        await KubectlAsync("create", "clusterrolebinding", "robots", "--clusterrole=admin", "--serviceaccount=robots:maker");
        await TestCluster.Rig.CreateNamespaceAsync("yard");
        await KubectlAsync("create", "deployment", "robot", "--image=web:1", "-n", "yard");
        var uid = (await Plane.KubectlAsync("admin", "get", "deployment", "robot", "-n", "yard", "-o", "jsonpath={.metadata.uid}"))
            .OrFail()
            .Output;
        var owned = $$"""
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "made", "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "robot", "uid": "{{uid}}", "controller": true}]},
             "spec": {"containers": [{"name": "c", "image": "c:1"}]} }
            """;
        await Wait.UntilAsync(
            () => Plane.KubectlAsync("admin", owned, ["create", "-f", "-", "-n", "yard", "--as=system:serviceaccount:robots:maker"]),
            run => run.Succeeded,
            "the pod to be created"
        );

        var said = await UntilAsync(r => r.Output.Contains("robots:maker", StringComparison.Ordinal), "the controller to be seen");
        Assert.That(
            said.Output,
            Does.Contain("warning  controllers: system:serviceaccount:robots:maker creates Pod objects for their owners and is not trusted")
                .And.Contain("""trustedControllers={"system:serviceaccount:robots:maker":["Pod"]}""")
        );
        Assert.That(said.ExitCode, Is.Zero);
    }

    private static async Task ControllerThatChangesOtherWorkloadsIsReported()
    {
        await KubectlAsync(
            "set",
            "env",
            "deployment/robot",
            "STAKATER_ROBOT_CONFIGMAP=1",
            "-n",
            "yard",
            "--as=system:serviceaccount:reloader:reloader",
            "--as-group=system:masters"
        );

        var said = await UntilAsync(r => r.Output.Contains("reloader", StringComparison.Ordinal), "the change to be seen");
        Assert.That(
            said.Output,
            Does.Contain(
                "ok       controllers: reloader (system:serviceaccount:reloader:reloader) changes Deployments outside its own "
                    + "namespace, in 1 namespace (yard)"
            )
        );
    }

    private static async Task MissingPermissionIsReportedWithItsEffect()
    {
        var role = (await Plane.KubectlAsync("admin", "get", "clusterrole", "deployguard", "-o", "json")).OrFail().Output;
        var index = JsonDocument
            .Parse(role)
            .RootElement.GetProperty("rules")
            .EnumerateArray()
            .ToList()
            .FindIndex(r => r.GetProperty("resources")[0].ValueEquals("events"));
        await KubectlAsync(
            "patch",
            "clusterrole",
            "deployguard",
            "--type=json",
            "-p",
            $$"""[{"op": "remove", "path": "/rules/{{index}}"}]"""
        );

        var run = await UntilAsync(
            r => r.Output.Contains("FAILED   permissions", StringComparison.Ordinal),
            "the missing permission to be seen"
        );
        Assert.That(
            run.Output,
            Does.Contain(
                "may not create events, get events, patch events: no Events are written. Restore the chart's roles: helm "
                    + "upgrade deployguard"
            )
        );
        Assert.That(run.ExitCode, Is.EqualTo(1));
        await KubectlAsync(
            "patch",
            "clusterrole",
            "deployguard",
            "--type=json",
            "-p",
            $$"""[{"op": "add", "path": "/rules/{{index}}", "value": {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "get", "patch"]} }]"""
        );
    }

    private static async Task OpenGateIsReportedWithTheCommandThatClosesIt()
    {
        await KubectlAsync("annotate", Configuration, "deployguard.io/gate=open");
        var run = await DoctorAsync();
        Assert.That(
            run.Output,
            Does.Contain("FAILED   gate: the gate is open since 20")
                .And.Contain(", by kubectl")
                .And.Contain("Close it: kubectl annotate validatingwebhookconfiguration deployguard deployguard.io/gate-")
        );
        await KubectlAsync("annotate", Configuration, "deployguard.io/gate-");
        await UntilAsync(
            r =>
                !r.Output.Contains("FAILED   gate", StringComparison.Ordinal)
                && !r.Output.Contains("FAILED   registration", StringComparison.Ordinal),
            "the gate to be closed"
        );
    }

    private static async Task DeadReplicasAndAnAlteredRegistrationAreReported()
    {
        foreach (var replica in TestCluster.Rig.Installation?.Replicas ?? [])
        {
            replica.Daemon.Kill();
        }

        var run = await DoctorAsync();
        Assert.That(
            run.Output,
            Does.Contain(
                "FAILED   reachability: the API server could not call DeployGuard: Internal error occurred: failed calling "
                    + "webhook \"records.deployguard.io\""
            )
        );
        Assert.That(run.Output, Does.Contain("ok       deployment: 2 of 2 replicas"), "every check is independent");

        var other = Convert.ToBase64String(
            System.Text.Encoding.UTF8.GetBytes(
                Kubernetes.Certificates.NewCertificate.For(["x"], TimeProvider.System.GetUtcNow()).CaCertificate
            )
        );
        await KubectlAsync(
            "patch",
            Configuration,
            "--type=json",
            "-p",
            $$"""[{"op": "replace", "path": "/webhooks/0/clientConfig/caBundle", "value": "{{other}}"}]"""
        );
        Assert.That(
            (await DoctorAsync()).Output,
            Does.Match(@"FAILED   certificate: caBundle of webhook [a-z-]+\.deployguard\.io lacks the CA of the certificate")
        );
    }

    private static async Task InvalidPolicyEmptyRegistrationAndNoReplicasAreReportedTogether()
    {
        await KubectlAsync("patch", Configuration, "--type=merge", "-p", """{"webhooks": []}""");
        const string Unreadable =
            """{"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"name": "broken"}, "spec": {"aproval": {}, "freeze": {}}}""";
        await Wait.UntilAsync(
            () => Plane.KubectlAsync("admin", Unreadable, ["create", "-f", "-"]),
            made => made.Succeeded,
            "the API server to see that nothing is registered"
        );
        await KubectlAsync("scale", "deployment/deployguard", "--replicas=0", "-n", Namespace);

        var run = await DoctorAsync();
        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(1));
            Assert.That(
                run.Output,
                Does.Contain("FAILED   deployment: spec.replicas is 0")
                    .And.Contain("kubectl -n deployguard-system scale deployment/deployguard --replicas=2")
            );
            Assert.That(run.Output, Does.Contain("FAILED   reachability: the API server accepted a record that DeployGuard refuses"));
            Assert.That(
                run.Output,
                Does.Contain("FAILED   registration: ValidatingWebhookConfiguration deployguard is empty: nothing is guarded")
            );
            Assert.That(run.Output, Does.Contain("FAILED   registration: no webhook has failurePolicy Fail in"));
            Assert.That(
                run.Output,
                Does.Contain(
                        "FAILED   policies: broken is not valid, and refuses new revisions where it matches:\n           - "
                            + "spec.freeze: needs active"
                    )
                    .And.Contain("- spec.aproval: unknown field")
            );
        });
    }

    [Test]
    public async Task ExitCodeIsTwoWithoutACluster()
    {
        var run = await Run.OfAsync(
            Path.Combine(Toolbox.Cli, "deployguard"),
            ["doctor", "--kubeconfig", "/nowhere/kubeconfig"],
            Plane.Environment("admin")
        );
        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Output, Does.StartWith("error: no cluster: "));
    }

    private static Task<Run> DoctorAsync() => Plane.KubectlAsync("admin", "deployguard", "doctor");

    private static Task<Run> UntilAsync(Func<Run, bool> accept, string what) => Wait.UntilAsync(DoctorAsync, accept, what);

    private static async Task KubectlAsync(params string[] arguments) => (await Plane.KubectlAsync("admin", arguments)).OrFail();

    /// <summary>The permissions of a role, in the text form of <see cref="AccessRule"/>.</summary>
    private static async Task<IEnumerable<string>> GrantsAsync(string kind, string @namespace)
    {
        var role = (
            await Plane.KubectlAsync(
                "admin",
                ["get", kind, "deployguard", "-o", "json", .. @namespace.Length > 0 ? (string[])["-n", @namespace] : []]
            )
        )
            .OrFail()
            .Output;
        static IEnumerable<string> Texts(JsonElement rule, string list) =>
            rule.TryGetProperty(list, out var texts) ? texts.EnumerateArray().Select(t => t.GetString() ?? "") : [];
        return from rule in JsonDocument.Parse(role).RootElement.GetProperty("rules").EnumerateArray()
            from apiGroup in Texts(rule, "apiGroups")
            from resource in Texts(rule, "resources")
            from verb in Texts(rule, "verbs")
            from name in Texts(rule, "resourceNames").DefaultIfEmpty("")
            select new AccessRule(apiGroup, resource, verb, @namespace, name, "").ToString();
    }
}

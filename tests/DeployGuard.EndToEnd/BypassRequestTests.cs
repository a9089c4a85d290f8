using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>Bypasses by the form of a request, by the numbers of their rows in docs/threat-model.md.</summary>
[Parallelizable(ParallelScope.All)]
public class BypassRequestTests
{
    [Test]
    public async Task Threat07_ScaledDownAndChangedInOneRequest()
    {
        var sandbox = await WithWebRunningAsync();

        Assert.That((await sandbox.ApplyAsync("dana", Web(V2, replicas: 1))).Output, Does.Contain("ApprovalMissing"));
        await sandbox.AssertNothingRunsAsync(V2);
    }

    [Test]
    public async Task Threat08_ChangedWhileItIsBeingDeleted()
    {
        var sandbox = await WithWebRunningAsync();
        (
            await sandbox.KubectlAsync("dana", "patch", "deployment", "web", "-p", """{"metadata":{"finalizers":["example.com/hold"]}}""")
        ).OrFail();
        (await sandbox.KubectlAsync("dana", "delete", "deployment", "web", "--wait=false")).OrFail();

        var run = await sandbox.SetImageAsync();

        Assert.That(run.Output, Does.Contain("ApprovalMissing"));
        (
            await sandbox.KubectlAsync(
                "dana",
                "patch",
                "deployment",
                "web",
                "--type=json",
                "-p",
                """[{"op":"remove","path":"/metadata/finalizers"}]"""
            )
        ).OrFail();
    }

    [Test]
    public async Task Threat09_HiddenInAWriteOfStatusFinalizersOrMetadata()
    {
        var sandbox = await WithWebRunningAsync();
        var change =
            $$$"""{"metadata":{"annotations":{"a":"b"},"finalizers":["example.com/hold"]},"spec":{"template":{"spec":{"containers":[{"name":"web","image":"{{{V2}}}"}]} } } }""";

        Assert.That(
            (await sandbox.KubectlAsync("dana", "patch", "deployment", "web", "-p", change)).Output,
            Does.Contain("ApprovalMissing")
        );
        // A status write does not change the template: the API server ignores it.
        (await sandbox.KubectlAsync("dana", "patch", "deployment", "web", "--subresource=status", "-p", change)).OrFail();
        Assert.That(
            (
                await sandbox.KubectlAsync("dana", "get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}")
            ).Output,
            Is.EqualTo(V1)
        );
        (await sandbox.KubectlAsync("dana", "annotate", "deployment", "web", "team=a")).OrFail();
        await sandbox.AssertNothingRunsAsync(V2);
    }

    [Test]
    public async Task Threat11_ATagThatCanBeMoved()
    {
        var sandbox = await WithWebRunningAsync();

        Assert.That((await sandbox.SetImageAsync("registry.example.com/web:2")).Output, Does.Contain("ImageNotPinned"));
    }

    [TestCase("label namespace {0} tests-")]
    [TestCase("label namespace {0} tests=other --overwrite")]
    [TestCase("patch namespace {0} --type=merge -p {{\"metadata\":{{\"labels\":{{\"tests\":null}}}}}}")]
    [TestCase("patch namespace {0} --subresource=status --type=merge -p {{\"metadata\":{{\"labels\":{{\"tests\":null}}}}}}")]
    public async Task Threat13_TheNamespaceRelabelledOutOfThePolicy(string command)
    {
        var sandbox = await WithWebRunningAsync();

        var run = await TestCluster.Rig.Plane.KubectlAsync(
            "dana",
            string.Format(System.Globalization.CultureInfo.InvariantCulture, command, sandbox.Namespace).Split(' ')
        );

        Assert.That(run.Output, Does.Contain("PolicyScopeEscape: with these labels Namespace").And.Contain("would leave policy guarded"));
        Assert.That((await sandbox.SetImageAsync()).Output, Does.Contain("ApprovalMissing"));
    }

    [Test]
    public async Task Threat13_TheNamespaceUnderAnotherNamespacesName()
    {
        var sandbox = await WithWebRunningAsync();

        string[] rename = ["label", "namespace", sandbox.Namespace, "kubernetes.io/metadata.name=kube-system", "--overwrite"];
        var run = await TestCluster.Rig.Plane.KubectlAsync("dana", rename);

        // From 1.21 on the API server sets this label itself, before admission.
        string[] look = ["get", "namespace", sandbox.Namespace, "-o", "jsonpath={.metadata.labels.kubernetes\\.io/metadata\\.name}"];
        Assert.That((await TestCluster.Rig.Plane.KubectlAsync("dana", look)).OrFail().Output, Is.EqualTo(sandbox.Namespace));
        Assert.That(run.Output, Server.SaysAnyOf("would leave policy guarded | labeled"));
        Assert.That((await sandbox.SetImageAsync()).Output, Does.Contain("ApprovalMissing"));
    }

    [Test]
    public async Task Threat13_TheNamespaceRelabelledThroughItsFinalizeSubresource()
    {
        var sandbox = await WithWebRunningAsync();
        var body = Parse(
            (await TestCluster.Rig.Plane.KubectlAsync("dana", "get", "namespace", sandbox.Namespace, "-o", "json")).OrFail().Output
        );
        body["metadata"]!["labels"]!.AsObject().Remove("tests");

        var run = await TestCluster.Rig.Plane.KubectlAsync(
            "dana",
            body.ToJsonString(),
            ["replace", "--raw", $"/api/v1/namespaces/{sandbox.Namespace}/finalize", "-f", "-"]
        );

        Assert.That(run.Output, Does.Contain("PolicyScopeEscape"));
    }

    [Test]
    public async Task Threat13_UserWithTheVerbExemptMayRelabel()
    {
        var sandbox = await WithWebRunningAsync();

        (await TestCluster.Rig.Plane.KubectlAsync("pete", "label", "namespace", sandbox.Namespace, "tests-")).OrFail();
    }

    [TestCase("")]
    [TestCase("--subresource=status")]
    public async Task Threat13_TheWorkloadRelabelledOutOfThePolicy(string route)
    {
        var sandbox = await UnguardedAsync();
        (await sandbox.CreateAsync("admin", StatefulSet())).OrFail();
        await sandbox.GuardAsync("labelled");
        await Rig.Wait.UntilAsync(
            () =>
                TestCluster.Rig.Plane.KubectlAsync(
                    "admin",
                    "get",
                    "validatingwebhookconfiguration",
                    "deployguard",
                    "-o",
                    "jsonpath={.webhooks[*].name}"
                ),
            r => r.Output.Contains("labels.deployguard.io", StringComparison.Ordinal),
            "the entry for writes of statuses"
        );

        string[] patch =
        [
            "patch",
            "statefulset",
            "web",
            "--type=merge",
            "-p",
            """{"metadata":{"labels":{"guard":"no"}}}""",
            .. route.Length > 0 ? new[] { route } : [],
        ];
        var run = await sandbox.KubectlAsync("dana", patch);

        Assert.That(
            run.Output,
            Does.Contain($"PolicyScopeEscape: with these labels StatefulSet {sandbox.Namespace}/web would leave policy labelled")
        );
        Assert.That(
            (await sandbox.KubectlAsync("dana", "set", "image", "statefulset/web", $"web={V2}")).Output,
            Does.Contain("ApprovalMissing")
        );
    }

    [Test]
    public async Task Threat14_NoAnnotationIsUnknownAndADroppedAnnotationIsRemembered()
    {
        var sandbox = await WithWebRunningAsync();

        Assert.That((await sandbox.ApplyAsync("dana", Web(V2))).Output, Does.Contain("Origin unknown"));
        Assert.That((await sandbox.ApplyAsync("dana", Web(V2, aiAssisted: true))).Output, Does.Contain("AI-assisted change"));
        await sandbox.ChangeInPhaseAsync("Pending");
        await Rig.Wait.UntilAsync(
            () => sandbox.ApplyAsync("dana", Web(V2)),
            run => run.Output.Contains("AI-assisted change", StringComparison.Ordinal),
            "the record to remember"
        );
    }

    private static System.Text.Json.Nodes.JsonObject StatefulSet() =>
        Parse(
            $$"""
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web", "labels": {"guard": "yes"} },
             "spec": {"serviceName": "web", "replicas": 1, "selector": {"matchLabels": {"app": "web"} },
              "template": {"metadata": {"labels": {"app": "web"} }, "spec": {"containers": [{"name": "web", "image": "{{V1}}"}] } } } }
            """
        );
}

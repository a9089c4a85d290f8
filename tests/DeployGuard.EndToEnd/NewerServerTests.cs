using System.Text.Json.Nodes;
using static DeployGuard.EndToEnd.NewerServer;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>
/// Pod fields of newer servers: each is evaluated like all others. Where the server of a run lacks the field, the test is skipped
/// by name.
/// </summary>
[Parallelizable(ParallelScope.All)]
public class NewerServerTests
{
    private const string Tagged = "mesh/proxy:latest";

    [Test]
    public async Task NativeSidecarIsEvaluatedLikeAContainer()
    {
        var sandbox = await WithWebRunningAsync();
        Server.SkipIf(
            !await Server.KeepsAsync(sandbox, WithSidecar(V1, V1), "{.spec.template.spec.initContainers[0].restartPolicy}"),
            "native sidecars"
        );

        Assert.That(
            (await sandbox.ApplyAsync("dana", WithSidecar(V1, Tagged))).Output,
            Does.Contain($"ImageNotPinned: image {Tagged} ")
                .And.Contain("spec.template.spec.initContainers[0].image")
                .And.Contain("ApprovalMissing")
        );
        await ApprovedAsync(sandbox, WithSidecar(V1, V2));
        Assert.That(
            (await sandbox.ApplyAsync("dana", WithSidecar(V1, V3))).Output,
            Does.Contain("ApprovalMissing"),
            "another sidecar alone"
        );
    }

    /// <summary>The main container's probe decides whether the pod is ready; a sidecar's cannot replace it.</summary>
    [Test]
    public async Task SidecarNeedsNoProbeButTheMainContainerDoes()
    {
        await PolicyAsync("paced-alone", Paced);
        var sandbox = await WithWebRunningAsync("paced-alone", replicas: 4);
        Server.SkipIf(
            !await Server.KeepsAsync(sandbox, WithSidecar(V1, V1), "{.spec.template.spec.initContainers[0].restartPolicy}"),
            "native sidecars"
        );
        var unprobed = WithSidecar(V1, V2);
        unprobed["spec"]!["minReadySeconds"] = 2;
        unprobed["spec"]!["template"]!["spec"]!["containers"]![0]!.AsObject().Remove("readinessProbe");

        Assert.That(
            (await sandbox.ApplyAsync("dana", unprobed)).Output,
            Does.Contain("PaceTooFast").And.Contain("container web has no readinessProbe").And.Not.Contain("container proxy")
        );
        var probed = WithSidecar(V1, V2);
        probed["spec"]!["minReadySeconds"] = 2;
        (await sandbox.ApplyAsync("dana", probed)).OrFail();
        (await sandbox.KubectlAsync("dana", "rollout", "status", "deployment/web", "--timeout=600s")).OrFail();
    }

    [Test]
    public async Task AnImageVolumeIsPinnedAndApproved()
    {
        var sandbox = await WithWebRunningAsync();
        Server.SkipIf(
            !await Server.KeepsAsync(sandbox, WithImageVolume(V1), "{.spec.template.spec.volumes[0].image.reference}"),
            "image volumes"
        );

        Assert.That(
            (await sandbox.ApplyAsync("dana", WithImageVolume("models:latest"))).Output,
            Does.Contain("ImageNotPinned: image models:latest ")
                .And.Contain("spec.template.spec.volumes[0].image.reference")
                .And.Contain("ApprovalMissing")
        );
        await ApprovedAsync(sandbox, WithImageVolume(V2));
        Assert.That(
            (await sandbox.ApplyAsync("dana", WithImageVolume(V3))).Output,
            Does.Contain("ApprovalMissing"),
            "another volume alone"
        );
    }

    [TestCase("hostUsers", "false")]
    [TestCase("resources", """{"limits": {"cpu": "1", "memory": "64Mi"}}""")]
    [TestCase("schedulingGates", """[{"name": "example.com/wait"}]""")]
    [TestCase("hostnameOverride", "\"web\"")]
    public async Task UnknownPodSpecFieldIsPartOfTheHash(string field, string value)
    {
        var sandbox = await WithWebRunningAsync();
        var after = Web(V1);
        after["spec"]!["template"]!["spec"]![field] = JsonNode.Parse(value);
        Server.SkipIf(!await Server.KeepsAsync(sandbox, after, $"{{.spec.template.spec.{field}}}"), $"the field {field} of a pod's spec");

        Assert.That((await sandbox.ApplyAsync("dana", after)).Output, Does.Contain("ApprovalMissing"));
        await ApprovedAsync(sandbox, after);
    }

    /// <summary>The subresource has no entry: autoscalers resize all the time, and it carries nothing but resources.</summary>
    [Test]
    public async Task ResizeChangesOnlyResourcesAndIsNotEvaluated()
    {
        Server.SkipIf(!await Server.ServesAsync("api/v1", "pods/resize"), "the subresource pods/resize");
        var sandbox = await UnguardedAsync();
        // The API server checks whether the node supports resizing.
        var node = $"resizes-{sandbox.Namespace}";
        await using var there = await NodeAsync(node);
        var web = Web(V1, 2);
        web["spec"]!["template"]!["spec"]!["nodeName"] = node;
        web["spec"]!["template"]!["spec"]!["containers"]![0]!["resources"] = Parse("""{"requests": {"cpu": "10m"}}""");
        (await sandbox.ApplyAsync("admin", web)).OrFail();
        await sandbox.IsRolledOutAsync("web");
        await sandbox.GuardAsync("guarded");
        var pod = (await sandbox.KubectlAsync("admin", "get", "pods", "-o", "jsonpath={.items[0].metadata.name}")).OrFail().Output;
        Task<Rig.Run> Resize(string patch) =>
            sandbox.KubectlAsync("admin", "patch", "pod", pod, "--subresource=resize", "--type=strategic", "-p", patch);

        (await Resize("""{"spec":{"containers":[{"name":"web","resources":{"requests":{"cpu":"20m"}}}]}}""")).OrFail();
        var more = await Resize(
            $$"""
            {"metadata":{"labels":{"app":"other"},"finalizers":["example.com/x"]},
             "spec":{"containers":[{"name":"web","image":"{{V2}}","resources":{"requests":{"cpu":"30m"} } }]} }
            """
        );

        await TestContext.Out.WriteLineAsync($"with a label, a finalizer and an image: {more.Output}");
        const string Kept =
            "jsonpath={.metadata.labels.app} {.metadata.finalizers} {.spec.containers[0].image} "
            + "{.spec.containers[0].resources.requests.cpu}";
        Assert.That((await sandbox.KubectlAsync("admin", "get", "pod", pod, "-o", Kept)).Output, Is.EqualTo($"web  {V1} 30m"));
        string[] registered = ["get", "validatingwebhookconfiguration", "deployguard", "-o", "jsonpath={.webhooks[*].rules[*].resources}"];
        Assert.That(
            (await TestCluster.Rig.Plane.KubectlAsync("admin", registered)).Output,
            Does.Contain("ephemeralcontainers").And.Not.Contain("resize")
        );
        // A resize makes no new revision.
        (await sandbox.KubectlAsync("dana", "label", "pod", pod, "note=x")).OrFail();
        (await sandbox.KubectlAsync("dana", "scale", "deployment/web", "--replicas=3")).OrFail();
    }

    [Test]
    public async Task AnEphemeralContainerOfKubectlDebugNeedsAnApproval()
    {
        Server.SkipIf(
            !await Server.ServesAsync("api/v1", "pods/ephemeralcontainers") || Server.Version < new Version(1, 23),
            "ephemeral containers"
        );
        var sandbox = await WithWebRunningAsync();
        var pod = (await sandbox.KubectlAsync("admin", "get", "pods", "-o", "jsonpath={.items[0].metadata.name}")).OrFail().Output;
        Task<Rig.Run> Debug(string image) => sandbox.KubectlAsync("admin", "debug", pod, $"--image={image}", "-c", "debugger");

        Assert.That(
            (await Debug("busybox")).Output,
            Does.Contain("ImageNotPinned: image busybox ").And.Contain("spec.ephemeralContainers[0].image").And.Contain("ApprovalMissing")
        );
        var refused = await Debug(V3);
        Assert.That(refused.Output, Does.Contain("ApprovalMissing").And.Not.Contain("ImageNotPinned"));
        await ApproveAsync(sandbox, refused.Output);
        (await Debug(V3)).OrFail();
        Assert.That(
            (await sandbox.KubectlAsync("admin", "get", "pod", pod, "-o", "jsonpath={.spec.ephemeralContainers[*].image}")).Output,
            Is.EqualTo(V3)
        );
    }

    [Test]
    public async Task KubectlDebugOfANodeIsEvaluatedAsAPod()
    {
        var sandbox = await GuardedAsync();
        var node = $"debugged-{sandbox.Namespace}";
        await using var there = await NodeAsync(node);

        var run = await sandbox.KubectlAsync("admin", "debug", $"node/{node}", $"--image={V3}", "--attach=false");

        Assert.That(run.Succeeded, Is.False);
        Assert.That(run.Output, Does.Contain($"Pod {sandbox.Namespace}/node-debugger-{node}").And.Contain("ApprovalMissing"));
        await sandbox.AssertNothingRunsAsync(V3);
    }

    private static JsonObject WithSidecar(string image, string sidecar)
    {
        var web = Web(image, 4);
        web["spec"]!["template"]!["spec"]!["initContainers"] = new JsonArray(
            Parse($$"""{"name": "proxy", "image": "{{sidecar}}", "restartPolicy": "Always", "ports": [{"containerPort": 15001}]}""")
        );
        return web;
    }

    private static JsonObject WithImageVolume(string image)
    {
        var web = Web(V1);
        var volume = $$"""{"name": "models", "image": {"reference": "{{image}}", "pullPolicy": "IfNotPresent"} }""";
        web["spec"]!["template"]!["spec"]!["volumes"] = new JsonArray(Parse(volume));
        return web;
    }
}

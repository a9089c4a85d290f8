using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>Requests of people are evaluated; requests of trusted controllers are not.</summary>
[Parallelizable(ParallelScope.All)]
public class ControllerTests
{
    [Test]
    public async Task ControllerObjectsOfAnAdmittedDeploymentPassWithAnInjectedSidecar()
    {
        var sandbox = await WithWebRunningAsync();
        await using var injector = await SidecarInjector.StartAsync(sandbox.Namespace);

        await RecoveryTests.ApprovedAsync(sandbox, V2);

        var images = await sandbox.KubectlAsync("dana", "get", "pods", "-o", "jsonpath={.items[*].spec.containers[*].image}");
        Assert.That(images.Output, Does.Contain("mesh/proxy:latest").And.Contain(V2));
    }

    [Test]
    public async Task PodWithAForgedOwnerIsRefused()
    {
        var sandbox = await WithWebRunningAsync();
        var uid = (await sandbox.KubectlAsync("dana", "get", "deployment", "web", "-o", "jsonpath={.metadata.uid}")).Output;

        var run = await sandbox.CreateAsync(
            "dana",
            Parse(
                $$"""
                {"apiVersion": "v1", "kind": "Pod",
                 "metadata": {"name": "x", "labels": {"app": "web"}, "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "{{uid}}", "controller": true}]},
                 "spec": {"containers": [{"name": "x", "image": "{{V3}}"}] } }
                """
            )
        );

        Assert.That(run.Output, Does.Contain($"Pod {sandbox.Namespace}/x refused by policy guarded"));
    }
}

using DeployGuard.Rig;

namespace DeployGuard.EndToEnd;

/// <summary>Installation without Helm, from manifests/install.yaml, in a cluster of its own.</summary>
public class ChartManifestTests : OwnCluster
{
    protected override int Replicas => 0;

    protected override bool IsSequence => true;

    [Test, Step(1)]
    public async Task InstallManifestGuardsAndCanBeAppliedAgain()
    {
        await ApplyAsync();
        await TestCluster.Rig.RunInstalledAsync(replicas: 1);
        await ApplyAsync();

        var entries = await Plane.KubectlAsync(
            "admin",
            "get",
            "validatingwebhookconfiguration",
            "deployguard",
            "-o",
            "jsonpath={.webhooks[*].name}"
        );
        Assert.That(entries.Output, Does.Contain("records.deployguard.io"));
        await Wait.UntilAsync(
            () => Plane.KubectlAsync("admin", "get", "safeguardpolicy", "baseline"),
            run => run.Succeeded,
            "the policy baseline"
        );
        var malformed = await Plane.KubectlAsync(
            "admin",
            """{"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"name": "x"}, "spec": {"freez": {}}}""",
            ["create", "-f", "-"]
        );
        Assert.That(malformed.Output, Does.Contain("denied the request").And.Contain("freez"));
    }

    [Test, Step(2)]
    public async Task DeletionFollowsOperationsAndKeepsTheRecords()
    {
        (
            await Plane.KubectlAsync("admin", "delete", "validatingwebhookconfiguration,mutatingwebhookconfiguration", "deployguard")
        ).OrFail();
        var deleted = await Plane.KubectlAsync(
            "admin",
            "delete",
            "-f",
            Manifests("install.yaml"),
            "-l",
            "app.kubernetes.io/component!=crds",
            "--ignore-not-found",
            "--wait=false"
        );

        Assert.That(Complaints(deleted), Is.Empty);
        (await Plane.KubectlAsync("admin", "get", "safeguardpolicy", "baseline")).OrFail();
        Assert.That(
            (
                await Plane.KubectlAsync(
                    "admin",
                    "get",
                    "clusterroles,validatingwebhookconfigurations,mutatingwebhookconfigurations",
                    "-o",
                    "name"
                )
            ).Output,
            Does.Not.Contain("deployguard")
        );
    }

    [Test]
    public async Task KustomizationCanBeOverlaid()
    {
        var overlay = Directory.CreateDirectory(Path.Combine(Plane.Folder, "overlay")).FullName;
        await File.WriteAllTextAsync(
            Path.Combine(overlay, "kustomization.yaml"),
            $"""
            resources: [{Path.GetRelativePath(overlay, Manifests("."))}]
            replicas: [{"{"}name: deployguard, count: 3{"}"}]
            images: [{"{"}name: deployguard/deployguard-webhook, newName: registry.example.com/deployguard{"}"}]

            """
        );

        var built = (await Plane.KubectlAsync("admin", "kustomize", overlay, "--load-restrictor=LoadRestrictionsNone")).OrFail().Output;

        Assert.That(built, Does.Contain("replicas: 3").And.Contain("image: registry.example.com/deployguard:"));
    }

    private static async Task ApplyAsync()
    {
        var run = await Plane.KubectlAsync("admin", "apply", "-f", Manifests("install.yaml"));
        Assert.That(Complaints(run), Is.Empty);
    }

    /// <summary>Error lines, without the one about a kind that unsupported older servers lack.</summary>
    private static IEnumerable<string> Complaints(Run run) =>
        run
            .Output.Split('\n')
            .Where(l =>
                l.Contains("error", StringComparison.OrdinalIgnoreCase)
                && !l.EndsWith("no matches for kind \"PodDisruptionBudget\" in version \"policy/v1\"", StringComparison.Ordinal)
            );

    private static string Manifests(string name) => Path.Combine(Toolbox.Repository, "manifests", name);
}

using System.Text.Json.Nodes;

namespace DeployGuard.Cli.Tests;

/// <summary>Doctor as a whole, where it finds nothing to check or may not look.</summary>
public class DoctorRunTests
{
    private const string Shop = "/api/v1/namespaces/shop";
    private const string AllDeployments = "/apis/apps/v1/deployments";

    [Test]
    public async Task WithoutADeployGuardOneLineSaysSo()
    {
        await using var server = await ServerAsync();

        var run = await server.RunAsync("doctor", "-n", "shop");

        Assert.That(
            (run.ExitCode, run.Output),
            Is.EqualTo(
                (
                    1,
                    "FAILED   installation: there is no Deployment deployguard in namespace shop, nor a DeployGuard anywhere in this cluster: it "
                        + "is not installed here. Check that your context is the right cluster: kubectl config current-context. To install it, "
                        + "see docs/getting-started.md\n1 failed, no warnings, 0 not checked."
                )
            )
        );
    }

    [TestCase("deployguard", "guards", "", "kubectl deployguard doctor -n guards")]
    [TestCase("gate-deployguard", "security", "gate", "kubectl deployguard doctor -n security --name gate-deployguard")]
    public async Task AnotherNamespaceIsFoundAndNamedWithTheCommand(string name, string @namespace, string release, string command)
    {
        await using var server = await ServerAsync(Deployment(name, @namespace, release));

        var run = await server.RunAsync("doctor", "-n", "nosuch");

        Assert.That(run.ExitCode, Is.EqualTo(1), run.Error);
        Assert.That(
            run.Output.Split('\n')[0],
            Is.EqualTo(
                $"FAILED   installation: there is no namespace nosuch; DeployGuard is in namespace {@namespace}, as release "
                    + $"{(release.Length > 0 ? release : name)}. Check that one: {command}"
            )
        );
    }

    [Test]
    public async Task AMissingDeploymentWhoseWebhooksAreRegisteredComesFirstWithTheWayOut()
    {
        await using var server = await ServerAsync();
        server.Objects["/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/deployguard"] = Json(
            """{"webhooks": [{"name": "workloads.deployguard.io", "clientConfig": {"service": {"namespace": "shop"} } }]}"""
        );

        var run = await server.RunAsync("doctor", "-n", "shop");

        Assert.That(run.ExitCode, Is.EqualTo(1), run.Error);
        Assert.That(
            run.Output.Split('\n')[0],
            Does.StartWith("FAILED   installation: there is no Deployment deployguard in namespace shop, but its webhooks are registered")
                .And.Contain("""open the gate: kubectl patch validatingwebhookconfiguration deployguard --type=merge -p '{"metadata":""")
        );
        Assert.That(run.Output, Does.Contain("registration: "), "the other checks are made");
    }

    [Test]
    public async Task ThePersonWhoMayReadNothingIsToldThatNothingWasChecked()
    {
        await using var server = await ServerAsync();
        server.Forbidden.AddRange(["/api/", "/apis/"]);

        var run = await server.RunAsync("doctor", "-n", "shop");

        Assert.That(run.ExitCode, Is.EqualTo(1), run.Error);
        Assert.That(
            run.Output,
            Does.EndWith("0 failed, 1 warning, 12 not checked.").And.Contain("NOT CHECKED, because olga lacks permissions:")
        );
        Assert.That(run.Output, Does.Not.Contain("Nothing failed").And.Not.Contain("All is well"));
    }

    /// <summary>The API server denies both in the same words, so that the name is the first thing to check.</summary>
    [Test]
    public async Task ThePersonWhoMayReadNothingIsToldToCheckTheNamespace()
    {
        await using var server = await ServerAsync();
        server.Forbidden.AddRange(["/api/", "/apis/"]);

        Assert.That(
            (await server.RunAsync("doctor", "-n", "nosuch")).Output,
            Does.Contain(
                "\nwarning  installation: it is not known whether there is a namespace nosuch with a DeployGuard in it: you may not read either. "
                    + "Check the name first: DeployGuard may be in another namespace than nosuch."
            )
        );
    }

    /// <summary>An on-call engineer may create a BreakGlass and no policy.</summary>
    [Test]
    public async Task ReachabilityIsCheckedWithABreakGlassWherePoliciesMayNotBeWritten()
    {
        await using var server = await ServerAsync(Deployment("deployguard", "shop", "deployguard"));
        server.ForbiddenWrites.Add("/apis/deployguard.io/v1alpha1/safeguardpolicies");
        server.Objects["/apis/deployguard.io/v1alpha1/safeguardpolicies"] = Json(
            """{"metadata": {}, "items": [{"metadata": {"name": "p"}, "spec": {"mode": "Enforce", "freeze": {"message": "x"}, "active": {"until": "2999-01-01T00:00:00Z"} } }]}"""
        );

        var run = await server.RunAsync("doctor", "-n", "shop");

        Assert.That(run.ExitCode, Is.EqualTo(1), run.Error);
        Assert.That(run.Output, Does.Contain("FAILED   reachability: the API server accepted a record that DeployGuard refuses"));
        Assert.That((string?)server.Written.Single()["kind"], Is.EqualTo("BreakGlass"));
    }

    private static async Task<ObjectsServer> ServerAsync(JsonNode? deployment = null)
    {
        var server = await ObjectsServer.StartAsync();
        server.Objects["/version"] = Json("""{"major": "1", "minor": "36", "gitVersion": "v1.36.2"}""");
        server.Objects[Shop] = Json("""{"metadata": {"name": "shop"} }""");
        server.Objects["/api/v1/namespaces"] = Json("""{"metadata": {}, "items": [{"metadata": {"name": "bank"} }]}""");
        server.Objects[AllDeployments] = new JsonObject
        {
            ["metadata"] = new JsonObject(),
            ["items"] = new JsonArray([.. deployment is null ? (JsonNode[])[] : [deployment.DeepClone()]]),
        };
        if ((string?)deployment?["metadata"]?["namespace"] == "shop")
        {
            server.Objects[$"{ObjectsServer.Deployments}/deployguard"] = deployment.DeepClone();
        }

        return server;
    }

    private static JsonNode Deployment(string name, string @namespace, string release) =>
        Json(
            $$"""
            {"metadata": {"name": "{{name}}", "namespace": "{{@namespace}}"
             {{(release.Length > 0 ? $$""", "annotations": {"meta.helm.sh/release-name": "{{release}}"}""" : "")}} },
             "spec": {"replicas": 2}, "status": {"readyReplicas": 2} }
            """
        );

    private static JsonNode Json(string text) => JsonNode.Parse(text) ?? throw new InvalidOperationException("no JSON");
}

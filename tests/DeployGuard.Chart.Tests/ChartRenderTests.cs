using System.Text.Json;
using DeployGuard.Rig;

namespace DeployGuard.Chart.Tests;

/// <summary>The rendered chart, value by value. Without helm-unittest: helm renders, and the tests read the result.</summary>
[Parallelizable(ParallelScope.All)]
public class ChartRenderTests
{
    [TestCaseSource(typeof(Rendered), nameof(Rendered.Matrix))]
    public async Task EveryValuesFilePassesTheRestrictedPodSecurityStandard(string values)
    {
        var rendered = await Rendered.OfAsync("-f", Rendered.ValuesFile(values));

        Assert.That(RestrictedPod.Breaches(rendered.Pod.GetProperty("spec")), Is.Empty);
    }

    [TestCaseSource(typeof(Rendered), nameof(Rendered.Matrix))]
    public async Task ThePodOfHelmTestPassesTheRestrictedPodSecurityStandardAndIsNoReplica(string values)
    {
        var rendered = await Rendered.OfAsync("-f", Rendered.ValuesFile(values), "--show-only", "templates/tests/probe.yaml");
        var pod = rendered.Only("Pod");

        Assert.That(RestrictedPod.Breaches(pod.GetProperty("spec")), Is.Empty);
        Assert.That(pod.At("metadata", "labels", "app.kubernetes.io/name").GetString(), Is.EqualTo("deployguard-test"));
        Assert.That(
            rendered.Objects.Select(o => o.At("metadata", "annotations", "helm.sh/hook").GetString()),
            Is.All.EqualTo("test"),
            "nothing of it stays in a release"
        );
    }

    /// <summary>The pod of a failed test stays for its logs, without the account and the role that it had.</summary>
    [Test]
    public async Task RightsOfHelmTestAreDeletedHoweverItEnds()
    {
        var rendered = await Rendered.OfAsync("--show-only", "templates/tests/probe.yaml");

        Assert.That(
            rendered.Objects.Select(o =>
                $"{o.GetProperty("kind").GetString()}: {o.At("metadata", "annotations", "helm.sh/hook-delete-policy").GetString()}"
            ),
            Is.EquivalentTo(
                new[]
                {
                    "ServiceAccount: before-hook-creation,hook-succeeded,hook-failed",
                    "ClusterRole: before-hook-creation,hook-succeeded,hook-failed",
                    "ClusterRoleBinding: before-hook-creation,hook-succeeded,hook-failed",
                    "Pod: before-hook-creation,hook-succeeded",
                }
            )
        );
    }

    /// <summary>
    /// Developers withdraw their own requests with a ChangeApproval; the verb keeps them from reviewing where no policy does.
    /// </summary>
    [TestCase("requester", false)]
    [TestCase("breakglass", false)]
    [TestCase("approver", true)]
    public async Task OnlyApproversMayReview(string role, bool mayReview)
    {
        var rendered = await Rendered.OfAsync("--show-only", $"templates/clusterrole-{role}.yaml");
        var verbs = rendered
            .Only("ClusterRole")
            .GetProperty("rules")
            .EnumerateArray()
            .Where(r => r.GetProperty("resources").EnumerateArray().Any(n => n.ValueEquals("breakglasses")))
            .SelectMany(r => r.GetProperty("verbs").EnumerateArray().Select(v => v.GetString()));

        Assert.That(verbs.Any(v => v is "review" or "*"), Is.EqualTo(mayReview));
    }

    /// <summary>What the notes say of a cluster is tested on a real one, in ChartLifecycleTests.</summary>
    [Test]
    public async Task WithoutAClusterTheNotesDoNotClaimToKnowWhatIsEnforced()
    {
        var tools = await Toolbox.InstallAsync();
        string[] arguments = ["install", "deployguard", Toolbox.Chart, "--namespace", "dg", "--dry-run=client"];

        var notes = (await Run.OfAsync(tools["helm"], arguments, Run.SameEnvironment)).OrFail().Output.Split("NOTES:\n")[1];

        Assert.That(notes, Does.Contain("What is enforced is not known here: this was a dry run without a cluster."));
        Assert.That(notes, Does.Not.Match("^DeployGuard [0-9.]+ is installed").And.Not.Contain("Nothing is enforced"));
    }

    [Test]
    public async Task RestrictedPodSecurityCheckFindsViolations()
    {
        var pod = (await Rendered.OfAsync()).Pod.GetProperty("spec").GetRawText();
        using var bad = JsonDocument.Parse(
            pod.Replace("\"allowPrivilegeEscalation\":false", "\"privileged\":true", StringComparison.Ordinal)
                .Replace("RuntimeDefault", "Unconfined", StringComparison.Ordinal)
        );

        Assert.That(
            RestrictedPod.Breaches(bad.RootElement),
            Is.EquivalentTo(new[] { "no seccomp profile", "allowPrivilegeEscalation is not false", "privileged" })
        );
    }

    [TestCaseSource(typeof(Rendered), nameof(Rendered.Matrix))]
    public async Task NoValuesFileRendersACertificateOrAKey(string values)
    {
        var rendered = await Rendered.OfAsync("-f", Rendered.ValuesFile(values), "--api-versions=monitoring.coreos.com/v1");

        Assert.That(rendered.Text, Does.Not.Contain("-----BEGIN").And.Not.Contain("LS0tLS1"));
        // A policy has a field of this name for its registries.
        var others = rendered.Objects.Where(o => o.GetProperty("kind").GetString() is not "CustomResourceDefinition");
        Assert.That(others.Select(o => o.GetRawText()), Has.None.Contains("caBundle"));
        foreach (var secret in rendered.Of("Secret"))
        {
            Assert.That(
                secret.EnumerateObject().Select(p => p.Name),
                Is.EquivalentTo(new[] { "apiVersion", "kind", "metadata", "type" }),
                secret.Name()
            );
        }
    }

    [TestCaseSource(typeof(Rendered), nameof(Rendered.Matrix))]
    public async Task NoValuesFileRendersWebhookEntries(string values)
    {
        var rendered = await Rendered.OfAsync("-f", Rendered.ValuesFile(values));

        foreach (var configuration in rendered.Of("ValidatingWebhookConfiguration").Concat(rendered.Of("MutatingWebhookConfiguration")))
        {
            Assert.That(configuration.Maybe("webhooks").ValueKind, Is.EqualTo(JsonValueKind.Undefined));
        }
    }

    [Test]
    public async Task CommonLabelsAndAnnotationsAreOnEveryObjectAndReplaceNoneOfDeployGuards()
    {
        var rendered = await Rendered.OfAsync(
            "--set",
            "commonLabels.team=platform,commonLabels.app\\.kubernetes\\.io/name=mine,commonAnnotations.owner=us,prometheus.enabled=true,networkPolicy.enabled=true,tls.certManager.enabled=true"
        );

        foreach (var one in rendered.Objects)
        {
            Assert.That(one.At("metadata", "labels", "team").GetString(), Is.EqualTo("platform"), one.Name());
            Assert.That(one.At("metadata", "labels", "app.kubernetes.io/name").GetString(), Is.EqualTo("deployguard"), one.Name());
            Assert.That(one.At("metadata", "annotations", "owner").GetString(), Is.EqualTo("us"), one.Name());
        }

        Assert.That(rendered.Pod.At("metadata", "labels", "team").GetString(), Is.EqualTo("platform"));
        Assert.That(rendered.Only("Deployment").At("spec", "selector", "matchLabels").EnumerateObject().Count(), Is.EqualTo(2));
    }

    [Test]
    public async Task FlagsUnknownToOlderVersionsAreRenderedOnlyIfSet()
    {
        var plain = await Rendered.OfAsync();
        var configured = await Rendered.OfAsync("-f", Rendered.ValuesFile("everything-on"));

        Assert.That(plain.Arguments, Has.None.Contains("--log").And.None.Contains("--otlp").And.None.Contains("proxy"));
        Assert.That(
            configured.Arguments,
            Is.SupersetOf(new[] { "--log-level=Debug", "--log-format=json", "--otlp-endpoint=http://collector.monitoring:4317" })
        );
        Assert.That(
            configured.Pod.At("spec", "containers")[0].GetProperty("env").EnumerateArray().Select(e => e.GetProperty("name").GetString()),
            Does.Contain("OTEL_RESOURCE_ATTRIBUTES").And.Contain("DOTNET_EnableDiagnostics")
        );
        Assert.That(
            configured.Pod.At("spec", "containers")[0].GetProperty("image").GetString(),
            Does.Match("^registry.example.com/platform/deployguard-webhook@sha256:[0-9a-f]{64}$")
        );
    }

    [Test]
    public async Task APasswordOfTheProxyOfRegistriesStandsInNoArgument()
    {
        var named = await Rendered.OfAsync("--set", "registryProxy.url=http://proxy.corp:3128");
        var secret = await Rendered.OfAsync("-f", Rendered.ValuesFile("everything-on"));

        Assert.That(named.Arguments, Does.Contain("--registry-proxy=http://proxy.corp:3128"));
        Assert.That(
            secret.Arguments,
            Is.SupersetOf(new[] { "--registry-no-proxy=registry.example.com", "--registry-no-proxy=.corp" })
                .And.None.StartsWith("--registry-proxy")
        );
        Assert.That(
            secret
                .Pod.At("spec", "containers")[0]
                .GetProperty("env")
                .EnumerateArray()
                .Single(e => e.GetProperty("name").GetString() == "DEPLOYGUARD_REGISTRY_PROXY")
                .At("valueFrom", "secretKeyRef", "name")
                .GetString(),
            Is.EqualTo("registry-proxy")
        );
    }

    [Test]
    public async Task PodHasTheGracePeriodForDraining()
    {
        var pod = (await Rendered.OfAsync()).Pod.GetProperty("spec");

        Assert.That(pod.GetProperty("terminationGracePeriodSeconds").GetInt32(), Is.EqualTo(30));
        Assert.That(pod.GetProperty("containers")[0].Maybe("lifecycle").ValueKind, Is.EqualTo(JsonValueKind.Undefined));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task DefinitionsOutliveTheReleaseUnlessKeepIsOff(bool keep)
    {
        var rendered = await Rendered.OfAsync("--set", $"crds.keep={(keep ? "true" : "false")}");

        Assert.That(
            rendered
                .Of("CustomResourceDefinition")
                .Select(d => d.At("metadata").Maybe("annotations").Maybe("helm.sh/resource-policy").ToString()),
            Has.All.EqualTo(keep ? "keep" : "").And.Exactly(5).Items
        );
    }
}

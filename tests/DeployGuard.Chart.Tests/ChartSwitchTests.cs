using DeployGuard.Rig;

namespace DeployGuard.Chart.Tests;

/// <summary>Optional objects of the chart, rendered only if a value or the cluster's APIs enable them.</summary>
[Parallelizable(ParallelScope.All)]
public class ChartSwitchTests
{
    private const string Monitoring = "--api-versions=monitoring.coreos.com/v1";

    [TestCase("1.36", "flowcontrol.apiserver.k8s.io/v1")]
    [TestCase("1.29", "flowcontrol.apiserver.k8s.io/v1")]
    [TestCase("1.28", "flowcontrol.apiserver.k8s.io/v1beta3")]
    [TestCase("1.25", null)]
    public async Task FlowControlVersionFollowsTheKubernetesVersion(string kubernetes, string? version)
    {
        var rendered = await Rendered.OfAsync("--kube-version", kubernetes);

        var versions = rendered
            .Of("FlowSchema")
            .Concat(rendered.Of("PriorityLevelConfiguration"))
            .Select(o => o.GetProperty("apiVersion").GetString());
        Assert.That(versions, Is.EqualTo(version is null ? Array.Empty<string>() : [version, version]));
    }

    [Test]
    public async Task FlowSchemaMatchesOnlyDeployGuardsServiceAccount()
    {
        var rendered = await Rendered.OfAsync();

        var rule = rendered.Only("FlowSchema").At("spec", "rules").EnumerateArray().Single();
        Assert.That(
            rule.GetProperty("subjects").EnumerateArray().Single().GetRawText(),
            Is.EqualTo("""{"kind":"ServiceAccount","serviceAccount":{"name":"deployguard","namespace":"dg"}}""")
        );
        Assert.That(
            rendered.Only("FlowSchema").At("spec", "priorityLevelConfiguration", "name").GetString(),
            Is.EqualTo(rendered.Only("PriorityLevelConfiguration").Name())
        );
    }

    [Test]
    public async Task FlowControlCanBeDisabled() =>
        Assert.That((await Rendered.OfAsync("--set", "flowSchema.enabled=false")).Text, Does.Not.Contain("flowcontrol"));

    [Test]
    public async Task WithoutThePrometheusOperatorNoMonitoringObjectIsRendered() =>
        Assert.That((await Rendered.OfAsync()).Text, Does.Not.Contain("monitoring.coreos.com").And.Not.Contain("-dashboard-"));

    [Test]
    public async Task WithThePrometheusOperatorRulesAndOneMonitorAreRendered()
    {
        var service = await Rendered.OfAsync(Monitoring);
        var pod = await Rendered.OfAsync(Monitoring, "--set", "prometheus.podMonitor=true,prometheus.labels.release=kps");

        Assert.That(service.Of("PrometheusRule").Count() + service.Of("ServiceMonitor").Count(), Is.EqualTo(2));
        Assert.That(service.Of("PodMonitor"), Is.Empty);
        Assert.That(pod.Of("ServiceMonitor"), Is.Empty);
        Assert.That(pod.Only("PodMonitor").At("metadata", "labels", "release").GetString(), Is.EqualTo("kps"));
        Assert.That(
            pod.Only("PodMonitor").At("spec", "podMetricsEndpoints")[0].GetRawText(),
            Is.EqualTo("""{"port":"metrics","honorLabels":true}""")
        );
    }

    [Test]
    public async Task EveryDashboardFileBecomesAConfigMapUnchanged()
    {
        var rendered = await Rendered.OfAsync("--set", "dashboards.enabled=true,dashboards.annotations.grafana_folder=DeployGuard");

        var folder = Path.Combine(Toolbox.Chart, "files", "dashboards");
        var maps = rendered.Of("ConfigMap").ToDictionary(m => m.Name() ?? "");
        foreach (var file in Directory.Exists(folder) ? Directory.GetFiles(folder, "*.json") : [])
        {
            Assert.That(maps.Remove($"deployguard-dashboard-{Path.GetFileNameWithoutExtension(file)}", out var map), Is.True, file);
            Assert.That(map.At("data", Path.GetFileName(file)).GetString()?.Trim(), Is.EqualTo((await File.ReadAllTextAsync(file)).Trim()));
            Assert.That(map.At("metadata", "labels", "grafana_dashboard").GetString(), Is.EqualTo("1"));
            Assert.That(map.At("metadata", "annotations", "grafana_folder").GetString(), Is.EqualTo("DeployGuard"));
        }

        Assert.That(maps, Is.Empty);
    }

    [Test]
    public async Task CertManagerWritesTheMountedSecret()
    {
        var rendered = await Rendered.OfAsync("-f", Rendered.ValuesFile("cert-manager"));

        var leaf = rendered.Of("Certificate").Single(c => c.Name() == "deployguard");
        Assert.That(
            leaf.At("spec", "secretName").GetString(),
            Is.EqualTo(rendered.Pod.At("spec", "volumes")[0].At("secret", "secretName").GetString())
        );
        Assert.That(leaf.At("spec", "dnsNames")[0].GetString(), Is.EqualTo("deployguard.dg.svc"));
        Assert.That(leaf.At("spec", "issuerRef", "name").GetString(), Is.EqualTo("deployguard-ca"));
        Assert.That(rendered.Of("Certificate").Single(c => c.Name() == "deployguard-ca").At("spec", "isCA").GetBoolean(), Is.True);
        Assert.That(rendered.Of("Issuer").Select(i => i.Name()), Is.EquivalentTo(new[] { "deployguard-ca", "deployguard-selfsigned" }));
        Assert.That(rendered.Arguments, Does.Contain("--tls-ca=/etc/deployguard/tls/ca.crt"));
    }

    [Test]
    public async Task ConfiguredIssuerIsUsed()
    {
        var rendered = await Rendered.OfAsync("-f", Rendered.ValuesFile("cert-manager-issuer"));

        Assert.That(
            rendered.Only("Certificate").At("spec", "issuerRef").GetRawText(),
            Is.EqualTo("""{"kind":"ClusterIssuer","name":"house-ca"}""")
        );
        Assert.That(rendered.Of("Issuer"), Is.Empty);
    }

    [Test]
    public async Task WithoutCertManagerNoneOfItsObjectsIsRendered() =>
        Assert.That((await Rendered.OfAsync("--api-versions=cert-manager.io/v1")).Text, Does.Not.Contain("cert-manager.io"));

    [Test]
    public async Task NetworkPolicyAdmitsOnlyTheTwoPorts()
    {
        var open = await Rendered.OfAsync("--set", "networkPolicy.enabled=true");
        var closed = await Rendered.OfAsync("-f", Rendered.ValuesFile("network-policy"));

        Assert.That(
            open.Only("NetworkPolicy").At("spec", "ingress").GetRawText(),
            Is.EqualTo("""[{"ports":[{"port":8443,"protocol":"TCP"}]},{"ports":[{"port":9090,"protocol":"TCP"}]}]""")
        );
        Assert.That(
            closed.Only("NetworkPolicy").At("spec", "ingress")[0].At("from")[0].At("ipBlock", "cidr").GetString(),
            Is.EqualTo("10.0.0.0/24")
        );
        Assert.That(closed.Only("NetworkPolicy").At("spec", "ingress")[1].GetProperty("from").GetArrayLength(), Is.EqualTo(1));
        Assert.That(
            closed.Only("NetworkPolicy").At("spec", "podSelector", "matchLabels").GetRawText(),
            Is.EqualTo(closed.Only("Deployment").At("spec", "selector", "matchLabels").GetRawText())
        );
    }
}

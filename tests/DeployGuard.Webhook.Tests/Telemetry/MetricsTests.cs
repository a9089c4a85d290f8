using System.Diagnostics;
using System.Text.RegularExpressions;
using DeployGuard.Core.Policies;
using DeployGuard.Kubernetes;
using DeployGuard.Kubernetes.Tests;
using DeployGuard.Webhook.Telemetry;
using Microsoft.Extensions.Logging.Abstractions;

namespace DeployGuard.Webhook.Tests;

/// <summary>Dashboards and alerts depend on names and labels: they are fixed here.</summary>
public partial class MetricsTests
{
    [Test]
    public async Task NamesAndLabelsAreTheDocumentedOnes()
    {
        await using var webhook = await RunningWebhook.StartAsync(
            new SafeguardPolicy
            {
                Name = "tier-1",
                Approval = new ApprovalRules { Quorum = [new QuorumLine(["a"], 1)] },
            }
        );
        await webhook.SendAsync("/admit/workloads", Reviews.Update());
        await webhook.SendAsync("/admit/records", Reviews.Approval("alice", ["a"]));

        var series = Series().Matches(await webhook.ScrapeAsync()).Select(m => m.Value).ToHashSet();

        Assert.That(
            series,
            Does.Contain(
                """deployguard_admission_requests_total{decision="denied",dry_run="false",operation="UPDATE",resource="deployments"}"""
            )
        );
        Assert.That(
            series,
            Does.Contain(
                """deployguard_rollouts_denied_total{kind="Deployment",mode="Enforce",namespace="shop",policy="tier-1",reason="ApprovalMissing",safeguard="Approval"}"""
            )
        );
        Assert.That(series, Does.Contain("""deployguard_admission_duration_seconds_bucket{le="0.00025"}"""));
        Assert.That(series, Does.Contain("""deployguard_admission_duration_seconds_bucket{le="10"}"""));
        Assert.That(series, Does.Contain("""deployguard_approvals_total{decision="Approve"}"""));
        Assert.That(series, Does.Contain("""deployguard_origin_total{origin="AiAssisted",trust="unsigned"}"""));
        Assert.That(series, Does.Contain("""deployguard_overloaded_total{requester="person"}"""), "at zero from the start");
        Assert.That(series, Does.Contain("""deployguard_build_info{version="0.2.0"}"""));
        Assert.That(series, Has.None.Contains("=\"web"), "no label holds the name of a workload");
    }

    [Test]
    public async Task ARequestCountsOncePerPolicySafeguardAndReason()
    {
        var policy = new SafeguardPolicy { Name = "tier-1", Images = new ImageRules(Pin.Digest) };
        await using var webhook = await RunningWebhook.StartAsync(policy);
        var twoTags = Reviews.Deployment("web:1");
        twoTags["spec"]!["template"]!["spec"]!["initContainers"] = new System.Text.Json.Nodes.JsonArray(
            new System.Text.Json.Nodes.JsonObject { ["image"] = "init:1" }
        );

        await webhook.SendAsync("/admit/workloads", Reviews.Of("CREATE", "apps", "Deployment", "deployments", "dana", twoTags));

        Assert.That(
            await webhook.ScrapeAsync(),
            Does.Match("(?m)^deployguard_rollouts_denied_total\\{[^}]*reason=\"ImageNotPinned\"[^}]*\\} 1$")
        );
    }

    [Test]
    public async Task ARetryOfARefusalIsNotCountedAsAnotherRollout()
    {
        await using var webhook = await RunningWebhook.StartAsync(
            new SafeguardPolicy
            {
                Name = "tier-1",
                Approval = new ApprovalRules { Quorum = [new QuorumLine(["a"], 1)] },
            }
        );

        await webhook.SendAsync("/admit/workloads", Reviews.Update());
        await webhook.SendAsync("/admit/workloads", Reviews.Update());

        var metrics = await webhook.ScrapeAsync();
        Assert.That(metrics, Does.Match("(?m)^deployguard_rollouts_denied_total\\{[^}]*\\} 1$"));
        Assert.That(metrics, Does.Match("(?m)^deployguard_admission_requests_total\\{[^}]*\\} 2$"));
    }

    [Test]
    public async Task ClusterMetricsAreLabeledByNamespace()
    {
        await using var api = await FakeApi.StartAsync();
        api.Objects["/apis/deployguard.io/v1alpha1/changes"] =
            $$"""{"metadata": {"resourceVersion": "1"}, "items": [{{Change("shop", "a", "Running")}}, {{Change("shop", "b", "Running")}}, {{Change("bank", "a", "Running")}}, {{Change("bank", "b", "Pending")}}]}""";
        api.Objects["/apis/deployguard.io/v1alpha1/safeguardpolicies"] =
            $$"""{"metadata": {"resourceVersion": "1"}, "items": [{"metadata": {"name": "tier-1"}, "spec": {{Signed("2027-01-01T00:00:00Z")}} }]}""";
        api.Objects["/apis/batch/v1"] = """{"resources": [{"name": "cronjobs"}]}""";
        await using var webhook = await RunningWebhook.StartAsync();
        var cluster = new ClusterHost(api.Connection, TestOptions.Installed, null, TimeProvider.System, NullLogger.Instance);
        webhook.Meter.AddClusterGauges(cluster.Report, cluster.Certificate);
        using var end = new CancellationTokenSource();
        var running = cluster.RunAsync(end.Token);
        var waited = Stopwatch.StartNew();
        while (!cluster.Report.InFlight.ContainsKey("bank") && waited.Elapsed.TotalSeconds < 30)
        {
            await Task.Delay(20);
        }

        var metrics = await webhook.ScrapeAsync();
        await end.CancelAsync();
        await running;

        Assert.That(
            metrics,
            Does.Contain("\ndeployguard_rollouts_in_flight{namespace=\"shop\"} 2\n")
                .And.Contain("\ndeployguard_rollouts_in_flight{namespace=\"bank\"} 1\n")
        );
        Assert.That(
            metrics,
            Does.Contain("\ndeployguard_changes_waiting{namespace=\"bank\"} 1\n")
                .And.Not.Contain("deployguard_changes_waiting{namespace=\"shop\"}")
        );
        Assert.That(
            metrics,
            Does.Contain("\ndeployguard_origin_keys_expiry_timestamp_seconds{policy=\"tier-1\",role=\"Build\"} 1798761600\n")
        );
    }

    private static string Signed(string end)
    {
        using var pair = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var pem = System.Text.Json.JsonSerializer.Serialize(pair.ExportSubjectPublicKeyInfoPem());
        return $$"""
            {"origin": {
              "keys": [{"name": "build", "role": "Build", "pem": {{pem}}, "notAfter": "{{end}}"}],
              "sources": [{"images": ["ghcr.io/acme/web"], "repository": "https://github.com/acme/web", "refs": ["refs/heads/main"]}],
              "registries": [{"host": "ghcr.io"}]} }
            """;
    }

    private static string Change(string @namespace, string workload, string phase) =>
        $$"""
            {"metadata": {"name": "deployment-{{workload}}", "namespace": "{{@namespace}}"},
             "spec": {"workload": {"apiGroup": "apps", "kind": "Deployment", "name": "{{workload}}"}, "templateHash": "v1:{{new string(
                '0',
                64
            )}}"},
             "status": {"phase": "{{phase}}", "conditions": [{"type": "{{phase}}", "status": "True", "lastTransitionTime": "{{TimeProvider.System.GetUtcNow():O}}"}]} }
            """;

    [GeneratedRegex(@"^deployguard_\w+\{[^}]*\}", RegexOptions.Multiline)]
    private static partial Regex Series();
}

using DeployGuard.Rig;

namespace DeployGuard.EndToEnd;

/// <summary>
/// A real Prometheus and Alertmanager with the real webhook: refusals raise alerts, and no panel is empty. Heavy, because it measures
/// rates and latencies.
/// </summary>
[Heavy]
public class MonitoringTests : OwnCluster
{
    /// <summary>Metrics that older API servers lack, each with the first version that has it. No other metric may be missing.</summary>
    private static readonly Dictionary<string, Version> s_since = new() { ["apiserver_admission_webhook_fail_open_count"] = new(1, 24) };

    private AlertReceiver? _receiver;
    private Monitoring? _monitoring;
    private MonitoredScenario? _scenario;
    private long _began;

    private AlertReceiver Receiver => _receiver ?? throw new InvalidOperationException("no receiver");

    private Monitoring Monitoring => _monitoring ?? throw new InvalidOperationException("no monitoring");

    private string Stuck => _scenario?.Stuck?.Namespace ?? throw new InvalidOperationException("the scenario did not run");

    private string Shop => _scenario?.Shop?.Namespace ?? throw new InvalidOperationException("the scenario did not run");

    /// <summary>The time range that covers the whole scenario.</summary>
    private int Seconds => (int)TimeProvider.System.GetElapsedTime(_began).TotalSeconds + 1;

    protected override bool IsSequence => true;

    protected override async Task PrepareAsync()
    {
        _began = TimeProvider.System.GetTimestamp();
        _receiver = await AlertReceiver.StartAsync();
        _monitoring = await Monitoring.StartAsync(TestCluster.Rig.Tools, TestCluster.Rig.Plane, Installation.Replicas, Receiver.Url);
        await Wait.UntilAsync(
            () => Monitoring.QueryAsync("sum(up)"),
            result => result.GetArrayLength() > 0 && result[0].GetProperty("value")[1].GetString() == "3",
            "Prometheus to reach both replicas and the API server"
        );
        _scenario = new MonitoredScenario(Monitoring);
        await _scenario.PlayAsync();
    }

    protected override async Task CleanUpAsync()
    {
        _monitoring?.Dispose();
        await (_receiver?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    [Test]
    public async Task RolloutsThatAreRefusedAgainAndAgainRaiseAnAlert()
    {
        var (labels, annotations) = await Receiver.ReceivedAsync("DeployGuardRolloutsDenied", Stuck);

        Assert.That(labels.GetProperty("severity").GetString(), Is.EqualTo("warning"));
        Assert.That(labels.GetProperty("safeguard").GetString(), Is.EqualTo("Approval"));
        Assert.That(
            annotations.GetProperty("summary").GetString(),
            Is.EqualTo($"The safeguard Approval refuses rollouts in namespace {Stuck} again and again")
        );
        Assert.That(
            annotations.GetProperty("description").GetString(),
            Does.Match(@"the safeguard Approval of an Enforce policy refused rollouts in namespace \S+ [1-9]\d* times for the same reason")
                .And.EndWith($"kubectl get events -n {Stuck} --field-selector reason=RolloutRefused")
        );
        Assert.That(annotations.GetProperty("runbook_url").GetString(), Does.EndWith("docs/runbook.md#deployguardrolloutsdenied"));
    }

    [TestCase("DeployGuardAiChangesRefused", true)]
    [TestCase("DeployGuardBreakGlassUsed", true)]
    [TestCase("DeployGuardBreakGlassUnreviewed", false)]
    [TestCase("DeployGuardWebhookErrors", false)]
    [TestCase("DeployGuardRegistrationAltered", false)]
    public async Task BypassesAndFaultsRaiseAnAlert(string alert, bool tellsNamespace)
    {
        var (_, annotations) = await Receiver.ReceivedAsync(alert, tellsNamespace ? Shop : null);

        Assert.That(annotations.GetProperty("description").GetString(), Does.Match(@"\b[1-9]\d*\b").And.Not.Contain("<no value>"));
    }

    /// <summary>With the commands as the runbook prints them.</summary>
    [Test]
    public async Task OpenGateIsTheOnlyCriticalAlertAndClosingItRestoresRefusals()
    {
        var critical = await Monitoring.QueryRangeAsync("""ALERTS{severity="critical", alertstate="firing"}""", Seconds);
        Assert.That(critical.GetArrayLength(), Is.Zero, critical.ToString());
        var runbook = await File.ReadAllLinesAsync(Path.Combine(Toolbox.Repository, "docs", "runbook.md"));
        await ShellAsync(runbook.First(l => l.StartsWith("kubectl patch validatingwebhookconfiguration", StringComparison.Ordinal)));
        await Receiver.ReceivedAsync("DeployGuardGateOpen");
        (await RequestAsync()).OrFail();

        await ShellAsync(runbook.First(l => l.StartsWith("kubectl annotate validatingwebhookconfiguration", StringComparison.Ordinal)));
        await Wait.UntilAsync(
            () => ShellAsync(runbook.First(l => l.StartsWith("kubectl get validatingwebhookconfiguration", StringComparison.Ordinal))),
            run => run.Output.Contains("workloads.deployguard.io\tFail", StringComparison.Ordinal),
            "the gate to be closed"
        );
        await Wait.UntilAsync(
            RequestAsync,
            run => run.Output.Contains("ApprovalMissing", StringComparison.Ordinal),
            "new revisions to be refused again"
        );

        static async Task<Run> ShellAsync(string line) =>
            (await Run.OfAsync("/bin/sh", ["-c", line], TestCluster.Rig.Plane.Environment("admin"))).OrFail();

        Task<Run> RequestAsync() =>
            TestCluster.Rig.Plane.KubectlAsync(
                "dana",
                "create",
                "deployment",
                $"gate-{Guid.NewGuid():N}",
                $"--image={Sandbox.V2}",
                "-n",
                Shop
            );
    }

    [Test]
    public async Task PrometheusEvaluatesEveryRule()
    {
        var rules = await Monitoring.RulesAsync();

        Assert.That(rules, Has.Count.GreaterThan(20));
        Assert.That(
            rules.Where(r => r.GetProperty("health").GetString() != "ok" || r.TryGetProperty("lastError", out _)).Select(r => r.ToString()),
            Is.Empty
        );
        (
            await Run.OfAsync(
                TestCluster.Rig.Tools["promtool"],
                ["check", "rules", Path.Combine(Toolbox.Chart, "files", "rules.yaml")],
                TestCluster.Rig.Plane.Environment("admin")
            )
        ).OrFail();
    }

    [Test]
    public async Task MetricsPassTheCheckOfPromtool()
    {
        foreach (var replica in Installation.Replicas)
        {
            var check = await Run.OfAsync(
                TestCluster.Rig.Tools["promtool"],
                ["check", "metrics"],
                TestCluster.Rig.Plane.Environment("admin"),
                await replica.ScrapeAsync()
            );

            Assert.That(check.OrFail().Output, Is.Empty);
        }
    }

    [TestCaseSource(typeof(PanelQuery), nameof(PanelQuery.All))]
    public async Task NoPanelIsEmpty(PanelQuery panel)
    {
        if (s_since.FirstOrDefault(m => panel.Expression.Contains(m.Key, StringComparison.Ordinal)) is { Key: not null } later)
        {
            Server.SkipIf(Server.Version < later.Value, $"the metric {later.Key}, which is there from {later.Value} on");
        }

        await Wait.UntilAsync(
            () => panel.Instant ? Monitoring.QueryAsync(panel.Over(Seconds)) : Monitoring.QueryRangeAsync(panel.Over(Seconds), Seconds),
            PanelQuery.HasNumbers,
            $"numbers for {panel.Over(Seconds)}",
            seconds: 60
        );
    }

    [Test]
    public void EveryDashboardVariableIsReplaced() =>
        Assert.That(PanelQuery.All.Select(q => q.Over(60)).Where(q => q.Contains('$', StringComparison.Ordinal)), Is.Empty);
}

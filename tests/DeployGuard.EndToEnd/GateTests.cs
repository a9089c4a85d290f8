using DeployGuard.Rig;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>The webhook registration as the platform team sees it: opening the gate, restored drift, policies that start and end.</summary>
public class GateTests : OwnCluster
{
    private const string Configuration = "validatingwebhookconfiguration";

    [TestCase(true)]
    [TestCase(false)]
    public async Task OneCommandOpensTheGateUntilItIsClosed(bool isAlive)
    {
        var sandbox = await WithWebRunningAsync();
        if (!isAlive)
        {
            KillReplicas();
        }

        // The command of the runbook.
        (
            await Plane.KubectlAsync(
                "admin",
                "patch",
                Configuration,
                "deployguard",
                "--type=merge",
                "-p",
                """{"metadata":{"annotations":{"deployguard.io/gate":"open"}},"webhooks":[]}"""
            )
        ).OrFail();
        await Wait.UntilAsync(() => sandbox.SetImageAsync(), run => run.Succeeded, "the API server to see the open gate");
        if (!isAlive)
        {
            await RestartReplicasAsync();
        }

        await Wait.UntilAsync(NamesAsync, names => names == "records.deployguard.io", "only DeployGuard's own records to be guarded");
        await Wait.UntilAsync(() => LeadersReadAsync("deployguard_gate_open"), values => values is [1], "the open gate to be reported");
        (await sandbox.SetImageAsync(V3)).OrFail();
        Assert.That(
            (await Plane.KubectlAsync("admin", ForgedChange, ["create", "-f", "-", "-n", sandbox.Namespace])).Output,
            Does.Contain("ManagedByDeployGuard"),
            "records stay guarded"
        );
        Assert.That(
            (
                await Plane.KubectlAsync("admin", "get", "events", "-n", "default", "--field-selector", "reason=GateOpened", "-o", "name")
            ).Output,
            Does.Contain("event/")
        );

        (await Plane.KubectlAsync("admin", "annotate", Configuration, "deployguard", "deployguard.io/gate-")).OrFail();
        await Wait.UntilAsync(
            NamesAsync,
            names => names.Contains("workloads.deployguard.io", StringComparison.Ordinal),
            "the gate to be closed"
        );
        await Wait.UntilAsync(() => LeadersReadAsync("deployguard_gate_open"), values => values is [0], "the closed gate to be reported");
        await Wait.UntilAsync(
            () => sandbox.DryRunSetImageAsync(V2),
            run => run.Output.Contains("ApprovalMissing", StringComparison.Ordinal),
            "the API server to see the closed gate"
        );
        Assert.That((await sandbox.SetImageAsync(V2)).Output, Does.Contain("ApprovalMissing"));
    }

    [Test]
    public async Task AlteredRegistrationIsRestoredCountedAndReported()
    {
        await Wait.UntilAsync(NamesAsync, names => names.Contains("records.deployguard.io", StringComparison.Ordinal), "the registration");
        var before = (await LeadersReadAsync("deployguard_webhook_configuration_altered_total", "Validating")).Sum();
        (
            await Plane.KubectlAsync(
                "admin",
                "patch",
                Configuration,
                "deployguard",
                "--type=json",
                "-p",
                """[{"op":"replace","path":"/webhooks/0/failurePolicy","value":"Ignore"},{"op":"replace","path":"/webhooks/0/timeoutSeconds","value":30}]"""
            )
        ).OrFail();

        await Wait.UntilAsync(
            () => LeadersReadAsync("deployguard_webhook_configuration_altered_total", "Validating"),
            values => values.Sum() == before + 1,
            "the alteration to be counted"
        );
        Assert.That(
            (await Plane.KubectlAsync("admin", "get", Configuration, "deployguard", "-o", "jsonpath={.webhooks[*].timeoutSeconds}")).Output,
            Does.Not.Contain("30")
        );
        var events = await Wait.UntilAsync(
            () =>
                Plane.KubectlAsync(
                    "admin",
                    "get",
                    "events",
                    "-n",
                    "default",
                    "--field-selector",
                    "reason=WebhookConfigurationAltered",
                    "-o",
                    "jsonpath={.items[*].message}"
                ),
            run => run.Output.Contains("timeoutSeconds", StringComparison.Ordinal),
            "the Event"
        );
        Assert.That(events.Output, Does.Contain("timeoutSeconds"));
    }

    [Test]
    public async Task EnforceTakesEffectWithinSecondsAndEndsWithTheMode()
    {
        var sandbox = await UnguardedAsync();
        (await Plane.KubectlAsync("admin", "label", "namespace", sandbox.Namespace, "turns=yes")).OrFail();
        (await Plane.KubectlAsync("admin", Policy("Audit"), ["apply", "-f", "-"])).OrFail();
        (await sandbox.ApplyAsync("dana", Web(V1))).OrFail();

        (await Plane.KubectlAsync("admin", Policy("Enforce"), ["apply", "-f", "-"])).OrFail();
        await sandbox.EveryReplicaAppliesAsync("turns", seconds: 5);
        // Until then the request passes if the webhook times out on a busy machine.
        await Wait.UntilAsync(
            SelectorAsync,
            selector => selector.Contains($"\"{sandbox.Namespace}\"", StringComparison.Ordinal),
            "the Fail entry",
            seconds: 30
        );
        Assert.That((await sandbox.SetImageAsync()).Output, Does.Contain("ApprovalMissing"));

        (await Plane.KubectlAsync("admin", Policy("Audit"), ["apply", "-f", "-"])).OrFail();
        await Wait.UntilAsync(() => sandbox.SetImageAsync(), run => run.Succeeded, "the policy to stop refusing", seconds: 30);
        await Wait.UntilAsync(
            SelectorAsync,
            selector => !selector.Contains($"\"{sandbox.Namespace}\"", StringComparison.Ordinal),
            "the Fail entry to leave the namespace out",
            seconds: 30
        );
        (await Plane.KubectlAsync("admin", "delete", "safeguardpolicy", "turns")).OrFail();
    }

    [Test]
    public async Task OneReplicaIsEnoughAfterBothWereKilled()
    {
        var sandbox = await WithWebRunningAsync();
        KillReplicas();
        Assert.That((await sandbox.SetImageAsync()).Output, Does.Contain("failed calling webhook"));

        var started = TimeProvider.System.GetTimestamp();
        await Installation.RestartAsync(0);
        await Wait.UntilAsync(
            () => sandbox.SetImageAsync(),
            run => run.Output.Contains("ApprovalMissing", StringComparison.Ordinal),
            "one replica to be enough"
        );
        TestContext.Out.WriteLine(
            $"in force {TimeProvider.System.GetElapsedTime(started).TotalSeconds:0.0} s after one replica was started"
        );
        await Installation.RestartAsync(1);
    }

    private static async Task<string> NamesAsync() =>
        (await Plane.KubectlAsync("admin", "get", Configuration, "deployguard", "-o", "jsonpath={.webhooks[*].name}")).Output;

    private static async Task<string> SelectorAsync() =>
        (
            await Plane.KubectlAsync(
                "admin",
                "get",
                Configuration,
                "deployguard",
                "-o",
                "jsonpath={.webhooks[?(@.name=='workloads.deployguard.io')].namespaceSelector}"
            )
        ).Output;

    /// <summary>The leader's series; other replicas have none of it, or old ones.</summary>
    private static async Task<IReadOnlyList<double>> LeadersReadAsync(string metric, params string[] labels)
    {
        foreach (var replica in Installation.Replicas)
        {
            if (await replica.ReadAsync("deployguard_leader") is [1])
            {
                return await replica.ReadAsync(metric, labels);
            }
        }

        return [];
    }

    private static string Policy(string mode) =>
        $$$"""
            {"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"name": "turns"},
             "spec": {"mode": "{{{mode}}}", "match": {"namespaceSelector": {"matchLabels": {"turns": "yes"} } }, "approval": {"quorum": [{"groups": ["senior-engineers"]}]} } }
            """;

    private const string ForgedChange = """
        {"apiVersion": "deployguard.io/v1alpha1", "kind": "Change", "metadata": {"name": "forged"}, "spec": {"workload": {"kind": "Deployment", "name": "web", "apiGroup": "apps"}, "templateHash": "v1:0000000000000000000000000000000000000000000000000000000000000000"}}
        """;
}

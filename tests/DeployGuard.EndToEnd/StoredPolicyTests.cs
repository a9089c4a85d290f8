using DeployGuard.Rig;

namespace DeployGuard.EndToEnd;

/// <summary>A policy without a mode that was stored past the webhook: it enforces, and soon says so.</summary>
public class StoredPolicyTests : OwnCluster
{
    private const string Stored = """
        {"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"name": "stored"},
         "spec": {"match": {"namespaceSelector": {"matchLabels": {"tests": "stored"} } }, "images": {} } }
        """;

    protected override int Replicas => 1;

    [Test]
    public async Task TheLeaderWritesEnforceIntoAStoredPolicyThatNamesNoMode()
    {
        (await Plane.KubectlAsync("admin", "delete", "mutatingwebhookconfiguration", "deployguard")).OrFail();
        await Wait.UntilAsync(
            () => Plane.KubectlAsync("admin", Stored, ["create", "--dry-run=server", "-f", "-"]),
            run =>
                run.Output.Contains("is not created: spec names no mode, and mode: Audit could not be written", StringComparison.Ordinal),
            "the API server to see that nothing stamps a policy, and a replica to refuse it"
        );
        (await Plane.KubectlAsync("admin", "delete", "validatingwebhookconfiguration", "deployguard")).OrFail();
        await Wait.UntilAsync(
            async () => await Plane.KubectlAsync("admin", Stored, ["create", "--dry-run=server", "-f", "-", "-o", "jsonpath={.spec.mode}"]),
            run => run.Succeeded && run.Output.Length == 0,
            "the API server to see that nothing is registered"
        );

        (await Plane.KubectlAsync("admin", Stored, ["create", "-f", "-"])).OrFail();

        var mode = await Wait.UntilAsync(
            async () => (await Plane.KubectlAsync("admin", "get", "safeguardpolicy", "stored", "-o", "jsonpath={.spec.mode}")).Output,
            named => named.Length > 0,
            "the leader to name the mode"
        );
        Assert.That(mode, Is.EqualTo("Enforce"));
        var events = await Wait.UntilAsync(
            async () => (await Plane.KubectlAsync("admin", "describe", "safeguardpolicy", "stored")).OrFail().Output,
            told => told.Contains("ModeNamed", StringComparison.Ordinal),
            "the Event on the policy"
        );
        Assert.That(events, Does.Contain("DeployGuard wrote mode: Enforce"));
    }
}

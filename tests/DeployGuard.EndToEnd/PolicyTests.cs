namespace DeployGuard.EndToEnd;

/// <summary>Invalid policies are refused.</summary>
[Parallelizable(ParallelScope.All)]
public class PolicyTests
{
    [TestCase("{budget: {maxConcurrentRollouts: 0}}", "spec.budget.maxConcurrentRollouts")]
    [TestCase("{mod: Warn}", "spec.mod: unknown field")]
    [TestCase(
        "{approval: {quorum: [{groups: [a], count: 0}]}}",
        "spec.approval.quorum.count in body should be greater than or equal to 1 | spec.approval.quorum[0].count in body should "
            + "be greater than or equal to 1"
    )]
    [TestCase("{canary: {steps: [25, 5]}}", "spec.canary.steps: [25, 5] must increase")]
    [TestCase("{approval: {maxAge: 10 minutes, quorum: [{groups: [a], count: 1}]}}", "spec.approval.maxAge")]
    [TestCase("{mode: Enforcing}", "spec.mode")]
    [TestCase("{approval: {quorum: [{groups: [\"a\\u001b[2J\"]}]}}", "is not a non-empty string without control characters")]
    [TestCase("{exempt: {groups: [system:authenticated]}}", "spec.exempt.groups[0]: \"system:authenticated\" is every user")]
    [TestCase("{canary: {steps: [5], soak: -10m}}", "spec.canary.soak")]
    [TestCase("{canary: {steps: [0, 5]}}", "spec.canary.steps")]
    [TestCase("{canary: {steps: [5, 100]}}", "spec.canary.steps")]
    [TestCase("{canary: {steps: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}}", "spec.canary.steps")]
    [TestCase("{canary: {steps: [5], pace: {percent: 101}}}", "spec.canary.pace.percent")]
    [TestCase("{canary: {steps: [5], accept: [Luck]}}", "spec.canary.accept")]
    [TestCase("{freeze: {}}", "spec.freeze: needs active: {from, until}")]
    [TestCase(
        "{freeze: {}, active: {from: '2026-06-09T00:00:00Z', until: '2026-03-11T00:00:00Z'}}",
        "spec.active.until: must be later than from"
    )]
    public async Task AnInvalidPolicyIsRefusedWithItsPath(string spec, string message)
    {
        var run = await TestCluster.Rig.Plane.KubectlAsync(
            "admin",
            $"{{apiVersion: deployguard.io/v1alpha1, kind: SafeguardPolicy, metadata: {{name: bad}}, spec: {spec}}}",
            ["create", "-f", "-", "--validate=false"]
        );

        Assert.That(run.Succeeded, Is.False, run.Output);
        Assert.That(run.Output, Server.SaysAnyOf(message));
    }

    [Test]
    public async Task BaselineExistsAndRefusesNothing()
    {
        var mode = await TestCluster.Rig.Plane.KubectlAsync("admin", "get", "safeguardpolicy", "baseline", "-o", "jsonpath={.spec.mode}");

        Assert.That(mode.Output, Is.EqualTo("Audit"));
    }
}

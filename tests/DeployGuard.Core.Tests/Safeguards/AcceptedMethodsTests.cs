using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Records;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Tests.Safeguards;

/// <summary>What is advised follows <c>canary.accept</c>: no rollout method that the policy does not accept.</summary>
public class AcceptedMethodsTests
{
    private const string Explained = "kubectl deployguard explain canary --replicas 3 --steps 5,50 --soak 3m";

    [TestCase(
        """["Pool"]""",
        "Images",
        "First run it in a second Deployment behind the same Service: " + Explained,
        "The policy accepts Pool only"
    )]
    [TestCase(
        """["Pool", "StatefulSetPartition"]""",
        "Images",
        "First run it in a second Deployment behind the same Service: " + Explained,
        "The policy accepts Pool and StatefulSetPartition only"
    )]
    [TestCase(
        """["StatefulSetPartition"]""",
        "Images",
        "Ask the platform team to add Pool to canary.accept of policy tier-1: with StatefulSetPartition alone it cannot pass",
        "The policy accepts StatefulSetPartition only"
    )]
    [TestCase(
        """["Pool"]""",
        "Template",
        "Ask the platform team to add Pace to canary.accept of policy tier-1: it covers the whole template, which no other workload can prove",
        "The policy accepts Pool only"
    )]
    public void ADeploymentIsAdvisedWhatThePolicyAccepts(string accept, string covers, string remedy, string message)
    {
        var finding = Refused(Update(Some.Deployment(), Some.Deployment(Some.OtherImage)), accept, covers);

        Assert.That(finding.Remedy, Is.EqualTo(remedy));
        Assert.That(finding.Message, Does.EndWith($"{message} (canary.accept)"));
    }

    /// <summary>A Job has no pace of its own, but its image may run in a Deployment that has one.</summary>
    [TestCase("""["Pace"]""", null)]
    [TestCase("""["Pool"]""", null)]
    [TestCase(
        """["StatefulSetPartition"]""",
        "spec.canary.accept: StatefulSetPartition can prove no Deployment or DaemonSet, so these cannot "
    )]
    [TestCase("""["Pool", "Pace", "StatefulSetPartition"]""", null)]
    public void APolicyThatLeavesKindsWithoutAMethodIsWarnedOf(string accept, string? warning) =>
        Assert.That(PolicyWarnings.OfAccept(Some.Policy(Spec(accept, "Images"))), warning is null ? Is.Null : Does.StartWith(warning));

    [Test]
    public void ASecondDeploymentProvesNoWholeTemplate() =>
        Assert.That(
            PolicyWarnings.OfAccept(Some.Policy(Spec("""["Pool"]""", "Template"))),
            Does.StartWith("spec.canary.accept: Pool can prove no ").And.Contain(" under covers: Template, so these cannot change")
        );

    [Test]
    public void KindsThatThePolicyLeavesOutAreNotWarnedOf() =>
        Assert.That(
            PolicyWarnings.OfAccept(
                Some.Policy(
                    """{"match": {"kinds": ["StatefulSet", "Job"]}, "canary": {"steps": [5], "accept": ["StatefulSetPartition"]} }"""
                )
            ),
            Is.Null
        );

    private static string Spec(string accept, string covers) =>
        $$"""{"canary": {"required": "Always", "steps": [5, 50], "soak": "3m", "covers": "{{covers}}", "accept": {{accept}} } }""";

    private static Finding Refused(Request request, string accept, string covers) =>
        Some.Decide(request, new ClusterSnapshot { Policies = [Some.Policy(Spec(accept, covers))] })
            .Findings.Single(f => f.IsDenial)
            .Finding;

    private static WorkloadRequest Update(JsonObject before, JsonObject after) => Some.Update(before, after);
}

using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Identities;
using static DeployGuard.Core.Tests.Shop;

namespace DeployGuard.Core.Tests;

/// <summary>
/// An object with a live owner is also evaluated under its owner's policies. Controllers are known by their authenticated name.
/// </summary>
public class OwnerPolicyTests
{
    private const string Approval = """ "approval": {"quorum": [{"groups": ["senior-engineers"]}]} """;

    [TestCase($$"""{"match": {"kinds": ["Deployment"]}, {{Approval}} }""")]
    [TestCase($$"""{"match": {"workloadSelector": {"matchLabels": {"tier": "1"} } }, {{Approval}} }""")]
    public void AReplicaSetIsEvaluatedUnderThePoliciesOfItsDeployment(string spec)
    {
        var policy = Some.Policy(spec);
        var web = Web(20).With("metadata/labels", """{"tier": "1"}""");
        var objects = Empty.Running(web, Phase.Proven);
        var edited = SetOf(web).With("spec/template/spec/containers/0/image", $"\"{V2}\"");

        Assert.That(objects.Refusal(Some.Update(SetOf(web), edited), policy), Does.Contain("approval"));
        Assert.That(
            objects.Refusal(Some.Create(SetOf(web, Second, 1).With("spec/template/spec/containers/0/image", $"\"{V2}\"")), policy),
            Does.Contain("approval"),
            "the claim only tightens"
        );
        Assert.That((objects with { Workloads = [] }).Refusal(Some.Update(SetOf(web), edited), policy), Is.Null, "it has no owner");
    }

    [Test]
    public void APodIsEvaluatedUnderThePoliciesOfItsOwnersOwner()
    {
        var policy = Some.Policy($$"""{"match": {"kinds": ["Deployment"]}, {{Approval}} }""");

        Assert.That(Settled.Refusal(Some.Create(PodOf(SetOf(Web(20)))), policy), Does.Contain("approval"));
        Assert.That(Settled.Refusal(Some.Create(PodOf(SetOf(Web(20))).With("metadata/ownerReferences", "[]")), policy), Is.Null);
    }

    [Test]
    public void OwnerDoesNotRemoveAnObjectFromAPolicy()
    {
        var policy = Some.Policy($$"""{"match": {"workloadSelector": {"matchLabels": {"tier": "1"} } }, {{Approval}} }""");
        var mine = Deployment("mine", 1, V2)
            .With("metadata/labels", """{"tier": "1"}""")
            .With("metadata/ownerReferences", OwnerJson("apps/v1", "Deployment", "web"));

        Assert.That(Settled.Refusal(Some.Create(mine), policy), Does.Contain("approval"));
    }

    [TestCase("Deployment")]
    [TestCase("ReplicaSet")]
    [TestCase("Pod")]
    [TestCase("Job")]
    [TestCase("ControllerRevision")]
    public void GarbageCollectorMayWriteOwnersAndFinalizers(string kind) =>
        Assert.That(
            TrustedControllers.BuiltIn.Trusts(new Requester("system:serviceaccount:kube-system:generic-garbage-collector", "", []), kind)
        );

    [TestCase("Service")]
    [TestCase("EndpointSlice")]
    [TestCase("Namespace")]
    public void GarbageCollectorMayWriteNothingElse(string kind) =>
        Assert.That(
            TrustedControllers.BuiltIn.Trusts(new Requester("system:serviceaccount:kube-system:generic-garbage-collector", "", []), kind),
            Is.False
        );

    [TestCase("system:serviceaccount:shop:generic-garbage-collector")]
    [TestCase("generic-garbage-collector")]
    [TestCase("system:serviceaccount:kube-system:generic-garbage-collector2")]
    public void SimilarNameIsNotTheGarbageCollector(string user) =>
        Assert.That(TrustedControllers.BuiltIn.Trusts(new Requester(user, "", ["system:masters"]), "ReplicaSet"), Is.False);

    [TestCase("system:kube-controller-manager", true)]
    [TestCase("system:kube-scheduler", true)]
    [TestCase("system:node:node-1", true)]
    [TestCase("system:serviceaccount:kube-system:namespace-controller", true)]
    [TestCase("system:serviceaccount:shop:default", false)]
    [TestCase("system:serviceaccount:argocd:argocd-application-controller", false)]
    [TestCase("system:serviceaccount:kube-system2:namespace-controller", false)]
    [TestCase("dana", false)]
    [TestCase("", false)]
    [TestCase("System:kube-controller-manager", false)]
    public void ControlPlaneIsRecognisedByItsName(string user, bool isControlPlane) =>
        Assert.That(new Requester(user, "", []).IsControlPlane, Is.EqualTo(isControlPlane));
}

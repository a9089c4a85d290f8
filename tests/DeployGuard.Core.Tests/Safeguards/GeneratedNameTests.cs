using System.Text.Json.Nodes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Tests;

/// <summary>Messages for names that are generated at every attempt: an approval of such a name could never be used.</summary>
public class GeneratedNameTests
{
    private static readonly SafeguardPolicy s_policy = Some.Policy("""{"approval": {"quorum": [{"groups": ["senior-engineers"]}]}}""");

    private static readonly Requester s_solver = new("system:serviceaccount:cert-manager:cert-manager", "", ["system:serviceaccounts"]);
    private static readonly Requester s_keda = new("system:serviceaccount:keda:keda-operator", "", ["system:serviceaccounts"]);
    private static readonly Requester s_builder = new("system:serviceaccount:builds:builder", "", ["system:serviceaccounts"]);
    private static readonly Requester s_ofTheNamespace = new("system:serviceaccount:shop:builder", "", ["system:serviceaccounts"]);

    [Test]
    public void PodOfAControllerSaysHowThePlatformTeamAdmitsIt()
    {
        var remedy = Remedy(OwnedBy("build.example.com/v1", "Build"), s_builder);

        Assert.That(remedy, Does.Contain("""trustedControllers: {"system:serviceaccount:builds:builder": [Pod]}"""));
        Assert.That(remedy, Does.Contain("in policy tier-1 by exempt.serviceAccounts: [builds/builder]"));
        Assert.That(remedy, Does.Contain("to add Build (build.example.com/v1) to workloadKinds, if it holds the pod template"));
        Assert.That(remedy, Does.Not.Contain("metadata.name"));
    }

    [Test]
    public void AKnownControllerThatCannotBeTrustedSaysWhyAndHowToExemptIt()
    {
        var remedy = Remedy(OwnedBy("acme.cert-manager.io/v1", "Challenge"), s_solver);

        Assert.That(remedy, Does.Contain("cert-manager cannot be trusted as a whole"));
        Assert.That(
            remedy,
            Does.EndWith("Ask the platform team to add to policy tier-1: exempt.serviceAccounts: [cert-manager/cert-manager]")
        );
        Assert.That(remedy, Does.Not.Contain("trustedControllers"));
    }

    [Test]
    public void AControllerThatCanBeTrustedNamesAllThatTheChartNeeds()
    {
        var remedy = Remedy(OwnedJob("keda.sh/v1alpha1", "ScaledJob"), s_keda);

        Assert.That(
            remedy,
            Does.EndWith(
                "and to add to the lists in the chart's values: trustedControllerPresets: [keda-scaled-jobs] and workloadKinds: "
                    + "[{group: keda.sh, resource: scaledjobs, kind: ScaledJob, templatePath: spec.jobTargetRef.template}]"
            )
        );
    }

    [TestCase("ScaledObject", "belongs to a ScaledObject (keda.sh/v1alpha1), which DeployGuard does not evaluate")]
    [TestCase(null, "belongs to nothing")]
    public void TrustIsNotOfferedForOtherOwners(string? owner, string words)
    {
        var remedy = Remedy(owner is null ? Job() : OwnedJob("keda.sh/v1alpha1", owner), s_keda);

        Assert.That(
            remedy,
            Does.Contain(words).And.EndWith("Ask the platform team to add to policy tier-1: exempt.serviceAccounts: [keda/keda-operator]")
        );
        Assert.That(remedy, Does.Not.Contain("trustedController"));
    }

    [Test]
    public void AKnownControllerIsNotOfferedForAnotherKind() =>
        Assert.That(
            Remedy(OwnedBy("keda.sh/v1alpha1", "ScaledJob"), s_keda),
            Does.Contain("keda cannot be trusted as a whole").And.Not.Contain("trustedController")
        );

    [Test]
    public void ABuiltInOwnerIsEvaluatedAlready() =>
        Assert.That(Remedy(OwnedBy("apps/v1", "ReplicaSet"), s_builder), Does.Not.Contain("workloadKinds"));

    [Test]
    public void AccountOfTheSameNamespaceIsNotOfferedAsTrusted()
    {
        var remedy = Remedy(Pod("web-x7k2p"), s_ofTheNamespace);

        Assert.That(remedy, Does.Contain("must not be trusted"));
        Assert.That(remedy, Does.Not.Contain("trustedControllers"));
    }

    [Test]
    public void PersonGetsARemedyToSetAName() =>
        Assert.That(Remedy(Pod("web-x7k2p"), Some.Developer), Does.EndWith("Set metadata.name instead of metadata.generateName"));

    [Test]
    public void NodeDebuggerRemedyNamesThePodExplicitly() =>
        Assert.That(
            Remedy(Pod("node-debugger-node-a-x7k2p"), Some.Developer),
            Does.Contain("kubectl run debug-node-a -n shop --image=sh:1").And.Contains("\"nodeName\":\"node-a\"")
        );

    [TestCase("node-debugger-node-a-x7k2p", true)]
    [TestCase("node-debugger-ip-10-0-0-1.example.com-x7k2p", true)]
    [TestCase("node-debugger-node-a", false)]
    [TestCase("debug-node-a", false)]
    public void NodeDebuggerIsRecognisedByItsName(string name, bool isOne) =>
        Assert.That(Pod(name).Read().HasGeneratedName, Is.EqualTo(isOne));

    private static string Remedy(JsonObject pod, Requester by)
    {
        var request = Some.Create(pod, by) with { IsNameGenerated = true };
        var verdict = Some.Decide(request, new ClusterSnapshot { Policies = [s_policy] });
        Assert.That(verdict.AwaitsApproval, Is.False);
        Assert.That(Messages.Refusal(verdict), Does.Not.Contain("kubectl deployguard approve").And.Not.Contain("After approval"));
        return verdict.Denials.Single().Finding.Remedy;
    }

    private static JsonObject OwnedBy(string version, string kind) =>
        Pod("web-x7k2p")
            .With(
                "metadata/ownerReferences",
                $$"""[{"apiVersion": "{{version}}", "kind": "{{kind}}", "name": "c", "uid": "1", "controller": true}]"""
            );

    private static JsonObject OwnedJob(string version, string kind) =>
        Job()
            .With(
                "metadata/ownerReferences",
                $$"""[{"apiVersion": "{{version}}", "kind": "{{kind}}", "name": "c", "uid": "1", "controller": true}]"""
            );

    private static JsonObject Job() =>
        Some.Parse(
            """
            {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "work-x7k2p", "namespace": "shop"}, "spec": {"template": {"spec": {"containers": [{"name": "work", "image": "sh:1"}]} } } }
            """
        );

    private static JsonObject Pod(string name) =>
        Some.Parse(
            $$$"""
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "{{{name}}}", "namespace": "shop"}, "spec": {"containers": [{"name": "debugger", "image": "sh:1"}]} }
            """
        );
}

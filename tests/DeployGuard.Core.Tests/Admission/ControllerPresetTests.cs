using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Safeguards;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

public class ControllerPresetTests
{
    private static readonly ClusterSnapshot s_guarded = new()
    {
        Policies = [Some.Policy("""{"approval": {"quorum": [{"groups": ["senior-engineers"]}]}}""")],
    };

    private static readonly CustomKind s_rollouts = new("argoproj.io", "rollouts", "Rollout", "spec.template");

    [TestCase("keda", "system:serviceaccount:keda:keda-operator", "Scale")]
    [TestCase("keda@autoscaling", "system:serviceaccount:autoscaling:keda-operator", "Scale")]
    [TestCase("kueue@redhat-ods", "system:serviceaccount:redhat-ods:kueue-controller-manager", "Suspend")]
    public void APresetIsTrustedForItsKindsAlone(string text, string user, string kind)
    {
        Assert.That(ControllerPreset.ProblemOf(text, [s_rollouts]), Is.Null);
        var trusted = new TrustedControllers([], [ControllerPreset.Trusted(text)]);

        Assert.That(trusted.All.Single(t => t.User == user).Kinds, Is.EqualTo((string[])[kind]));
        Assert.That(trusted.Trusts(new Requester(user, "", []), "Pod"), Is.False);
    }

    [TestCase("rollouts", "is none of kueue, keda, keda-scaled-jobs, argo-rollouts, with @NAMESPACE where it runs elsewhere")]
    [TestCase("keda@", "is none of kueue, keda")]
    [TestCase("keda@a@b", "is none of kueue, keda")]
    [TestCase(
        "argo-rollouts",
        "needs --workload-kind rollouts.argoproj.io/Rollout=spec.template (the chart's workloadKinds): otherwise the objects "
            + "that it acts on are not evaluated"
    )]
    [TestCase("keda-scaled-jobs", "needs --workload-kind scaledjobs.keda.sh/ScaledJob=spec.jobTargetRef.template")]
    [TestCase(
        "tekton",
        "cannot be trusted: every user who can write a TaskRun chooses what its pods run: run pipelines in a namespace of their "
            + "own. See docs/integrations.md"
    )]
    [TestCase("keda@kube-system", "accounts of kube-system belong to Kubernetes, and are known")]
    public void APresetThatCannotBeUsedSaysWhy(string text, string why) =>
        Assert.That(ControllerPreset.ProblemOf(text, []), Does.StartWith(why));

    [TestCase("argoproj.io/v1alpha1", "Rollout", true, ChangeType.NothingToGuard)]
    [TestCase("argoproj.io/v1alpha1", "Experiment", true, ChangeType.NewRevision, Description = "its templates were not evaluated")]
    [TestCase("argoproj.io/v1alpha1", "Rollout", false, ChangeType.NewRevision, Description = "an owner that does not control it")]
    [TestCase("argoproj.io.example.com/v1", "Rollout", true, ChangeType.NewRevision, Description = "a kind of that name in another group")]
    [TestCase("apps/v1", "Deployment", true, ChangeType.NewRevision)]
    public void AnObjectIsTrustedOnlyForAnOwnerThatWasEvaluated(string version, string kind, bool isController, ChangeType expected)
    {
        var guard = SafeguardList.Evaluator(new TrustedControllers([], [ControllerPreset.Trusted("argo-rollouts")]));
        var rollouts = new Requester("system:serviceaccount:argo-rollouts:argo-rollouts", "", ["system:serviceaccounts"]);
        JsonObject Set(string image) =>
            ReplicaSet(image)
                .With(
                    "metadata/ownerReferences",
                    $$"""[{"apiVersion": "{{version}}", "kind": "{{kind}}", "name": "r", "uid": "1", "controller": {{(isController ? "true" : "false")}}}]"""
                );

        var made = guard.Evaluate(Some.Create(Set(Some.Image), rollouts), s_guarded, Some.Now);
        var changed = guard.Evaluate(Some.Update(Set(Some.Image), Set(Some.OtherImage), rollouts), s_guarded, Some.Now);
        var byAPerson = guard.Evaluate(Some.Create(Set(Some.Image), Some.Developer), s_guarded, Some.Now);

        Assert.That(
            (made.Evaluated.ChangeType, changed.Evaluated.ChangeType, byAPerson.Evaluated.ChangeType),
            Is.EqualTo((expected, expected, ChangeType.NewRevision))
        );
    }

    [Test]
    public void AnObjectWithoutAnOwnerIsEvaluated()
    {
        var guard = SafeguardList.Evaluator(new TrustedControllers([], [ControllerPreset.Trusted("argo-rollouts")]));
        var rollouts = new Requester("system:serviceaccount:argo-rollouts:argo-rollouts", "", ["system:serviceaccounts"]);

        Assert.That(
            guard.Evaluate(Some.Create(ReplicaSet(Some.Image), rollouts), s_guarded, Some.Now).Evaluated.ChangeType,
            Is.EqualTo(ChangeType.NewRevision)
        );
    }

    [Test]
    public void TwoPresetsOfOneAccountAreTrustedForBoth()
    {
        var trusted = new TrustedControllers(
            [KeyValuePair.Create("system:serviceaccount:keda:keda-operator", (string[])["Pod"])],
            [ControllerPreset.Trusted("keda"), ControllerPreset.Trusted("keda-scaled-jobs")]
        );
        var keda = new Requester("system:serviceaccount:keda:keda-operator", "", []);

        Assert.Multiple(() =>
        {
            Assert.That(trusted.Autoscalers, Does.Contain(keda.Username));
            Assert.That(trusted.MayTrust(keda, "Job"), Is.True);
            Assert.That(trusted.Trusts(keda, "Job"), Is.False, "of a ScaledJob alone");
            Assert.That(trusted.Trusts(keda, "Pod"), Is.True);
            Assert.That(trusted.Trusts(keda, "Scale"), Is.False, "it is no kind, and a custom resource may be called so");
        });
    }

    private static JsonObject ReplicaSet(string image) => Some.Deployment(image).With("kind", "\"ReplicaSet\"");

    [Test]
    public void EveryPresetHasAUniqueNameAndAReason()
    {
        Assert.That(ControllerPreset.All.Select(p => p.Name), Is.Unique.And.All.Matches("^[a-z0-9-]+$"));
        Assert.That(ControllerPreset.All.Select(p => p.Why), Has.None.Empty);
        Assert.That(ControllerPreset.All.Where(p => p.IsSafe).Select(p => p.Namespace), Has.None.EqualTo("kube-system"));
    }
}

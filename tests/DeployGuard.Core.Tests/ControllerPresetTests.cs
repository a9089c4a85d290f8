using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

public class ControllerPresetTests
{
    private static readonly CustomKind s_rollouts = new("argoproj.io", "rollouts", "Rollout", "spec.template");

    [TestCase("keda", "system:serviceaccount:keda:keda-operator", "Scale")]
    [TestCase("keda@autoscaling", "system:serviceaccount:autoscaling:keda-operator", "Scale")]
    [TestCase("kueue@redhat-ods", "system:serviceaccount:redhat-ods:kueue-controller-manager", "Suspend")]
    [TestCase("argo-rollouts", "system:serviceaccount:argo-rollouts:argo-rollouts", "ReplicaSet")]
    public void APresetIsTrustedForItsKindsAlone(string text, string user, string kind)
    {
        Assert.That(ControllerPreset.ProblemOf(text, [s_rollouts]), Is.Null);
        var trusted = new TrustedControllers([ControllerPreset.Trust(text)]);

        Assert.That(trusted.All.Single(t => t.User == user).Kinds, Is.EqualTo((string[])[kind]));
        Assert.That(trusted.Trusts(new Requester(user, "", []), "Pod"), Is.False);
    }

    [TestCase("rollouts", "is none of kueue, keda, keda-scaled-jobs, argo-rollouts, with @NAMESPACE where it runs elsewhere")]
    [TestCase("keda@", "is none of kueue, keda")]
    [TestCase("keda@a@b", "is none of kueue, keda")]
    [TestCase("argo-rollouts", "needs --workload-kind rollouts.argoproj.io/Rollout=spec.template (the chart's workloadKinds): else nobody judges what it acts on")]
    [TestCase("keda-scaled-jobs", "needs --workload-kind scaledjobs.keda.sh/ScaledJob=spec.jobTargetRef.template")]
    [TestCase("tekton", "cannot be trusted: whoever may write a TaskRun chooses what its pods run: run pipelines in a namespace of their own. See docs/integrations.md")]
    [TestCase("keda@kube-system", "accounts of kube-system are Kubernetes' own, and known")]
    public void WhatCannotBeUsedSaysWhy(string text, string why) => Assert.That(ControllerPreset.ProblemOf(text, []), Does.StartWith(why));

    [Test]
    public void TwoPresetsOfOneAccountAreTrustedForBoth()
    {
        var trusted = new TrustedControllers([ControllerPreset.Trust("keda"), ControllerPreset.Trust("keda-scaled-jobs"), KeyValuePair.Create("system:serviceaccount:keda:keda-operator", (string[])["Pod"])]);
        var keda = new Requester("system:serviceaccount:keda:keda-operator", "", []);

        Assert.Multiple(() =>
        {
            Assert.That(trusted.Autoscalers, Does.Contain(keda.Username));
            Assert.That(trusted.Trusts(keda, "Job"), Is.True);
            Assert.That(trusted.Trusts(keda, "Pod"), Is.True);
            Assert.That(trusted.Trusts(keda, "Scale"), Is.False, "it is no kind, and a custom resource may be called so");
        });
    }

    [Test]
    public void EveryPresetHasANameOfItsOwnAndAReason()
    {
        Assert.That(ControllerPreset.All.Select(p => p.Name), Is.Unique.And.All.Matches("^[a-z0-9-]+$"));
        Assert.That(ControllerPreset.All.Select(p => p.Why), Has.None.Empty);
        Assert.That(ControllerPreset.All.Where(p => p.IsSafe).Select(p => p.Namespace), Has.None.EqualTo("kube-system"));
    }
}

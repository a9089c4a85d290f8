using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Tests;

/// <summary>What a refusal tells its reader to do, beyond the findings one by one.</summary>
public class AdviceTests
{
    private const string BreakGlass = "In an emergency, the on-call engineer can repeat this command after they run: ";
    private static readonly Requester s_argo = Machine("argocd:argocd-application-controller");
    private static readonly Requester s_flux = Machine("flux-system:kustomize-controller");
    private static readonly Requester s_helm = Machine("flux-system:helm-controller");
    private static readonly Requester s_pipeline = Machine("ci:deployer");
    private static readonly Requester s_autoscaler = Machine("kube-system:horizontal-pod-autoscaler");

    [Test]
    public void TheCommandOfABreakGlassNamesEverySafeguardThatRefused()
    {
        var policy = Some.Policy("""{"canary": {"steps": [5]}, "approval": {"quorum": [{"groups": ["a"]}]}}""");

        Assert.That(
            Refusal(Update(), policy).Split('\n')[^1],
            Is.EqualTo(
                BreakGlass
                    + "kubectl deployguard breakglass deployment/web -n shop --waive Approval --waive Pace --incident ID "
                    + "--reason WHY"
            )
        );
    }

    [Test]
    public void TheCommandOfABreakGlassIsSaidOnce() =>
        Assert.That(
            Refusal(
                    Update(),
                    Some.OneSenior,
                    Some.OneSenior with
                    {
                        Name = "pci",
                    },
                    Some.Policy("""{"freeze": {}, "active": {"until": "2026-12-01T00:00:00Z"} }""", "peak")
                )
                .Split("kubectl deployguard breakglass"),
            Has.Length.EqualTo(2)
        );

    [Test]
    public void TheBreakGlassForAMachineNamesTheMachine() =>
        Assert.That(
            Refusal(Update(by: s_argo), Some.OneSenior),
            Does.EndWith(
                "In an emergency, sync again after the on-call engineer runs: "
                    + "kubectl deployguard breakglass deployment/web -n shop --waive Approval --for "
                    + "system:serviceaccount:argocd:argocd-application-controller --incident ID --reason WHY"
            )
        );

    [Test]
    public void ABreakGlassIsOfferedForTheRestOfWhatRefuses() =>
        Assert.That(
            Refusal(Update("web:1"), Some.Policy("""{"images": {}, "approval": {"quorum": [{"groups": ["a"]}]}}""")),
            Does.EndWith(
                "\nA break-glass cannot waive ImageNotPinned. Once that is resolved, and in an emergency, the on-call engineer can waive the "
                    + "rest: kubectl deployguard breakglass deployment/web -n shop --waive Approval --incident ID --reason WHY"
            )
        );

    [Test]
    public void ABreakGlassIsNotMentionedWhereItWaivesNothing() =>
        Assert.That(Refusal(Update("web:1"), Some.Policy("""{"images": {}}""")), Does.Not.Contain("reak-glass"));

    [Test]
    public void AGeneratedNameIsOfferedNoBreakGlass() =>
        Assert.That(
            Refusal(Some.Create(Some.Deployment()) with { IsNameGenerated = true }, Some.OneSenior),
            Does.Contain("ApprovalMissing").And.Not.Contain("deployguard breakglass")
        );

    [Test]
    public void WhatMakesAnotherRevisionIsFixedBeforeTheApproval()
    {
        var unprobed = Some.Deployment(Some.OtherImage).With("spec/template/spec/containers/0/readinessProbe", "null");
        var lines = Refusal(
                Some.Update(Some.Deployment(), unprobed),
                Some.Policy("""{"canary": {"steps": [5]}, "approval": {"quorum": [{"groups": ["a"]}]}}""")
            )
            .Split('\n');

        Assert.That(lines[1], Does.StartWith(" - PaceTooFast: Keep the readinessProbe of web, which this request removes. "));
        Assert.That(lines[2], Does.Contain("First fix PaceTooFast: that makes another revision"));
        Assert.That(lines, Has.None.Contain("deployguard approve").And.None.Contain("After approval"));
    }

    [Test]
    public void WhatNoApprovalCanCountForKeepsItsOwnRemedy() =>
        Assert.That(
            Refusal(
                Some.Create(Some.Deployment("web:1")) with
                {
                    IsNameGenerated = true,
                },
                Some.OneSenior,
                Some.Policy("""{"images": {}}""", "z")
            ),
            Does.Contain("The generated name changes with each attempt").And.Not.Contain("First fix")
        );

    [Test]
    public void AnApprovalIsOfferedIfOnlyTheStrategyIsWrong() =>
        Assert.That(
            Refusal(Update(), Some.Policy("""{"canary": {"steps": [5]}, "approval": {"quorum": [{"groups": ["a"]}]}}""")),
            Does.Contain("Ask them to run: kubectl deployguard approve")
                .And.Contain("\nAfter approval, and once the other findings above are resolved, re-run this command.")
        );

    [Test]
    public void AnotherPolicysTagIsFixedFirstToo() =>
        Assert.That(
            Refusal(Update("web:1"), Some.OneSenior, Some.Policy("""{"images": {}}""", "z")).Split('\n')[1],
            Does.StartWith(" - ImageNotPinned [z]: ")
        );

    [Test]
    public void OnlyArgoCdIsToldToSyncByHand()
    {
        string After(Requester by) =>
            Refusal(Update(by: by), Some.OneSenior).Split('\n').Single(l => l.StartsWith("After approval", StringComparison.Ordinal));

        Assert.That(After(s_argo), Does.Contain("argocd app sync APPLICATION"));
        Assert.That(After(s_flux), Does.EndWith("flux reconcile kustomization NAME -n NAMESPACE"));
        Assert.That(After(s_helm), Does.EndWith("flux reconcile helmrelease NAME -n NAMESPACE --reset"));
        Assert.That(After(s_pipeline), Is.EqualTo("After approval run the pipeline again."));
        Assert.That(After(Some.Developer), Is.EqualTo("After approval re-run this command."));
    }

    [Test]
    public void FluxIsNamedByTheLabelsThatItWrites() =>
        Assert.That(
            Refusal(
                Some.Update(
                    Some.Deployment(),
                    Some.Deployment(Some.OtherImage)
                        .With(
                            "metadata/labels",
                            """{"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}"""
                        ),
                    s_flux
                ),
                Some.OneSenior
            ),
            Does.Contain("flux reconcile kustomization apps -n flux-system\n")
        );

    [Test]
    public void WhatComesFromARepositoryIsChangedThere()
    {
        var policy = Some.Policy("""{"canary": {"required": "Always", "steps": [5]}}""");
        string Remedy(Requester by) =>
            Some.Decide(Update(by: by), new ClusterSnapshot { Policies = [policy] }).Findings.Single().Finding.Remedy;

        foreach (var by in (Requester[])[s_argo, s_flux, s_helm, s_pipeline])
        {
            Assert.That(Remedy(by), Does.StartWith("Add this to the manifest in the repository, then ").And.Not.Contain("kubectl"));
        }

        Assert.That(Remedy(Some.Developer), Does.Contain("kubectl patch deployment/web"));
        Assert.That(Remedy(s_autoscaler), Does.Contain("kubectl patch deployment/web"), "people read it, and no repository is involved");
    }

    [Test]
    public void APersonWhoRunsHelmIsToldToRunHelmAgain()
    {
        var owned = Some.Deployment(Some.OtherImage).With("metadata/annotations", """{"meta.helm.sh/release-name": "shop-web"}""");
        var request = Some.Update(Some.Deployment(), owned) with { FieldManager = "helm" };
        var lines = Refusal(request, Some.Policy("""{"canary": {"steps": [5]}, "approval": {"quorum": [{"groups": ["a"]}]}}"""))
            .Split('\n');

        Assert.That(
            lines,
            Has.One.EqualTo(
                "After approval, and once the other findings above are resolved, run it again, with the same pod template: helm upgrade "
                    + "--install shop-web CHART -n shop"
            )
        );
        Assert.That(
            lines,
            Has.One.StartsWith(" - PaceTooFast: Add this to the chart or its values, then run the same helm command again: {")
        );
        Assert.That(lines, Has.None.Contain("kubectl patch"));
    }

    [Test]
    public void AControllerThatRunsHelmIsNoPerson() =>
        Assert.That(Deployers.Of(Update(by: s_helm) with { FieldManager = "helm" }), Is.EqualTo(Deployer.FluxHelm));

    [Test]
    public void AServiceAccountThatIsNamedLikeAToolIsOnlyWrittenToLikeIt()
    {
        var impostor = Machine("shop:argocd-application-controller");

        Assert.That(Deployers.Of(Update(by: impostor)), Is.EqualTo(Deployer.ArgoCd));
        Assert.That(Some.Decide(Update(by: impostor), new ClusterSnapshot { Policies = [Some.OneSenior] }).IsAllowed, Is.False);
    }

    [Test]
    public void UndoOfAnUnreviewedBreakGlassSaysWhatItWaitsFor()
    {
        var (old, current) = (Some.Deployment(), Some.Deployment(Some.OtherImage));
        var former = Some.Change(old, Phase.Completed) with { BreakGlassUses = [new BreakGlassUse("web-x7k2p", "erin", Some.Now, null)] };
        var freeze = Some.Policy("""{"freeze": {}, "active": {"until": "2026-12-01T00:00:00Z"} }""");
        string Undo(BreakGlassUse use) =>
            Messages.Refusal(
                Some.Decide(
                    Some.Update(current, old),
                    new ClusterSnapshot
                    {
                        Policies = [freeze],
                        Changes = [Some.Change(current, Phase.Completed), former with { BreakGlassUses = [use] }],
                    }
                )
            );

        Assert.That(
            Undo(former.BreakGlassUses[0]).Split('\n'),
            Has.One.EqualTo(
                "It ran before by break-glass web-x7k2p of erin, which nobody has reviewed, so going back to it is no rollback. Have it "
                    + $"reviewed by another person: kubectl deployguard approve {former.Name} -n shop"
            )
        );
        Assert.That(Undo(former.BreakGlassUses[0] with { AdmittedRevision = false }), Does.Not.Contain("ran before"));
    }

    private static WorkloadRequest Update(string image = Some.OtherImage, Requester? by = null) =>
        Some.Update(Some.Deployment(), Some.Deployment(image), by);

    private static string Refusal(Request request, params SafeguardPolicy[] policies) =>
        Messages.Refusal(Some.Decide(request, new ClusterSnapshot { Policies = policies }));

    private static Requester Machine(string account) => new($"system:serviceaccount:{account}", "", ["system:serviceaccounts"]);
}

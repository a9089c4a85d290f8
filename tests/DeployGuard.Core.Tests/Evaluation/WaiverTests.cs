using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>Which findings a BreakGlass and an exempt identity waive, and which they do not.</summary>
public class WaiverTests
{
    [Test]
    public void BreakGlassAdmitsItsCreatorWithAWarning()
    {
        var verdict = Decide(Some.Image, Glass());

        Assert.That(verdict.IsAllowed, Is.True);
        Assert.That(
            Messages.WarningLines(verdict)[0],
            Is.EqualTo(
                $"admitted by break-glass g; another person must review it: kubectl deployguard approve {verdict.Evaluated.Name} -n shop"
            )
        );
    }

    [Test]
    public void NoOtherUserMayUseABreakGlass() =>
        Assert.That(Decide(Some.Image, Glass() with { RequestedBy = Some.Alice }).IsAllowed, Is.False);

    [Test]
    public void BreakGlassAdmitsTheMachineThatItNames() =>
        Assert.That(Decide(Some.Image, Glass() with { RequestedBy = Some.Alice, For = Some.Developer.Username }).IsAllowed, Is.True);

    [TestCase("web", "shop", true)]
    [TestCase("other", "shop", false)]
    [TestCase("web", "other", false)]
    public void BreakGlassAppliesToItsWorkload(string name, string @namespace, bool allowed) =>
        Assert.That(
            Decide(
                Some.Image,
                Glass() with
                {
                    Namespace = @namespace,
                    Workload = new WorkloadRef("apps", "Deployment", @namespace, name),
                }
            ).IsAllowed,
            Is.EqualTo(allowed)
        );

    [Test]
    public void BreakGlassCoversObjectsOfItsWorkloadButNoForgedOwnerReferences()
    {
        var web = Shop.Web(20);
        var set = Shop.SetOf(web);
        var named = Shop.OwnerJson("apps/v1", "Deployment", "web");
        var policy = Some.Policy("""{"approval": {"quorum": [{"groups": ["a"]}]}}""");
        bool IsAllowed(JsonObject made) =>
            Some.Decide(
                Some.Create(made),
                new ClusterSnapshot
                {
                    Policies = [policy],
                    BreakGlasses = [Glass()],
                    Owners = [set.Read(), web.Read()],
                }
            ).IsAllowed;

        Assert.That(IsAllowed(Shop.SetOf(web)), Is.True, "its ReplicaSet");
        Assert.That(IsAllowed(Shop.PodOf(set)), Is.True, "its pod");
        Assert.That(IsAllowed(Shop.Deployment("other", 1, Shop.V2).With("metadata/ownerReferences", named)), Is.False);
        Assert.That(
            IsAllowed(Shop.SetOf(web).With("metadata/labels", """{"track": "other"}""")),
            Is.False,
            "the Deployment does not select it"
        );
    }

    [Test]
    public void BreakGlassAppliesToEveryWorkloadIfItNamesNone() =>
        Assert.That(Decide(Some.Image, Glass() with { Workload = null }).IsAllowed, Is.True);

    [Test]
    public void BreakGlassEnds() => Assert.That(Decide(Some.Image, Glass() with { ExpiresAt = Some.Now }).IsAllowed, Is.False);

    [Test]
    public void BreakGlassEndsAfterADayAtTheLatest() =>
        Assert.That(
            Decide(Some.Image, Glass() with { CreatedAt = Some.Now.AddHours(-24), ExpiresAt = Some.Now.AddYears(1) }).IsAllowed,
            Is.False
        );

    [Test]
    public void BreakGlassWaivesOnlyTheListedSafeguards() =>
        Assert.That(Decide(Some.Image, Glass() with { Waives = ["Pace"] }).IsAllowed, Is.False);

    [Test]
    public void BreakGlassNeverWaivesImagePinning()
    {
        var verdict = Decide("web:1", Glass() with { Waives = ["Approval", "ImagePinning"] });

        Assert.That(verdict.Denials.Select(d => d.Finding.Reason), Is.EqualTo(new[] { "ImageNotPinned" }));
    }

    [Test]
    public void ExemptIdentityPassesAndItsUseIsRecorded()
    {
        var policy = Some.Policy("""{"approval": {"quorum": [{"groups": ["a"]}]}, "exempt": {"users": ["dana"]}}""");
        var verdict = Some.Decide(Some.Create(Some.Deployment()), new ClusterSnapshot { Policies = [policy] });

        Assert.That(verdict.IsAllowed, Is.True);
        Assert.That(verdict.Waived.Single().Waiver, Is.EqualTo(Waiver.ExemptIdentity));
    }

    [Test]
    public void AServiceAccountIsExemptByNamespaceAndName()
    {
        var policy = Some.Policy(
            """{"approval": {"quorum": [{"groups": ["a"]}]}, "exempt": {"serviceAccounts": ["argocd/argocd-application-controller"]}}"""
        );

        Assert.That(
            Some.Decide(Some.Create(Some.Deployment(), Some.Machine), new ClusterSnapshot { Policies = [policy] }).IsAllowed,
            Is.True
        );
    }

    [Test]
    public void AnExemptionInOnePolicyDoesNotCountInAnother()
    {
        var policy = Some.Policy("""{"approval": {"quorum": [{"groups": ["a"]}]}, "exempt": {"users": ["dana"]}}""");

        Assert.That(
            Some.Decide(Some.Create(Some.Deployment()), new ClusterSnapshot { Policies = [policy, Some.OneSenior] }).Denials.Count(),
            Is.EqualTo(1)
        );
    }

    [Test]
    public void RevisionAdmittedByBreakGlassIsNoRollbackBeforeItsReview()
    {
        var (old, current) = (Some.Deployment(), Some.Deployment(Some.OtherImage));
        var use = new BreakGlassUse("g", "dana", Some.Now, null);
        Verdict Back(BreakGlassUse used) =>
            Some.Decide(
                Some.Update(current, old),
                new ClusterSnapshot
                {
                    Policies = [Some.OneSenior],
                    Changes = [Some.Change(current, Phase.Completed), Some.Change(old, Phase.Completed) with { BreakGlassUses = [used] }],
                }
            );

        Assert.That(Back(use).Evaluated.ChangeType, Is.EqualTo(ChangeType.NewRevision));
        Assert.That(Back(use with { ReviewedBy = "alice" }).Evaluated.ChangeType, Is.EqualTo(ChangeType.Rollback));
    }

    [Test]
    public void AnApprovedRevisionStaysARollbackTargetAfterABreakGlassForMoreExposure()
    {
        var (old, current) = (Some.Deployment(), Some.Deployment(Some.OtherImage));
        var widened = Some.Change(old, Phase.Completed) with
        {
            BreakGlassUses = [new BreakGlassUse("g", "dana", Some.Now, null, AdmittedRevision: false)],
        };
        var cluster = new ClusterSnapshot { Policies = [Some.OneSenior], Changes = [Some.Change(current, Phase.Completed), widened] };

        Assert.That(Some.Decide(Some.Update(current, old), cluster).Evaluated.ChangeType, Is.EqualTo(ChangeType.Rollback));
        Assert.That(widened.IsUnreviewed, Is.True, "it must be reviewed all the same");
    }

    [Test]
    public void LongRefusalIsTruncatedAndCountsTheRest()
    {
        var containers = string.Join(
            ',',
            Enumerable.Range(0, 200).Select(i => $$"""{"name": "c{{i}}", "image": "{{new string('x', 3000)}}{{i}}:1"}""")
        );
        var cluster = new ClusterSnapshot { Policies = [Some.Policy("""{"images": {"pin": "Digest"}}""")] };

        var message = Messages.Refusal(
            Some.Decide(Some.Create(Some.Deployment().With("spec/template/spec/containers", $"[{containers}]")), cluster)
        );

        Assert.That(message, Has.Length.LessThanOrEqualTo(Messages.MaxRefusal).And.Length.GreaterThan(Messages.MaxRefusal / 2));
        Assert.That(message, Does.Match(@"\n - and 1\d\d more; fix these first$"));
    }

    private static BreakGlass Glass() =>
        new()
        {
            Name = "g",
            Namespace = "shop",
            Workload = new WorkloadRef("apps", "Deployment", "shop", "web"),
            Waives = ["Approval"],
            Incident = "INC-1",
            Reason = "orders fail",
            CreatedAt = Some.Now.AddMinutes(-5),
            ExpiresAt = Some.Now.AddHours(1),
            RequestedBy = Some.Developer,
        };

    private static Verdict Decide(string image, BreakGlass glass) =>
        Some.Decide(
            Some.Create(Some.Deployment(image)),
            new ClusterSnapshot
            {
                Policies = [Some.Policy("""{"images": {"pin": "Digest"}, "approval": {"quorum": [{"groups": ["a"]}]}}""")],
                BreakGlasses = [glass],
            }
        );
}

using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Core.Tests;

/// <summary>Policies whose approvals cover images: each new one by digest, and nothing else of the template.</summary>
public class ImagesCoverageTests
{
    private static readonly SafeguardPolicy s_policy = Some.Policy(
        """
        {"images": {"pin": "Digest"}, "approval": {"covers": "Images", "quorum": [{"groups": ["senior-engineers"]}]}}
        """
    );

    [Test]
    public void AnotherTemplateWithTheSameImagesNeedsNoApproval() => Assert.That(Decide(Env(Some.Deployment())).IsAllowed, Is.True);

    [Test]
    public void NewImageNeedsAnApproval() =>
        Assert.That(Decide(Some.Deployment(Some.OtherImage)).Reasons(), Is.EqualTo(new[] { "ApprovalMissing" }));

    [Test]
    public void AnApprovalOfTheImageCoversEveryTemplateThatHasIt() =>
        Assert.That(Decide(Env(Some.Deployment(Some.OtherImage)), Approval(Some.Alice, Some.OtherImage)).IsAllowed, Is.True);

    [Test]
    public void AnApprovalOfAnotherImageDoesNotCount() =>
        Assert.That(Decide(Some.Deployment(Some.OtherImage), Approval(Some.Alice, Some.Image)).IsAllowed, Is.False);

    [Test]
    public void EachNewImageMustBeNamed()
    {
        var two = Some.Deployment(Some.OtherImage)
            .With(
                "spec/template/spec/initContainers",
                $$"""[{"name": "i", "image": "{{Some.OtherImage.Replace("web", "init", StringComparison.Ordinal)}}"}]"""
            );

        Assert.That(Decide(two, Approval(Some.Alice, Some.OtherImage)).IsAllowed, Is.False);
    }

    [Test]
    public void TheRequesterOfAnImageCannotApproveItInAnotherTemplate()
    {
        var before = Some.Deployment();
        var brought = Some.Change(Some.Deployment(Some.OtherImage), Phase.Pending) with { Requesters = ["alice"] };
        var cluster = new ClusterSnapshot
        {
            Policies = [s_policy],
            Changes = [Some.Change(before, Phase.Completed), brought],
            Approvals = [Approval(Some.Alice, Some.OtherImage)],
        };

        Assert.That(Some.Decide(Some.Update(before, Env(Some.Deployment(Some.OtherImage))), cluster).IsAllowed, Is.False);
    }

    [Test]
    public void AnImageThatRunsUnreviewedByBreakGlassIsStillNew()
    {
        var running = Some.Deployment(Some.OtherImage);
        var unreviewed = Some.Change(running, Phase.Completed) with { BreakGlassUses = [new BreakGlassUse("g", "dana", Some.Now, null)] };
        var cluster = new ClusterSnapshot { Policies = [s_policy], Changes = [unreviewed] };

        Assert.That(Some.Decide(Some.Update(running, Env(Some.Deployment(Some.OtherImage))), cluster).IsAllowed, Is.False);
        Assert.That(
            Some.Decide(
                Some.Update(running, Env(Some.Deployment(Some.OtherImage))),
                cluster with
                {
                    Changes = [Reviewed(unreviewed)],
                }
            ).IsAllowed,
            Is.True
        );
    }

    [Test]
    public void AVetoOfAnImageStopsEveryTemplateThatHasIt() =>
        Assert.That(
            Decide(
                    Env(Some.Deployment(Some.OtherImage)),
                    Approval(Some.Alice, Some.OtherImage),
                    Approval(Some.Carol, Some.OtherImage) with
                    {
                        Decision = Decision.Reject,
                    }
                )
                .Reasons(),
            Is.EqualTo(new[] { "ApprovalRejected" })
        );

    [Test]
    public void VetoWrittenByTheCommandLineCountsUnderAnotherTemplateAsAnApprovalDoes()
    {
        var requested = Some.Deployment(Some.OtherImage);
        Approval Both(Requester by, Decision decision) => Some.ApprovalOf(requested, by, decision) with { Images = [Some.OtherImage] };

        Assert.That(
            Decide(Env(Some.Deployment(Some.OtherImage)), Both(Some.Alice, Decision.Approve), Both(Some.Carol, Decision.Reject)).Reasons(),
            Is.EqualTo(new[] { "ApprovalRejected" })
        );
    }

    [Test]
    public void AVetoDoesNotStopRevisionsThatShareOnlyOldImages()
    {
        var veto = Some.ApprovalOf(Some.Deployment(Some.OtherImage), Some.Carol, Decision.Reject) with
        {
            Images = [Some.Image, Some.OtherImage],
        };

        Assert.That(Decide(Env(Some.Deployment()), veto).IsAllowed, Is.True);
    }

    [Test]
    public void AVetoOfAnImageRejectsEveryChangeThatBringsIt()
    {
        var (completed, waits) = (
            Some.Change(Some.Deployment(), Phase.Completed),
            Some.Change(Env(Some.Deployment(Some.OtherImage)), Phase.Pending)
        );
        var veto = Some.ApprovalOf(Some.Deployment(Some.OtherImage), Some.Carol, Decision.Reject) with
        {
            Images = [Some.Image, Some.OtherImage],
        };

        Assert.That(StandingVotes.Veto(waits, [veto], [s_policy], Some.Now, [completed, waits]), Is.EqualTo(veto));
        Assert.That(
            StandingVotes.Veto(waits, [veto with { Images = [Some.Image] }], [s_policy], Some.Now, [completed, waits]),
            Is.Null,
            "an image that completed is no news"
        );
    }

    [Test]
    public void AnApprovalOfImagesDoesNotCountWhereTheTemplateMustBeApproved()
    {
        var cluster = new ClusterSnapshot { Policies = [Some.OneSenior], Approvals = [Approval(Some.Alice, Some.OtherImage)] };

        Assert.That(Some.Decide(Some.Create(Some.Deployment(Some.OtherImage)), cluster).IsAllowed, Is.False);
    }

    private static Change Reviewed(Change change) =>
        change with
        {
            BreakGlassUses = [.. change.BreakGlassUses.Select(u => u with { ReviewedBy = "alice" })],
        };

    private static System.Text.Json.Nodes.JsonObject Env(System.Text.Json.Nodes.JsonObject deployment) =>
        deployment.With("spec/template/spec/containers/0/env", """[{"name": "A", "value": "1"}]""");

    private static Approval Approval(Requester by, params string[] images) =>
        Some.ApprovalOf(Some.Deployment(), by) with
        {
            TemplateHash = null,
            Images = images,
        };

    private static Verdict Decide(System.Text.Json.Nodes.JsonObject after, params Approval[] approvals) =>
        Some.Decide(
            Some.Update(Some.Deployment(), after),
            new ClusterSnapshot
            {
                Policies = [s_policy],
                Approvals = approvals,
                Changes = [Some.Change(Some.Deployment(), Phase.Completed)],
            }
        );
}

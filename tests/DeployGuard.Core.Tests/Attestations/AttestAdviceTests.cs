using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Tests;

/// <summary>What is advised where no statement about an image is found at all.</summary>
public class AttestAdviceTests
{
    private const string Image = "registry.example.com/web@sha256:1";
    private static readonly RunningImage s_runs = new("web@old", Stated.Running);

    [Test]
    public void WithABuildKeyEachJobIsAskedForWhatItKnows() =>
        Assert.That(
            AttestAdvice.WhereNoneIs(Image, [KeyRole.SourceReview, KeyRole.Build], [s_runs]),
            Is.EqualTo(
                "Ask the CI job that holds the key of the role SourceReview to run: deployguard attest "
                    + $"--from {Stated.Running} --to NEW-COMMIT --ref refs/heads/BRANCH --complete --approvals FILE --key KEY --push --beside {Image}; "
                    + "and the CI job that built the image to run, with its key of the role Build: deployguard attest "
                    + $"--from {Stated.Running} --to NEW-COMMIT --ref refs/heads/BRANCH --key KEY --push --image {Image}"
            )
        );

    [Test]
    public void WithoutABuildKeyTheForgeStatesTheImageToo() =>
        Assert.That(
            AttestAdvice.WhereNoneIs(Image, [KeyRole.SourceReview], [s_runs]),
            Does.EndWith($"--complete --approvals FILE --key KEY --push --image {Image}").And.Not.Contain("Build")
        );

    [Test]
    public void WithoutAKeyForReviewsOnlyTheBuildIsAsked() =>
        Assert.That(
            AttestAdvice.WhereNoneIs(Image, [KeyRole.Build, KeyRole.Vsa], [s_runs]),
            Does.StartWith("Ask the CI job that built the image").And.Not.Contain("SourceReview")
        );

    [Test]
    public void WithAKeyForSummariesAloneNobodyIsAskedToSign([Values] bool isCommitKnown) =>
        Assert.That(
            AttestAdvice.WhereNoneIs(Image, [KeyRole.Vsa], [s_runs with { Commit = isCommitKnown ? Stated.Running : null }]),
            Is.EqualTo(
                "The policy trusts no key of the role Build or SourceReview, so that nobody can say of which commit the image is. Have it approved "
                    + "in the cluster, or ask the platform team to add such a key to the policy"
            )
        );

    [Test]
    public void TwoCommitsThatRunAreNoSingleOne() =>
        Assert.That(
            AttestAdvice.WhereNoneIs(Image, [KeyRole.SourceReview], [s_runs, new RunningImage("web@other", Stated.Between)]),
            Does.Contain("--from COMMIT-THAT-RUNS ")
        );

    [TestCase(KeyRole.Build, "the CI job that built the image")]
    [TestCase(KeyRole.SourceReview, "the CI job that holds the key of the role SourceReview")]
    public void NoReviewIsAskedForWhereTheCommitOfWhatRunsIsNotKnown(KeyRole role, string job)
    {
        var advice = AttestAdvice.WhereNoneIs(Image, [KeyRole.SourceReview, role], [new RunningImage("web@old", null)]);

        Assert.That(
            advice,
            Does.StartWith("The commit of web@old, which runs now, is not known either")
                .And.Contain($"First ask {job} to run")
                .And.Contain($"--image {Image}")
                .And.EndWith("then have it approved in the cluster, once")
        );
        Assert.That(advice, Does.Not.Contain("--approvals"));
    }
}

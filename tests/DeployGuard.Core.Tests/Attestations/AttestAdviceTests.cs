using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Tests;

/// <summary>What is advised where no statement about an image is found at all.</summary>
public class AttestAdviceTests
{
    private static readonly RunningImage s_runs = new("web@old", Stated.Running);

    [Test]
    public void WithABuildKeyEachJobIsAskedForWhatItKnows() =>
        Assert.That(
            AttestAdvice.WhereNoneIs([KeyRole.SourceReview, KeyRole.Build], 1, [s_runs]),
            Is.EqualTo(
                "Ask the CI job that holds the key of the role SourceReview to run: deployguard attest "
                    + $"--from {Stated.Running} --to NEW-COMMIT --ref refs/heads/BRANCH --complete --approvals FILE --key KEY --push --beside IMAGE; "
                    + "and the CI job that built the image to run, with its key of the role Build: deployguard attest "
                    + $"--from {Stated.Running} --to NEW-COMMIT --ref refs/heads/BRANCH --key KEY --push --image IMAGE"
            )
        );

    [Test]
    public void WithoutABuildKeyTheForgeStatesTheImageToo() =>
        Assert.That(
            AttestAdvice.WhereNoneIs([KeyRole.SourceReview], 1, [s_runs]),
            Does.EndWith($"--complete --approvals FILE --key KEY --push --image IMAGE").And.Not.Contain("Build")
        );

    [Test]
    public void WithoutAKeyForReviewsOnlyTheBuildIsAsked() =>
        Assert.That(
            AttestAdvice.WhereNoneIs([KeyRole.Build, KeyRole.Vsa], 1, [s_runs]),
            Does.StartWith("Ask the CI job that built the image").And.Not.Contain("SourceReview")
        );

    [Test]
    public void WithAKeyForSummariesAloneNobodyIsAskedToSign([Values] bool isCommitKnown) =>
        Assert.That(
            AttestAdvice.WhereNoneIs([KeyRole.Vsa], 1, [s_runs with { Commit = isCommitKnown ? Stated.Running : null }]),
            Is.EqualTo(
                "The policy trusts no key of the role Build or SourceReview, so that nobody can say of which commit the image is. Have it approved "
                    + "in the cluster, or ask the platform team to add such a key to the policy"
            )
        );

    [Test]
    public void TwoCommitsThatRunAreNoSingleOne() =>
        Assert.That(
            AttestAdvice.WhereNoneIs([KeyRole.SourceReview], 1, [s_runs, new RunningImage("web@other", Stated.Between)]),
            Does.Contain("--from COMMIT-THAT-RUNS ")
        );

    [TestCase(KeyRole.Build, "the CI job that built the image")]
    [TestCase(KeyRole.SourceReview, "the CI job that holds the key of the role SourceReview")]
    public void NoReviewIsAskedForWhereTheCommitOfWhatRunsIsNotKnown(KeyRole role, string job)
    {
        var advice = AttestAdvice.WhereNoneIs([KeyRole.SourceReview, role], 1, [new RunningImage("web@old", null)]);

        Assert.That(
            advice,
            Does.StartWith("The commit of web@old, which runs now, is not known either")
                .And.Contain($"First ask {job} to run")
                .And.Contain($"--image IMAGE")
                .And.EndWith("then have it approved in the cluster, once")
        );
        Assert.That(advice, Does.Not.Contain("--approvals"));
    }

    [Test]
    public void WhereSeveralKeysMustAgreeAsManyJobsAreAsked() =>
        Assert.That(
            AttestAdvice.WhereNoneIs([KeyRole.SourceReview], 2, [s_runs]),
            Does.StartWith("Ask 2 CI jobs, each with another key of the role SourceReview, to run: deployguard attest ")
        );

    [Test]
    public void TheForgesJobAlsoNamesTheTemplateAndTheBuildJobDoesNot()
    {
        var advice = AttestAdvice.WhereNoneIs([KeyRole.SourceReview, KeyRole.Build], 1, [s_runs]);

        Assert.That(
            AttestAdvice.WithTemplate(advice, "shop"),
            Is.EqualTo(
                advice
                    .Replace(
                        "deployguard attest --from",
                        "kubectl apply -n shop --dry-run=server -o yaml -f MANIFEST | deployguard attest --from"
                    )
                    .Replace(
                        "; and the CI job that built the image to run, with its key of the role Build: kubectl apply -n shop --dry-run=server -o yaml -f "
                            + "MANIFEST | ",
                        "; and the CI job that built the image to run, with its key of the role Build: "
                    )
                    .Replace("--complete", "--manifest - --complete")
            )
        );
        Assert.That(AttestAdvice.WithTemplate("Have it approved.", "shop"), Is.EqualTo("Have it approved."));
    }

    [Test]
    public void NobodyIsAskedToSignWithAKeyThatCountsForNothing()
    {
        var change = Stated.Change().Source;
        var question = Stated.Question();

        Assert.That(
            AttestAdvice.BuildJob(question with { Roles = [KeyRole.SourceReview] }, change),
            Does.StartWith("ask the CI job that holds the key of the role SourceReview").And.Contain("--push --image IMAGE")
        );
        Assert.That(
            AttestAdvice.BuildJob(question with { Roles = [KeyRole.Vsa] }, change),
            Does.StartWith("have it approved in the cluster").And.Not.Contain("attest ")
        );
    }

    /// <summary>Statements name their repository as <c>attest</c> writes it, which it does not take as an option.</summary>
    [TestCase(
        "git+https://github.com/acme/checkout",
        "refs/heads/main",
        "--ref refs/heads/main --repository https://github.com/acme/checkout"
    )]
    [TestCase("https://github.com/acme/checkout", "refs/heads/a+1", "--ref refs/heads/a+1 --repository https://github.com/acme/checkout")]
    [TestCase("git+file:///srv/checkout", "refs/heads/main", "--ref refs/heads/main")]
    [TestCase(
        "https://github.com/acme/checkout",
        "refs/heads/$(id)",
        "--ref refs/heads/BRANCH --repository https://github.com/acme/checkout"
    )]
    public void TheSourceOfAStatementIsWrittenAsOptions(string repository, string name, string options) =>
        Assert.That(AttestAdvice.SourceOf(name, repository), Is.EqualTo(options));

    [TestCase("refs/tags/v*", "--ref refs/tags/vNAME")]
    [TestCase("refs/heads/*", "--ref refs/heads/NAME")]
    [TestCase("*", "--ref NAME")]
    public void OfAPatternTheFixedPartIsKept(string pattern, string option) => Assert.That(AttestAdvice.RefOf(pattern), Is.EqualTo(option));
}

using DeployGuard.Core.Approvals;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Evaluation;
using static DeployGuard.Core.Tests.SignedScene;

namespace DeployGuard.Core.Tests;

/// <summary>An auditor finds the review of the time on record in the statement that the record names first.</summary>
public class ReviewOfSeveralPartsTests
{
    private const string Erin = "github:2002";

    [TestCase(-50, -2)]
    [TestCase(-2, -50)]
    public void TheRecordNamesTheStatementsOfAllPartsTheOldestFirst(int hours, int hoursOfHead)
    {
        var verdict = Decide(Always(), Parts(hours, hoursOfHead));
        var review = verdict.Backing.Single().Reviews.Single();

        Assert.That(review.At, Is.EqualTo(Some.Now.AddHours(-50)));
        Assert.That(review.Statements, Has.Count.EqualTo(2).And.Unique);
        Assert.That(review.Statements[0], Is.EqualTo(DigestOf(Parts(hours, hoursOfHead)[hours < hoursOfHead ? 0 : 1])));
        Assert.That(verdict.Basis.Single(), Does.EndWith($", statement {review.Statements[0][..12]} and 1 more)"));
    }

    [TestCase(-50, -2, "first second")]
    [TestCase(-2, -50, "second first")]
    public void AndTheKeysOfAllParts(int hours, int hoursOfHead, string keys)
    {
        var (first, second) = (new Signer("first", KeyRole.SourceReview), new Signer("second", KeyRole.SourceReview));
        var (part, head) = Changes(hours, hoursOfHead);
        var result = OriginEvaluator.Evaluate(
            Stated.Question(),
            AttestationVerifier.Verify(
                [first.Says(part.About(Stated.AtCommit(Stated.Between))), second.Says(head.About(Stated.Image()), "there")],
                KeySet.Of(first.Trusted, second.Trusted)
            ),
            Some.Now
        );

        Assert.That(result.Reviews.Single().Keys, Is.EqualTo(keys.Split(' ')));
    }

    private static FoundAttestation[] Parts(int hours, int hoursOfHead)
    {
        var (part, head) = Changes(hours, hoursOfHead);
        return [Forge.Says(part.About(Stated.AtCommit(Stated.Between)), "first"), Forge.Says(head, "second")];
    }

    private static (ChangeStatement Part, ChangeStatement Head) Changes(int hours, int hoursOfHead) =>
        (
            Stated.Change(to: Stated.Between) with
            {
                Approvals = [Stated.Review(Erin, Stated.Between) with { At = Some.Now.AddHours(hours) }],
            },
            Stated.Change(from: Stated.Between) with
            {
                Approvals = [Stated.Review(Erin) with { At = Some.Now.AddHours(hoursOfHead) }],
            }
        );

    private static string DigestOf(FoundAttestation found) => AttestationVerifier.Verify([found], Keys).Statements.Single().Digest;
}

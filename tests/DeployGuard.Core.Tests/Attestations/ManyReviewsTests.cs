using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Tests;

/// <summary>On a forge anybody may submit reviews, and a job that is honest states all of them.</summary>
public class ManyReviewsTests
{
    private static readonly Signer s_forge = new("forge", KeyRole.SourceReview);
    private static readonly KeySet s_keys = KeySet.Of(s_forge.Trusted);

    /// <summary>Who is behind a name is asked for each name, and what a person said is compared only after that.</summary>
    [TestCase(1)]
    [TestCase(1000)]
    public void EachReviewIsLookedAtAFewTimes(int people)
    {
        const int Statements = 4;
        const int Each = 1000;
        var asked = 0;
        var question = Stated.Question() with
        {
            PersonOf = name =>
            {
                asked++;
                return name;
            },
        };

        var result = OriginEvaluator.Evaluate(
            question,
            AttestationVerifier.Verify(Enumerable.Range(0, Statements).Select(i => Flooded(i, Each, people)), s_keys),
            Some.Now
        );

        Assert.That(result.Chain, Has.Count.EqualTo(1));
        Assert.That(result.Reviews, Is.Empty, "everybody asked for changes last");
        Assert.That(asked, Is.LessThan(4 * Statements * Each));
        Assert.That(result.Findings, Has.Count.InRange(1, 32));
    }

    [Test]
    public void OnePersonHasOneFindingAndNoneBesideAReviewThatCounts()
    {
        var old = Stated.Review("github:2002", Stated.Between);
        var stranger = Stated.Review("github:666") with { State = ReviewState.ChangesRequested };
        var change = Stated.Change() with { Approvals = [old, Stated.Review("github:2002"), stranger, stranger with { At = Some.Now }] };

        var result = OriginEvaluator.Evaluate(Stated.Question(), AttestationVerifier.Verify([s_forge.Says(change)], s_keys), Some.Now);

        Assert.That(result.Reviews.Select(r => r.Person), Is.EqualTo(new[] { "github:2002" }));
        Assert.That(result.Findings.Single().What, Is.EqualTo("has a review by github:666 that does not count: it asks for changes"));
    }

    [Test]
    public void ReviewsOfMorePeopleThanACommitteeHasAreLeftOut()
    {
        var crowd = Enumerable
            .Range(0, 2)
            .Select(half =>
                s_forge.Says(
                    Stated.Change() with
                    {
                        IssuedAt = Some.Now.AddMinutes(-half),
                        Approvals = [.. Enumerable.Range(0, 1000).Select(i => Stated.Review($"github:{half}{i:D4}"))],
                    },
                    $"half {half}"
                )
            );

        Assert.That(
            OriginEvaluator.Evaluate(Stated.Question(), AttestationVerifier.Verify(crowd, s_keys), Some.Now).Reviews,
            Has.Count.EqualTo(1000)
        );
    }

    /// <summary>Half of them approve, and then the same people ask for changes.</summary>
    private static FoundAttestation Flooded(int number, int each, int people) =>
        s_forge.Says(
            Stated.Change() with
            {
                IssuedAt = Some.Now.AddMinutes(-number),
                Approvals =
                [
                    .. Enumerable
                        .Range(0, each)
                        .Select(i =>
                            Stated.Review($"github:{i / 2 % people}") with
                            {
                                State = i % 2 == 0 ? ReviewState.Approved : ReviewState.ChangesRequested,
                                At = Some.Now.AddHours(-2).AddSeconds(i % 2),
                            }
                        ),
                ],
            },
            $"statement {number}"
        );
}

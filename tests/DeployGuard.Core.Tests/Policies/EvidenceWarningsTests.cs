using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Records;

namespace DeployGuard.Core.Tests;

/// <summary>Policies whose signed reviews can never count are told so when they are written.</summary>
public class EvidenceWarningsTests
{
    [Test]
    public void APolicyByWhichReviewsCanCountIsNotWarnedOf() => Assert.That(EvidenceWarnings.Of(SignedScene.Always()), Is.Empty);

    [Test]
    public void WhereAnUnknownOriginIsHumanATagHidesWhatAnImageSays()
    {
        var policy = SignedScene.Always() with { UnknownOrigin = OriginKind.Human, Images = null };

        Assert.That(
            EvidenceWarnings.Of(policy).Single(),
            Does.StartWith("spec.origin.unknown is Human, and images need no digest").And.Length.LessThanOrEqualTo(256)
        );
        Assert.That(EvidenceWarnings.Of(policy with { Images = new ImageRules(Pin.Digest) }), Is.Empty);
        Assert.That(EvidenceWarnings.Of(policy with { SignedOrigin = null }), Is.Empty, "it looks nothing up");
    }

    [Test]
    public void WithoutAKeyOfTheForgeNoReviewCounts()
    {
        var policy = SignedScene.Always();
        var builders = policy with
        {
            SignedOrigin = policy.SignedOrigin is { } signed
                ? signed with
                {
                    Keys = [.. signed.Keys.Where(k => k.Role is KeyRole.Build)],
                }
                : null,
        };

        Assert.That(EvidenceWarnings.Of(builders).Single(), Does.StartWith("spec.origin.keys has no key of the role SourceReview"));
        Assert.That(EvidenceWarnings.Of(builders with { SignedOrigin = null }), Is.Empty, "it asks no registry");
    }

    [Test]
    public void WhereNobodyHasAGroupNoReviewFillsASeat()
    {
        var warning = EvidenceWarnings.Of(With(new NamedPerson("erin", ["github:2002"], []))).Single();

        Assert.That(
            warning,
            Does.StartWith("spec.identities puts nobody into a group of approval.quorum").And.Length.LessThanOrEqualTo(256)
        );
        Assert.That(EvidenceWarnings.Of(With()), Is.EqualTo(new[] { warning }));
        var summaries = With() with
        {
            SignedOrigin = With().SignedOrigin is { } s
                ? s with
                {
                    Summaries = new SummaryRules(TwoPartyReviews.CountsAsReview, []),
                }
                : null,
        };
        Assert.That(EvidenceWarnings.Of(summaries), Is.Empty, "two people in the forge fill the seat");
    }

    [Test]
    public void AGroupThatNoLineHasFillsNoSeat() =>
        Assert.That(
            EvidenceWarnings.Of(With(new NamedPerson("erin", ["github:2002"], ["senior-engineer"]))).Single(),
            Does.StartWith("spec.identities[0].groups: no line of approval.quorum has the group senior-engineer,")
        );

    [Test]
    public void ANumberWithoutItsForgeIsNamedByNoStatement() =>
        Assert.That(
            EvidenceWarnings.Of(With(new NamedPerson("erin", ["2002", "erin@example.com", "erin2"], ["senior-engineers"]))).Single(),
            Does.StartWith("spec.identities[0].names: \"2002\" has no prefix of a forge").And.EndsWith("github:2002")
        );

    [Test]
    public void AWarningIsNotCutOffByTheApiServer()
    {
        var name = new string('2', 500);
        var warnings = EvidenceWarnings.Of(With(new NamedPerson("erin", [name], [new string('g', 500)])));

        Assert.That(warnings, Has.Count.EqualTo(2).And.All.Property("Length").LessThanOrEqualTo(256));
    }

    private static SafeguardPolicy With(params IReadOnlyList<NamedPerson> people)
    {
        var policy = SignedScene.Always();
        return policy with { Approval = policy.Approval is { } rules ? rules with { Identities = new KnownPeople(people) } : null };
    }
}

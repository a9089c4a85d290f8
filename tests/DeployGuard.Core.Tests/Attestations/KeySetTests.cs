using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Tests;

/// <summary>The keys of a policy: mistakes are named when it is written, and no two sets have the same id.</summary>
public class KeySetTests
{
    private static readonly Signer s_build = new("build", KeyRole.Build);
    private static readonly Signer s_review = new("review", KeyRole.SourceReview);

    [Test]
    public void MistakesAreNamedWithTheirPaths()
    {
        var (build, review) = (s_build.Trusted, s_review.Trusted);
        Assert.Multiple(() =>
        {
            AssertRefused("keys[1].name: is the name of keys[0] too", build, review with { Name = "build" });
            AssertRefused("keys[0].name: is empty", build with { Name = "" });
            AssertRefused(
                "keys[1].pem: is the same key as keys[0]; give each role a key of its own",
                build,
                build with
                {
                    Name = "b",
                    Role = KeyRole.SourceReview,
                }
            );
            AssertRefused("keys[0].verifierId: is missing", build with { Role = KeyRole.Vsa });
            AssertRefused("keys[1].verifierId: only a key of the role Vsa has one", review, build with { VerifierId = "x" });
            AssertRefused("keys[0].notAfter: is not after notBefore", build with { NotBefore = Some.Now, NotAfter = Some.Now });
            Assert.That(() => KeySet.Of(build, review), Throws.Nothing);
        });
    }

    [Test]
    public void Case10_OtherKeysOrOtherRolesNeverMeetAnEarlierVerification()
    {
        var (build, review) = (s_build.Trusted, s_review.Trusted);
        KeySet[] sets =
        [
            KeySet.Of(),
            KeySet.Of(build),
            KeySet.Of(review),
            KeySet.Of(build, review),
            KeySet.Of(build with { Name = "build2" }),
            KeySet.Of(build with { Role = KeyRole.SourceReview }),
            KeySet.Of(build with { Role = KeyRole.Vsa, VerifierId = "a" }),
            KeySet.Of(build with { Role = KeyRole.Vsa, VerifierId = "ab" }),
            KeySet.Of(build with { NotBefore = Some.Now }),
            KeySet.Of(build with { NotAfter = Some.Now }),
            // As one text without lengths, these two would be alike.
            KeySet.Of(build with { Name = "x1", Role = KeyRole.Vsa, VerifierId = "12" }),
            KeySet.Of(build with { Name = "x", Role = KeyRole.Vsa, VerifierId = "112" }),
        ];

        Assert.That(sets.Select(s => s.Id).Distinct().Count(), Is.EqualTo(sets.Length));
        Assert.That(KeySet.Of(review, build).Id, Is.EqualTo(KeySet.Of(build, review).Id), "the order has no meaning");
    }

    private static void AssertRefused(string message, params TrustedKey[] keys) =>
        Assert.That(() => KeySet.Of(keys), Throws.TypeOf<AttestationException>().With.Message.StartsWith(message));
}

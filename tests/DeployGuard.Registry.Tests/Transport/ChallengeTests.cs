using DeployGuard.Registry.Transport;

namespace DeployGuard.Registry.Tests.Transport;

public class ChallengeTests
{
    [Test]
    public void AValueMayHoldSeveralChallenges()
    {
        var challenges = Challenge.Parse([
            """Basic realm="a, \"b\"", Bearer realm="https://auth/token?x=1",service=r , scope="repository:a:pull,push" """,
        ]);

        Assert.That(challenges.Select(c => c.Scheme), Is.EqualTo(["basic", "bearer"]));
        Assert.That(challenges[0].Realm, Is.EqualTo("a, \"b\""));
        Assert.That(challenges[1].Realm, Is.EqualTo("https://auth/token?x=1"));
        Assert.That(challenges[1].Service, Is.EqualTo("r"));
    }

    [Test]
    public void SchemesAndNamesAreReadInAnyCase() =>
        Assert.That(
            Challenge.Parse(["BEARER Realm=x"]).Single(),
            Has.Property("Scheme").EqualTo("bearer").And.Property("Realm").EqualTo("x")
        );

    [TestCase("")]
    [TestCase(",,, ,")]
    [TestCase("=")]
    [TestCase("\"")]
    [TestCase("Bearer realm=\"unfinished")]
    [TestCase("Bearer =,=\\")]
    public void WhatIsMalformedIsReadAsFarAsItGoes(string value) => Assert.That(() => Challenge.Parse([value]), Throws.Nothing);
}

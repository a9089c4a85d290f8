using DeployGuard.Core.Snapshots;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Transport;
using DeployGuard.Statements;
using Microsoft.AspNetCore.Http;

namespace DeployGuard.Webhook.Tests.Lookups;

/// <summary>To try again is advised only where time is all that is missing.</summary>
[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class LookupRemedyTests : EvidenceFixture
{
    [Test]
    public void EveryCauseHasARemedyThatBeginsWithAVerb() =>
        Assert.That(
            Enum.GetValues<FailureCause>().Select(c => LookupRemedy.Of(Because(c))),
            Has.All.Matches("^(Retry|Ask|Contact) ").And.None.EndsWith(".")
        );

    [TestCase(FailureCause.Timeout, "Retry in a minute: the lookup goes on")]
    [TestCase(FailureCause.ServerError, "Retry in a minute.")]
    [TestCase(FailureCause.NotListed, "add that registry to origin.registries")]
    [TestCase(FailureCause.Denied, "a pullSecret of the registry that may read that repository")]
    [TestCase(FailureCause.TokenHostNotListed, "tokenHosts")]
    [TestCase(FailureCause.RedirectNotListed, "redirectHosts")]
    [TestCase(FailureCause.Tls, "caBundle")]
    [TestCase(FailureCause.BadContent, "a retry will not help")]
    public void TheRemedyIsThatOfTheCause(FailureCause cause, string remedy) =>
        Assert.That(LookupRemedy.Of(Because(cause)), Does.Contain(remedy));

    [Test]
    public void APauseThatTheRegistryAsksForIsTold() =>
        Assert.That(
            LookupRemedy.Of(Because(FailureCause.RateLimited, TimeSpan.FromSeconds(250))),
            Does.StartWith("Retry in 5 minutes. If")
        );

    [Test]
    public async Task ARegistryThatDeniesAccessIsNotAdvisedToBeTriedAgain()
    {
        Registry.Misbehave(_ => true, Deny);

        var image = (await ReadAsync(Policy())).Single().Images.Single();

        Assert.That(image.Unavailable, Does.Contain("refused to read"));
        Assert.That(image.Remedy, Does.StartWith("Ask the platform team for a pullSecret"));
    }

    [Test]
    public async Task ASignatureRepositoryThatDeniesAccessLeavesTheLookupUndecidedAndIsNamed()
    {
        Registry.Misbehave(context => context.Request.Path.StartsWithSegments("/v2/signatures"), Deny);

        var image = (await ReadAsync(Policy(ofRegistry: $", \"signatureRepository\": \"{Registry.Host}/signatures\"")))
            .Single()
            .Images.Single();

        Assert.That(image.Provenance, Is.Null);
        Assert.That(
            image.Unavailable,
            Does.Contain($"refused to read {Registry.Host}/signatures/acme/web (403)")
                .And.Contain("It is a signatureRepository: create it, if it is not there, and let the same credentials read it")
        );
    }

    [Test]
    public async Task AMissingPullSecretIsForThePlatformTeam() =>
        Assert.That(
            Single(await ReadAsync(Policy(ofRegistry: ", \"pullSecret\": \"pull\""))).Remedy,
            Does.StartWith("Ask the platform team to create the Secret pull")
        );

    [Test]
    public async Task AKeyThatCannotBeReadIsForThePlatformTeam() =>
        Assert.That(
            Single(
                await ReadAsync(Policy(key: """{"name": "forge", "role": "SourceReview", "secretRef": {"name": "k", "key": "p"}}"""))
            ).Remedy,
            Does.StartWith("Ask the platform team to correct origin.keys")
        );

    private static SignedImage Single(IReadOnlyList<SignedFacts> facts) => facts.Single().Images.Single();

    private static Task Deny(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return Task.CompletedTask;
    }

    private static Unavailable Because(FailureCause cause, TimeSpan? retryAfter = null) =>
        new(new PinnedImage(new RepositoryName("registry.example", "acme/web"), Digest.Of("any"u8)), cause, "it failed", retryAfter);
}

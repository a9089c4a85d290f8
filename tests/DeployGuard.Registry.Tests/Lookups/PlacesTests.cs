using DeployGuard.Registry.Content;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.Transport;
using Microsoft.AspNetCore.Http;

namespace DeployGuard.Registry.Tests.Lookups;

internal sealed class PlacesTests : LookupFixture
{
    [Test]
    public async Task Case01_EveryMemberOfTheFallbackTagIsOpenedWhateverItsDescriptorSays()
    {
        Registry.Referrers = null;
        var image = Repository.PushImage();
        Repository.AttachByFallbackTag(image, "one", "two");

        var result = await FindAsync(image);

        Assert.That(Found(result), Is.EqualTo(["one", "two"]));
        var statement = ((StatementsFound)result).Statements[0];
        Assert.That(statement.MediaType, Is.EqualTo(MediaTypesOf.Bundle));
        Assert.That(statement.Subject, Is.EqualTo(image));
        Assert.That(statement.ManifestAnnotations["holds"], Is.EqualTo("one"));
    }

    [Test]
    public async Task Case02_NothingAnywhereIsNoStatementAndNoFailure()
    {
        Registry.Referrers = null;
        var image = Repository.PushImage();

        var result = await FindAsync(image);

        Assert.That(result, Is.InstanceOf<NoStatement>());
        Assert.That(result.Looked, Has.Some.Contains("no referrers API"));
        Assert.That(result.Looked.Where(l => l.EndsWith("nothing there", StringComparison.Ordinal)), Has.Exactly(3).Items);
        Assert.That(result.Looked, Has.Some.Contains($"@{image}"));
    }

    [Test]
    public async Task Case03_AnEmptyListOfReferrersSaysNothingOfTheTags()
    {
        var image = Repository.PushImage();
        Repository.AttachByFallbackTag(image, "fallback");
        Repository.AttachByClassicTag(image, ".att", MediaTypes.Dsse, "attestation 1", "attestation 2");
        Repository.AttachByClassicTag(image, ".sig", MediaTypes.SimpleSigning, "signature");

        Assert.That(Found(await FindAsync(image)), Is.EqualTo(["attestation 1", "attestation 2", "fallback", "signature"]));
    }

    [Test]
    public async Task AllPlacesAreMergedAndWhatLiesInTwoOfThemCountsOnce()
    {
        var image = Repository.PushImage();
        Repository.AttachReferrer(image, "both");
        Repository.AttachReferrer(image, "referrer");
        Repository.AttachByFallbackTag(image, "both", "fallback");

        Assert.That(Found(await FindAsync(image)), Is.EqualTo(["both", "fallback", "referrer"]));
    }

    [Test]
    public async Task AnnotationsOfALayerComeWithItBecauseCosignWritesItsSignatureThere()
    {
        var image = Repository.PushImage();
        Repository.AttachByClassicTag(image, ".sig", MediaTypes.SimpleSigning, "signature");

        Assert.That(((StatementsFound)await FindAsync(image)).Statements.Single().Annotations["note"], Is.EqualTo("signature"));
    }

    [TestCase(400)]
    [TestCase(404)]
    [TestCase(405)]
    [TestCase(501)]
    public async Task Case04_WhatRegistriesWithoutReferrersAnswerLeadsToTheTag(int status)
    {
        var image = Repository.PushImage();
        Repository.AttachByFallbackTag(image, "one");
        Registry.Misbehave(
            IsReferrers,
            context =>
            {
                context.Response.StatusCode = status;
                return context.Response.WriteAsync("no");
            }
        );

        Assert.That(Found(await FindAsync(image)), Is.EqualTo(["one"]));
    }

    [TestCase("text/html", "<html>Sign in</html>")]
    [TestCase("application/json", """{"status": "ok"}""")]
    [TestCase("application/json", "[]")]
    [TestCase("application/json", "")]
    public async Task Case04_APageInThePlaceOfReferrersLeadsToTheTag(string type, string page)
    {
        var image = Repository.PushImage();
        Repository.AttachByFallbackTag(image, "one");
        Registry.Misbehave(
            IsReferrers,
            context =>
            {
                context.Response.ContentType = type;
                return context.Response.WriteAsync(page);
            }
        );

        Assert.That(Found(await FindAsync(image)), Is.EqualTo(["one"]));
    }

    [Test]
    public async Task Case05And06_StatementsAreFoundWithoutASignatureOfTheImage()
    {
        var image = Repository.PushImage();
        Repository.AttachReferrer(image, "provenance");
        Repository.AttachReferrer(image, "sbom");

        Assert.That(Found(await FindAsync(image)), Is.EqualTo(["provenance", "sbom"]));
    }

    [Test]
    public async Task WhatIsNoStatementIsNotDownloaded()
    {
        var image = Repository.PushImage();
        Repository.AttachReferrer(image, "scan", "application/sarif+json");

        var result = await FindAsync(image);

        Assert.That(result, Is.InstanceOf<NoStatement>());
        Assert.That(result.Looked, Has.Some.EndsWith("1 members, none of them a statement"));
        Assert.That(Registry.Paths, Has.None.Contains("/blobs/"));
    }

    [Test]
    public async Task APlaceThatCannotBeReadLeavesTheLookupUndecidedAlsoIfAnotherHoldsAStatement()
    {
        var image = Repository.PushImage();
        Repository.AttachReferrer(image, "one");
        Registry.Misbehave(
            context => context.Request.Path.Value?.EndsWith(".att", StringComparison.Ordinal) == true,
            context =>
            {
                context.Response.StatusCode = 503;
                return Task.CompletedTask;
            }
        );

        var result = await FindAsync(image);

        Assert.That(result, Is.InstanceOf<Unavailable>().With.Property("Cause").EqualTo(FailureCause.ServerError));
        Assert.That(result.Looked, Has.Some.Contains(".att").And.Some.Contains("answered 503"));
    }

    private static bool IsReferrers(HttpContext context) =>
        context.Request.Path.Value?.Contains("/referrers/", StringComparison.Ordinal) == true;
}

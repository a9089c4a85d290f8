using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Transport;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Registry.Tests.Lookups;

internal sealed class CacheTests : LookupFixture
{
    // The image, the referrers, and three tags.
    private const int CallsOfOneLookup = 5;

    [Test]
    public async Task Case09And11_TenThousandLookupsOfOneDigestMakeOneRequestAndAllGetThePayload()
    {
        var image = Repository.PushImage();
        Repository.AttachByFallbackTag(image, "one");
        var first = await FindAsync(image);
        var calls = Registry.Calls.Count;

        var others = await Lookup.FindAllAsync(Enumerable.Repeat(Request(image), 10_000), CancellationToken.None);

        Assert.That(others, Has.All.SameAs(first));
        Assert.That(Found(others[^1]), Is.EqualTo(["one"]));
        Assert.That(Registry.Calls, Has.Count.EqualTo(calls));
    }

    [Test]
    public async Task Case11_LookupsOfOneDigestAtTheSameTimeAreOne()
    {
        var image = Repository.PushImage();

        var all = await Lookup.FindAllAsync(Enumerable.Repeat(Request(image), 10_000), CancellationToken.None);

        Assert.That(all, Has.All.InstanceOf<NoStatement>());
        Assert.That(Registry.Calls, Has.Count.EqualTo(CallsOfOneLookup));
    }

    [Test]
    public async Task AClientThatWasReplacedAnswersWhatIsAskedOfItStill()
    {
        var image = Repository.PushImage();
        Lookup.Dispose();

        Assert.That(await FindAsync(image), Is.InstanceOf<Unavailable>().With.Property("Cause").EqualTo(FailureCause.TooBusy));
    }

    [Test]
    public async Task Case10_OtherCredentialsOrPlacesAreAnotherLookup()
    {
        var image = Repository.PushImage();
        await FindAsync(image);
        var ann = Credentials($$$"""{"auths": {"{{{Registry.Host}}}": {"username": "ann", "password": "1" } } }""");
        var bob = Credentials($$$"""{"auths": {"{{{Registry.Host}}}": {"username": "ann", "password": "2" } } }""");
        var elsewhere = Credentials("""{"auths": {"ghcr.io": {"username": "ann", "password": "1"}}}""");

        await FindAsync(new LookupRequest(Repository.Image(image), elsewhere));
        Assert.That(Registry.Calls, Has.Count.EqualTo(CallsOfOneLookup), "credentials of another registry make no difference");
        await FindAsync(new LookupRequest(Repository.Image(image), ann));
        await FindAsync(new LookupRequest(Repository.Image(image), bob));
        Assert.That(Registry.Calls, Has.Count.EqualTo(CallsOfOneLookup * 3));
        await FindAsync(Request(image) with { StatementRepositories = [new(Registry.Host, "acme/signatures")] });
        Assert.That(Registry.Paths, Has.Some.Contains("/acme/signatures/"));
    }

    [Test]
    public async Task Case17_WhatWasNotThereIsLookedForAgainAfterSeconds()
    {
        var time = new FakeTimeProvider();
        var lookup = NewLookup(Options, time);
        var image = Repository.PushImage();
        Assert.That(await lookup.FindAsync(Request(image), CancellationToken.None), Is.InstanceOf<NoStatement>());
        Repository.AttachReferrer(image, "one");

        Assert.That(await lookup.FindAsync(Request(image), CancellationToken.None), Is.InstanceOf<NoStatement>());
        time.Advance(Limits.NegativeLife);

        Assert.That(Found(await lookup.FindAsync(Request(image), CancellationToken.None)), Is.EqualTo(["one"]));
    }

    [Test]
    public async Task WhatWasFoundIsReadAgainForACallerToWhomItIsNotEnough()
    {
        var time = new FakeTimeProvider();
        var lookup = NewLookup(Options, time);
        var image = Repository.PushImage();
        Repository.AttachReferrer(image, "build");
        await lookup.FindAsync(Request(image), CancellationToken.None);
        Repository.AttachReferrer(image, "review");
        time.Advance(TimeSpan.FromSeconds(6));

        Assert.That(Found(await lookup.FindAsync(Request(image), CancellationToken.None)), Is.EqualTo(["build"]));
        var fresh = await lookup.FindAsync(Request(image) with { MaxAge = TimeSpan.FromSeconds(5) }, CancellationToken.None);

        Assert.That(Found(fresh), Is.EqualTo(["build", "review"]));
    }

    /// <summary>Who verified its signatures need not do it again.</summary>
    [Test]
    public async Task WhatIsReadAgainAndIsTheSameIsTheSameResult()
    {
        var time = new FakeTimeProvider();
        var lookup = NewLookup(Options, time);
        var image = Repository.PushImage();
        Repository.AttachReferrer(image, "build");
        var first = await lookup.FindAsync(Request(image), CancellationToken.None);
        time.Advance(TimeSpan.FromSeconds(6));
        var calls = Registry.Calls.Count;

        var again = await lookup.FindAsync(Request(image) with { MaxAge = TimeSpan.FromSeconds(5) }, CancellationToken.None);
        time.Advance(Limits.PositiveLife - TimeSpan.FromSeconds(1));
        var kept = await lookup.FindAsync(Request(image), CancellationToken.None);

        Assert.That(again, Is.SameAs(first));
        Assert.That(kept, Is.SameAs(first), "its life began again");
        Assert.That(Registry.Calls, Has.Count.EqualTo(2 * calls));
    }

    [Test]
    public async Task LabelsBelongToTheDigestAndAreKeptAlsoWithoutAStatement()
    {
        var time = new FakeTimeProvider();
        var lookup = NewLookup(Options, time);
        var request = Request(Repository.PushImage()) with { Statements = false, Labels = true };
        await lookup.FindAsync(request, CancellationToken.None);
        var calls = Registry.Calls.Count;
        time.Advance(Limits.PositiveLife / 2);

        await lookup.FindAsync(request, CancellationToken.None);

        Assert.That(Registry.Calls, Has.Count.EqualTo(calls));
    }

    [Test]
    public async Task AFailureIsNeverKept()
    {
        var image = Repository.PushImage();
        Registry.Misbehave(_ => true, context => Fail(context, 500), Limits.Retries + 1);
        Assert.That(await FindAsync(image), Is.InstanceOf<Unavailable>());

        Assert.That(await FindAsync(image), Is.InstanceOf<NoStatement>());
        Assert.That(Lookup.Cached, Is.EqualTo(1));
    }

    [Test]
    public async Task WhatIsKeptIsBounded()
    {
        var lookup = NewLookup(Options with { Limits = Limits with { CachedLookups = 3 } });
        foreach (var i in Enumerable.Range(0, 10))
        {
            await lookup.FindAsync(Request(Repository.PushImage($"{i}")), CancellationToken.None);
        }

        Assert.That(lookup.Cached, Is.EqualTo(3));
    }

    [Test]
    public void TheCacheIsBoundedInBytesAndWhatWasUsedLongestAgoGoesFirst()
    {
        var cache = new BoundedCache<string, string>(100, 10_000, new FakeTimeProvider());
        cache.Add("a", "1", 3000, TimeSpan.FromDays(1), false);
        cache.Add("b", "2", 3000, TimeSpan.FromDays(1), false);
        Assert.That(cache.TryGet("a", null, false, out _), Is.True);
        cache.Add("c", "3", 3000, TimeSpan.FromDays(1), false);

        Assert.That(cache.TryGet("b", null, false, out _), Is.False);
        Assert.That(cache.TryGet("a", null, false, out _), Is.True);
        cache.Add("huge", "4", 1_000_000, TimeSpan.FromDays(1), false);
        Assert.That(cache.Count, Is.Zero);
    }

    /// <summary>A dry run may be the step before something is pushed.</summary>
    [Test]
    public async Task WhatADryRunFoundIsNeverYoungEnoughForARequest()
    {
        var time = new FakeTimeProvider();
        var lookup = NewLookup(Options, time);
        var image = Repository.PushImage();
        Repository.AttachReferrer(image, "build");
        var dryRun = Request(image) with { IsRehearsal = true, MaxAge = TimeSpan.FromSeconds(5) };
        await lookup.FindAsync(dryRun, CancellationToken.None);
        Repository.AttachReferrer(image, "review");

        Assert.That(Found(await lookup.FindAsync(dryRun, CancellationToken.None)), Is.EqualTo(["build"]));
        Assert.That(Found(await lookup.FindAsync(Request(image), CancellationToken.None)), Is.EqualTo(["build"]), "to begin with");
        var again = await lookup.FindAsync(Request(image) with { MaxAge = TimeSpan.FromSeconds(1) }, CancellationToken.None);
        Assert.That(Found(again), Is.EqualTo(["build", "review"]));
        Assert.That(Found(await lookup.FindAsync(dryRun, CancellationToken.None)), Is.EqualTo(["build", "review"]));
    }

    private LookupRequest Request(Digest image) => new(Repository.Image(image), CredentialSet.None);

    private static Task Fail(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    }
}

using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.Transport;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Registry.Tests.Transport;

internal sealed class TokenTests : AuthenticationFixture
{
    [Test]
    public async Task CredentialsAreExchangedForATokenThatMayReadThisRepositoryAlone()
    {
        RequireBearer(Registry);

        var result = await FindAsync(Ann());

        Assert.That(result, Is.InstanceOf<NoStatement>());
        var exchange = Registry.Calls.Single(c => c.Path == "/token");
        Assert.That(exchange.Authorization, Is.EqualTo(BasicOfAnn));
        Assert.That(Uri.UnescapeDataString(exchange.Query), Is.EqualTo("?scope=repository:acme/web:pull&service=r"));
        Assert.That(Registry.Calls.Where(c => c.Path != "/token").Select(c => c.Authorization).Distinct(), Is.EqualTo(["", "Bearer t1"]));
    }

    [Test]
    public async Task ATokenIsUsedUntilItExpires()
    {
        var time = new FakeTimeProvider();
        var lookup = NewLookup(Options, time);
        RequireBearer(Registry);
        var request = Ann() with { MaxAge = TimeSpan.Zero };
        await lookup.FindAsync(request, CancellationToken.None);
        time.Advance(TimeSpan.FromSeconds(100));
        await lookup.FindAsync(request, CancellationToken.None);
        Assert.That(Tokens, Is.EqualTo(1));

        time.Advance(TimeSpan.FromSeconds(200));
        await lookup.FindAsync(request, CancellationToken.None);

        Assert.That(Tokens, Is.EqualTo(2));
    }

    [Test]
    public async Task ATokenThatIsRefusedIsReplacedByAFreshOne()
    {
        var time = new FakeTimeProvider();
        var lookup = NewLookup(Options, time);
        RequireBearer(Registry);
        var request = Ann() with { MaxAge = TimeSpan.Zero };
        await lookup.FindAsync(request, CancellationToken.None);
        RequireBearer(Registry, accepted: "Bearer t2");
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.That(await lookup.FindAsync(request, CancellationToken.None), Is.InstanceOf<NoStatement>());
    }

    /// <summary>No token is issued before both lookups wait for one, or would ask for one of their own.</summary>
    [Test]
    public async Task LookupsThatNeedTheSameTokenAskForItOnce()
    {
        var (first, second) = (Ann(), Ann() with { Image = Repository.Image(Repository.PushImage("2")) });
        var (refused, both) = (0, new TaskCompletionSource());
        RequireBearer(Registry);
        var usual = Registry.Own;
        Registry.Own = async context =>
        {
            if (context.Request.Path == "/token")
            {
                await both.Task.WaitAsync(context.RequestAborted);
                // The second one was answered just now; it is given time to join.
                await Task.Delay(300, context.RequestAborted);
            }
            else if (context.Request.Headers.Authorization.Count == 0 && Interlocked.Increment(ref refused) == 2)
            {
                context.Response.OnCompleted(() =>
                {
                    both.TrySetResult();
                    return Task.CompletedTask;
                });
            }

            return usual is not null && await usual(context);
        };

        var results = await Lookup.FindAllAsync([first, second], CancellationToken.None);

        Assert.That(results, Has.All.InstanceOf<NoStatement>());
        Assert.That(Tokens, Is.EqualTo(1));
    }

    /// <summary>Both show the token that is kept before either is told that it counts no more.</summary>
    [Test]
    public async Task TwoLookupsWhoseKeptTokenIsRefusedShareAFreshOne()
    {
        var time = new FakeTimeProvider();
        var lookup = NewLookup(Options, time);
        RequireBearer(Registry);
        var first = Ann() with { MaxAge = TimeSpan.Zero };
        await lookup.FindAsync(first, CancellationToken.None);
        time.Advance(TimeSpan.FromSeconds(1));
        var second = first with { Image = Repository.Image(Repository.PushImage("2")) };
        RequireBearer(Registry, accepted: "Bearer t2");
        var usual = Registry.Own;
        var (shown, both) = (0, new TaskCompletionSource());
        Registry.Own = async context =>
        {
            if (context.Request.Headers.Authorization == "Bearer t1")
            {
                if (Interlocked.Increment(ref shown) == 2)
                {
                    both.SetResult();
                }

                await both.Task.WaitAsync(context.RequestAborted);
            }

            return usual is not null && await usual(context);
        };

        var results = await lookup.FindAllAsync([first, second], CancellationToken.None);

        Assert.That(results, Has.All.InstanceOf<NoStatement>());
        Assert.That(shown, Is.EqualTo(2));
        Assert.That(Tokens, Is.EqualTo(2), "the kept one, and one fresh one");
    }

    [Test]
    public async Task ARegistryThatRefusesEveryTokenIsAskedForOneFreshOne()
    {
        var time = new FakeTimeProvider();
        var lookup = NewLookup(Options, time);
        RequireBearer(Registry);
        var request = Ann() with { MaxAge = TimeSpan.Zero };
        await lookup.FindAsync(request, CancellationToken.None);
        time.Advance(TimeSpan.FromSeconds(1));
        RequireBearer(Registry, accepted: "Bearer none");

        var result = await lookup.FindAsync(request, CancellationToken.None);

        Assert.That(result, Is.InstanceOf<Unavailable>().With.Property("Cause").EqualTo(FailureCause.Denied));
        // The kept one, a fresh one for the credential; anonymous is refused a token.
        Assert.That(Tokens, Is.EqualTo(2));
    }

    [Test]
    public async Task WithoutCredentialsAnAnonymousTokenIsAskedFor()
    {
        RequireBearer(Registry, isPublic: true);

        var result = await FindAsync(Repository.PushImage());

        Assert.That(result, Is.InstanceOf<NoStatement>());
        Assert.That(Registry.Calls.Single(c => c.Path == "/token").Authorization, Is.Empty);
    }

    [Test]
    public async Task AnIdentityTokenIsPostedAndNotShownInAnAddress()
    {
        var form = "";
        Registry.Own = async context =>
        {
            if (context.Request is { Method: "POST", Path.Value: "/token" })
            {
                form = await new StreamReader(context.Request.Body).ReadToEndAsync();
                await context.Response.WriteAsync("""{"access_token": "t1"}""");
                return true;
            }

            return await ChallengeAsync(context, Registry, "Bearer t1");
        };

        var result = await FindAsync(
            new LookupRequest(
                Repository.Image(Repository.PushImage()),
                Credentials($$$"""{"auths": {"{{{Registry.Host}}}": {"identitytoken": "refresh" } } }""")
            )
        );

        Assert.That(result, Is.InstanceOf<NoStatement>());
        Assert.That(form, Does.Contain("refresh_token=refresh").And.Contain("grant_type=refresh_token"));
        Assert.That(Registry.Calls, Has.None.Property("Query").Contains("refresh"));
    }

    [Test]
    public async Task Case19_CredentialsAreNotSentToAnIssuerOfTokensThatIsNotListed()
    {
        await using var issuer = await FakeRegistry.StartAsync();
        RequireBearer(issuer);

        var result = await FindAsync(Ann());

        Assert.That(result, Is.InstanceOf<Unavailable>().With.Property("Cause").EqualTo(FailureCause.TokenHostNotListed));
        Assert.That(((Unavailable)result).Message, Does.Contain($"issued by {issuer.Host}, which is not among its tokenHosts"));
        Assert.That(issuer.Calls, Is.Empty);
    }

    [Test]
    public async Task Case19_AListedIssuerOfTokensGetsTheCredentials()
    {
        await using var issuer = await FakeRegistry.StartAsync();
        RequireBearer(issuer);
        var lookup = NewLookup(Options with { Registries = [Registry.Settings with { TokenHosts = [issuer.Host] }] });

        var result = await lookup.FindAsync(Ann(), CancellationToken.None);

        Assert.That(result, Is.InstanceOf<NoStatement>());
        Assert.That(issuer.Calls.Single().Authorization, Is.EqualTo(BasicOfAnn));
        Assert.That(Registry.Calls, Has.None.Property("Authorization").StartsWith("Basic"));
    }

    [TestCase("ftp://host/token")]
    [TestCase("/token")]
    [TestCase("http://user:pass@host/token")]
    [TestCase("")]
    public async Task AnIssuerWithoutAWebAddressGetsNothing(string realm)
    {
        Registry.Own = context => ChallengeAsync(context, $"Bearer realm=\"{realm}\"", "never");

        Assert.That(await FindAsync(Ann()), Is.InstanceOf<Unavailable>().With.Property("Cause").EqualTo(FailureCause.TokenHostNotListed));
    }

    [Test]
    public async Task AnEndlessAddressOfAnIssuerIsNotRepeatedInTheMessage()
    {
        Registry.Own = context => ChallengeAsync(context, $"Bearer realm=\"http://{Registry.Host}/{new string('a', 10_000)}\"", "never");

        var result = (Unavailable)await FindAsync(Ann());

        Assert.That(result.Cause, Is.EqualTo(FailureCause.TokenHostNotListed));
        Assert.That(result.Message, Has.Length.LessThan(400));
    }
}

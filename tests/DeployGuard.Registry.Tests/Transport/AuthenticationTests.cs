using System.Text;
using DeployGuard.Registry.Access;
using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Transport;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Registry.Tests.Transport;

internal sealed class AuthenticationTests : LookupFixture
{
    private static readonly string s_ann = Basic("ann", "secret");

    private int _tokens;

    [SetUp]
    public void NoTokens() => _tokens = 0;

    [Test]
    public async Task BasicCredentialsAreSentOnceTheRegistryAsksForThem()
    {
        RequireBasic();

        var result = await FindAsync(Ann());

        Assert.That(result, Is.InstanceOf<NoStatement>());
        Assert.That(result.CredentialsTried, Is.EqualTo(["Secret shop/pull"]));
        Assert.That(Registry.Calls.Select(c => c.Authorization).Distinct(), Is.EqualTo(["", s_ann]));
    }

    [Test]
    public async Task ARegistryThatAsksForNothingGetsNoCredentials()
    {
        var result = await FindAsync(Ann());

        Assert.That(Registry.Calls.Select(c => c.Authorization), Has.All.Empty);
        Assert.That(result.CredentialsTried, Is.Empty);
    }

    [Test]
    public async Task Case18_WhatWasRefusedNamesTheCredentialsThatWereTried()
    {
        RequireBasic();
        var wrong = Config("wrong", "Secret shop/pull");
        var request = new LookupRequest(Repository.Image(Repository.PushImage()), new CredentialSet(wrong));

        var result = await FindAsync(request);
        var none = await FindAsync(request with { Credentials = CredentialSet.None });

        Assert.That(result, Is.InstanceOf<Unavailable>().With.Property("Cause").EqualTo(FailureCause.Denied));
        Assert.That(((Unavailable)result).Message, Does.EndWith("(401); tried: Secret shop/pull, anonymous"));
        Assert.That(none.CredentialsTried, Is.EqualTo(["anonymous"]));
    }

    [Test]
    public async Task Case18_EveryPullSecretIsTried()
    {
        RequireBasic();
        var set = new CredentialSet(Config("wrong", "Secret shop/pull"), Config("secret", "Secret shop/default"));

        var result = await FindAsync(new LookupRequest(Repository.Image(Repository.PushImage()), set));

        Assert.That(result, Is.InstanceOf<NoStatement>());
        Assert.That(result.CredentialsTried, Is.EqualTo(["Secret shop/pull", "Secret shop/default"]));
    }

    [Test]
    public async Task CredentialsAreExchangedForATokenThatMayReadThisRepositoryAlone()
    {
        RequireBearer(Registry);

        var result = await FindAsync(Ann());

        Assert.That(result, Is.InstanceOf<NoStatement>());
        var exchange = Registry.Calls.Single(c => c.Path == "/token");
        Assert.That(exchange.Authorization, Is.EqualTo(s_ann));
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
        Assert.That(_tokens, Is.EqualTo(1));

        time.Advance(TimeSpan.FromSeconds(200));
        await lookup.FindAsync(request, CancellationToken.None);

        Assert.That(_tokens, Is.EqualTo(2));
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
        Assert.That(issuer.Calls.Single().Authorization, Is.EqualTo(s_ann));
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

    [Test]
    public async Task Case20_CredentialsOfDockerHubAreFoundUnderItsOddKeyAndSentToItsRealHost()
    {
        RequireBasic();
        // As a proxy, it answers for every host.
        var lookup = NewLookup(
            Options with
            {
                Proxy = new Uri($"http://{Registry.Host}"),
                Registries = [new RegistrySettings("docker.io") { PlainHttp = true }],
            }
        );
        var image = ImageReference.TryParse($"nginx@{new Repository(Registry, "library/nginx").PushImage()}");
        var credentials = Credentials($$$"""{"auths": {"https://index.docker.io/v1/": {"auth": "{{{s_ann["Basic ".Length..]}}}" } } }""");

        var result = await lookup.FindAsync(
            new LookupRequest(image?.Pinned ?? throw new AssertionException("no reference"), credentials),
            CancellationToken.None
        );

        Assert.That(result, Is.InstanceOf<NoStatement>());
        Assert.That(Registry.Calls.Select(c => c.Host).Distinct(), Is.EqualTo(["registry-1.docker.io"]));
    }

    private LookupRequest Ann() => new(Repository.Image(Repository.PushImage()), new CredentialSet(Config("secret", "Secret shop/pull")));

    private DockerConfig Config(string password, string source) =>
        DockerConfig.Parse(
            Documents.Bytes($$$"""{"auths": {"{{{Registry.Host}}}": {"username": "ann", "password": "{{{password}}}" } } }"""),
            source
        );

    private void RequireBasic() => Registry.Own = context => ChallengeAsync(context, "Basic realm=\"r\"", s_ann);

    /// <summary>Tokens t1, t2, ... live for 300 seconds.</summary>
    private void RequireBearer(FakeRegistry issuer, bool isPublic = false, string accepted = "Bearer t")
    {
        Registry.Own = context =>
            context.Request.Path == "/token" ? IssueAsync(context, isPublic) : ChallengeAsync(context, issuer, accepted);
        if (issuer != Registry)
        {
            issuer.Own = context => IssueAsync(context, isPublic);
        }
    }

    private async Task<bool> IssueAsync(HttpContext context, bool isPublic)
    {
        if (isPublic || context.Request.Headers.Authorization == s_ann)
        {
            await context.Response.WriteAsync($$"""{"token": "t{{Interlocked.Increment(ref _tokens)}}", "expires_in": 300}""");
        }
        else
        {
            context.Response.StatusCode = 401;
        }

        return true;
    }

    private static Task<bool> ChallengeAsync(HttpContext context, FakeRegistry issuer, string accepted) =>
        ChallengeAsync(context, $"Bearer realm=\"http://{issuer.Host}/token\",service=\"r\"", accepted);

    private static Task<bool> ChallengeAsync(HttpContext context, string challenge, string accepted)
    {
        if ($"{context.Request.Headers.Authorization}".StartsWith(accepted, StringComparison.Ordinal))
        {
            return Task.FromResult(false);
        }

        context.Response.StatusCode = 401;
        context.Response.Headers.WWWAuthenticate = challenge;
        return Task.FromResult(true);
    }

    private static string Basic(string name, string password) =>
        $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{password}"))}";
}

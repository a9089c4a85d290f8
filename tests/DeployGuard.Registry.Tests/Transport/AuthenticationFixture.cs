using System.Text;
using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.Lookups;
using Microsoft.AspNetCore.Http;

namespace DeployGuard.Registry.Tests.Transport;

/// <summary>A registry that asks for credentials: those of ann, with the password secret.</summary>
internal abstract class AuthenticationFixture : LookupFixture
{
    protected static readonly string BasicOfAnn = Basic("ann", "secret");

    private int _tokens;

    /// <summary>How many tokens were issued.</summary>
    protected int Tokens => _tokens;

    [SetUp]
    public void NoTokens() => _tokens = 0;

    protected LookupRequest Ann() => new(Repository.Image(Repository.PushImage()), new CredentialSet(Config("secret", "Secret shop/pull")));

    protected DockerConfig Config(string password, string source) =>
        DockerConfig.Parse(
            Documents.Bytes($$$"""{"auths": {"{{{Registry.Host}}}": {"username": "ann", "password": "{{{password}}}" } } }"""),
            source
        );

    protected void RequireBasic() => Registry.Own = context => ChallengeAsync(context, "Basic realm=\"r\"", BasicOfAnn);

    /// <summary>Tokens t1, t2, ... live for 300 seconds.</summary>
    protected void RequireBearer(FakeRegistry issuer, bool isPublic = false, string accepted = "Bearer t")
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
        if (isPublic || context.Request.Headers.Authorization == BasicOfAnn)
        {
            await context.Response.WriteAsync($$"""{"token": "t{{Interlocked.Increment(ref _tokens)}}", "expires_in": 300}""");
        }
        else
        {
            context.Response.StatusCode = 401;
        }

        return true;
    }

    protected static Task<bool> ChallengeAsync(HttpContext context, FakeRegistry issuer, string accepted) =>
        ChallengeAsync(context, $"Bearer realm=\"http://{issuer.Host}/token\",service=\"r\"", accepted);

    protected static Task<bool> ChallengeAsync(HttpContext context, string challenge, string accepted)
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

using DeployGuard.Registry.Content;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.Transport;
using Microsoft.AspNetCore.Http;

namespace DeployGuard.Registry.Tests.Transport;

/// <summary>A registry with basic authentication that redirects its blobs.</summary>
internal sealed class RedirectTests : LookupFixture
{
    [Test]
    public async Task ARedirectToAListedHostIsFollowedWithoutTheCredentials()
    {
        await using var storage = await FakeRegistry.StartAsync();
        var request = NewRequest(path => $"http://{storage.Host}{path}");
        storage.Own = context => CopyAsync(context, Registry);
        var lookup = NewLookup(Options with { Registries = [Registry.Settings with { RedirectHosts = [storage.Host] }] });

        var result = await lookup.FindAsync(request, CancellationToken.None);

        Assert.That(Found(result), Is.EqualTo(["one"]));
        Assert.That(storage.Calls.Single().Authorization, Is.Empty);
        Assert.That(Registry.Calls, Has.Some.Property("Authorization").StartsWith("Basic"));
    }

    [Test]
    public async Task ARedirectToAHostThatIsNotListedIsNotFollowed()
    {
        await using var inside = await FakeRegistry.StartAsync();
        var result = await FindAsync(NewRequest(path => $"http://{inside.Host}{path}"));

        Assert.That(result, Is.InstanceOf<Unavailable>().With.Property("Cause").EqualTo(FailureCause.RedirectNotListed));
        Assert.That(((Unavailable)result).Message, Does.Contain($"redirects to {inside.Host}, which is not among its redirectHosts"));
        Assert.That(inside.Calls, Is.Empty);
    }

    [Test]
    public async Task ARedirectOnTheSameHostKeepsTheCredentials() =>
        Assert.That(Found(await FindAsync(NewRequest(path => $"/storage{path}"))), Is.EqualTo(["one"]));

    [TestCase("file:///etc/passwd")]
    [TestCase("ftp://host/blob")]
    [TestCase("http://user:pass@host/blob")]
    public async Task ARedirectToAnythingElseIsNotFollowed(string location) =>
        Assert.That(
            await FindAsync(NewRequest(_ => location)),
            Is.InstanceOf<Unavailable>().With.Property("Cause").EqualTo(FailureCause.Unexpected)
        );

    [Test]
    public async Task RedirectsInACircleEnd()
    {
        var result = await FindAsync(NewRequest(path => path));

        Assert.That(((Unavailable)result).Message, Does.EndWith("redirects more than 4 times"));
    }

    private LookupRequest NewRequest(Func<string, string> redirect)
    {
        var image = Repository.PushImage();
        Repository.AttachByClassicTag(image, ".att", MediaTypes.Dsse, "one");
        Registry.Own = async context =>
        {
            var path = context.Request.Path.Value ?? "";
            if (context.Request.Headers.Authorization.Count == 0)
            {
                context.Response.StatusCode = 401;
                context.Response.Headers.WWWAuthenticate = "Basic realm=\"r\"";
                return true;
            }

            if (path.StartsWith("/v2/", StringComparison.Ordinal) && path.Contains("/blobs/", StringComparison.Ordinal))
            {
                context.Response.StatusCode = 307;
                context.Response.Headers.Location = redirect(path);
                return true;
            }

            return path.StartsWith("/storage", StringComparison.Ordinal) && await CopyAsync(context, Registry);
        };
        return new LookupRequest(
            Repository.Image(image),
            Credentials($$$"""{"auths": {"{{{Registry.Host}}}": {"username": "ann", "password": "secret" } } }""")
        );
    }

    /// <summary>Answers with a blob of the registry, at whatever path it is asked for.</summary>
    private static async Task<bool> CopyAsync(HttpContext context, FakeRegistry from)
    {
        var path = context.Request.Path.Value ?? "";
        await context.Response.Body.WriteAsync(from.Contents[path[(path.IndexOf("/v2/", StringComparison.Ordinal) + 4)..]].Content);
        return true;
    }
}

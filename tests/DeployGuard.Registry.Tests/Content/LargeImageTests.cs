using DeployGuard.Registry.Content;
using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Transport;
using Microsoft.AspNetCore.Http;

namespace DeployGuard.Registry.Tests.Content;

/// <summary>A person who may push one image must not make the evidence of its whole registry unavailable.</summary>
internal sealed class LargeImageTests : LookupFixture
{
    private const int Huge = 3_900_000;

    [Test]
    public async Task ManifestsThatAreTooLargeForAStatementAreNotRequested()
    {
        var image = Repository.PushImage();
        AttachByFallbackTag(image, Enumerable.Range(0, 32).Select(i => (Digest.Of(Documents.Bytes($"{i}")), Huge)));

        var result = await FindAsync(image);

        Assert.That(result, Is.InstanceOf<NoStatement>());
        Assert.That(result.Refused, Has.Some.EndsWith("is too large"));
        // The image, the referrers and three tags.
        Assert.That(Registry.Calls, Has.Count.EqualTo(5));
    }

    [Test]
    public async Task ADescriptorThatClaimsLessIsFoundOutBeforeTheBodyIsRead()
    {
        var image = Repository.PushImage();
        var member = Documents.Bytes(new string(' ', Limits.MemberBytes + 1));
        AttachByFallbackTag(image, [(Repository.PushManifest(member), 10)]);

        var result = await FindAsync(image);

        Assert.That(result, Is.InstanceOf<NoStatement>());
        Assert.That(result.Refused, Has.One.EndsWith($"is larger than {Limits.MemberBytes} bytes"));
    }

    [Test]
    public async Task ManifestsBeyondTheBudgetOfALookupAreNotReadAndTold()
    {
        var lookup = NewLookup(Options with { Limits = Limits with { ManifestsBytes = 20_000 } });
        var image = Repository.PushImage();
        foreach (var i in Enumerable.Range(0, 30))
        {
            Repository.AttachReferrer(image, new string((char)('a' + i % 26), 900) + i);
        }

        var result = await lookup.FindAsync(Request(image), CancellationToken.None);

        Assert.That(result.Refused, Has.Some.Contains("beyond the 20000 bytes of manifests that one lookup reads"));
        Assert.That(result.Unread.Select(u => u.Name), Has.Some.StartsWith("referrers of"), "the rest may say something else");
    }

    [Test]
    public async Task OneLookupLeavesRoomForOthers()
    {
        var image = Repository.PushImage();
        foreach (var i in Enumerable.Range(0, 30))
        {
            Repository.AttachReferrer(image, $"{i}");
        }

        var (running, most) = (0, 0);
        var counting = new Lock();
        Registry.Own = async _ =>
        {
            lock (counting)
            {
                most = Math.Max(most, ++running);
            }

            await Task.Delay(10);
            lock (counting)
            {
                running--;
            }

            return false;
        };

        Assert.That(Found(await FindAsync(image)), Has.Exactly(30).Items);
        Assert.That(most, Is.InRange(2, Limits.RequestsPerLookup));
    }

    /// <summary>The registry sends the beginning of each of its answers about one image, and not the rest.</summary>
    [Test]
    public async Task BodiesOfOneImageThatDoNotEndStopNoOtherLookup()
    {
        var limits = Limits with { Attempt = TimeSpan.FromSeconds(1), Retries = 0, BreakerThroughput = 4 };
        var lookup = NewLookup(Options with { Limits = limits });
        var (slow, other) = (Repository.PushImage("slow"), Repository.PushImage("other"));
        Registry.Misbehave(
            context => context.Request.Path.Value?.Contains(slow.Hex, StringComparison.Ordinal) == true,
            async context =>
            {
                context.Response.ContentLength = Huge;
                await context.Response.WriteAsync("{");
                await context.Response.Body.FlushAsync();
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            }
        );

        // Different credentials are different lookups, which run side by side.
        var failed = await lookup.FindAllAsync(
            Enumerable
                .Range(0, 8)
                .Select(i => new LookupRequest(
                    Repository.Image(slow),
                    Credentials($$$"""{"auths": {"{{{Registry.Host}}}": {"username": "ann", "password": "{{{i}}}"} } }""")
                )),
            CancellationToken.None
        );

        Assert.That(failed, Has.All.InstanceOf<Unavailable>().With.Property("Cause").EqualTo(FailureCause.Timeout));
        Assert.That(((Unavailable)failed[0]).Message, Does.EndWith("did not send its whole answer within 1 s"));
        Assert.That(lookup.Resting, Is.Empty);
        Assert.That(await lookup.FindAsync(Request(other), CancellationToken.None), Is.InstanceOf<NoStatement>());
    }

    private LookupRequest Request(Digest image) => new(Repository.Image(image), CredentialSet.None);

    private void AttachByFallbackTag(Digest image, IEnumerable<(Digest Digest, int Size)> members) =>
        Repository.PushManifest(
            Documents.Index(members.Select(m => Documents.Descriptor(MediaTypes.Manifest, m.Digest, m.Size))),
            MediaTypes.Index,
            image.Tag
        );
}

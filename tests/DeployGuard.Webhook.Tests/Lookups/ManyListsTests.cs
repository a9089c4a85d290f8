using DeployGuard.Core.Policies;
using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.References;
using DeployGuard.Webhook.Lookups;
using DeployGuard.Webhook.Telemetry;

namespace DeployGuard.Webhook.Tests.Lookups;

/// <summary>Policies with more lists of registries than clients are kept.</summary>
[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ManyListsTests : EvidenceFixture
{
    [Test]
    public async Task ALookupOfAClientThatIsReplacedMeanwhileFindsItsResult()
    {
        var release = new TaskCompletionSource();
        Registry.Own = async context =>
        {
            await release.Task.WaitAsync(context.RequestAborted);
            return false;
        };
        var inHand = Lookups.Of(Signed(Policy()));
        var running = inHand.FindAsync(Request(Image), CancellationToken.None);

        ReplaceAll();
        release.SetResult();

        Assert.That(await running, Is.InstanceOf<StatementsFound>());
        var other = $"{Registry.Host}/acme/web@{Repository.PushImage("2")}";
        Assert.That(await inHand.FindAsync(Request(other), CancellationToken.None), Is.InstanceOf<NoStatement>(), "a client in hand");
        Assert.That(Lookups.Of(Signed(Policy())), Is.Not.SameAs(inHand));
    }

    [Test]
    public void AsManyListsAsAreKeptDoNotReplaceEachOther()
    {
        var first = Lookups.Of(Signed(Policy()));
        foreach (var i in Enumerable.Range(1, RegistryLookups.Most - 1))
        {
            Lookups.Of(Signed(Policy(host: $"r{i}.example")));
        }

        Assert.That(Lookups.Of(Signed(Policy())), Is.SameAs(first));
    }

    [Test]
    public async Task AReplacedClientIsDisposedOfOnceNoRequestCanHaveItInHand()
    {
        using var lookups = new RegistryLookups(null, RegistryProxy.None, new EvidenceTelemetry(Meter), Clock);
        var replaced = lookups.Of(Signed(Policy()));
        ReplaceAll(lookups);
        Clock.Advance(RegistryLookups.IdleAfter);
        lookups.Of(Signed(Policy(host: "r1.example")));
        Assert.That(await replaced.FindAsync(Request(Image), CancellationToken.None), Is.InstanceOf<StatementsFound>());

        Clock.Advance(TimeSpan.FromSeconds(1));
        lookups.Of(Signed(Policy(host: "r1.example")));

        var other = $"{Registry.Host}/acme/web@{Repository.PushImage("2")}";
        Assert.That(await replaced.FindAsync(Request(other), CancellationToken.None), Is.InstanceOf<Unavailable>());
        Assert.That(await lookups.Of(Signed(Policy())).FindAsync(Request(other), CancellationToken.None), Is.InstanceOf<NoStatement>());
    }

    private void ReplaceAll() => ReplaceAll(Lookups);

    private void ReplaceAll(RegistryLookups lookups)
    {
        foreach (var i in Enumerable.Range(0, RegistryLookups.Most))
        {
            lookups.Of(Signed(Policy(host: $"r{i}.example")));
        }
    }

    private static SignedOrigin Signed(SafeguardPolicy policy) =>
        policy.SignedOrigin ?? throw new InvalidOperationException("asks no registry");

    private static LookupRequest Request(string image) =>
        new(ImageReference.TryParse(image)?.Pinned ?? throw new InvalidOperationException(image), CredentialSet.None);
}

using DeployGuard.Registry.Access;
using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Transport;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Registry.Tests.Lookups;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class DeadlineTests : LookupFixture
{
    private readonly TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Test]
    public async Task Case16_ALookupGoesOnAfterTheAnswerSoThatTheRetryFindsIt()
    {
        var image = Hang();
        Repository.AttachReferrer(image, "one");
        using var deadline = new CancellationTokenSource();
        var first = Lookup.FindAsync(Request(image), deadline.Token);
        await _arrived.Task;

        await deadline.CancelAsync();
        var late = await first;
        _released.SetResult();
        var retry = await FindAsync(image);

        Assert.That(late, Is.InstanceOf<Unavailable>().With.Property("Cause").EqualTo(FailureCause.Timeout));
        Assert.That(((Unavailable)late).Message, Does.Contain("did not answer in time; the lookup goes on"));
        Assert.That(late.Looked, Has.One.Contains($"{image}"));
        Assert.That(Found(retry), Is.EqualTo(["one"]));
        Assert.That(Registry.Paths.Count(p => p.EndsWith($"manifests/{image}", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test]
    public async Task Case15_ALookupThatNobodyWaitsForEndsAndFreesItsConnection()
    {
        var time = new FakeTimeProvider();
        var lookup = NewLookup(Options, time);
        var image = Repository.PushImage();
        var aborted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Registry.Own = async context =>
        {
            await context.Response.Body.WriteAsync("{"u8.ToArray());
            await context.Response.Body.FlushAsync();
            using var end = context.RequestAborted.Register(aborted.SetResult);
            _arrived.TrySetResult();
            await aborted.Task;
            return true;
        };
        using var deadline = new CancellationTokenSource();
        var waiting = lookup.FindAsync(Request(image), deadline.Token);
        await _arrived.Task;
        await deadline.CancelAsync();
        Assert.That(await waiting, Is.InstanceOf<Unavailable>());

        time.Advance(Limits.Lookup);

        await aborted.Task.WaitAsync(TimeSpan.FromMinutes(1));
    }

    /// <summary>Only who pushes to a registry can make its answers long, and so leave no time for another one.</summary>
    [TestCase(true, 0, false)]
    [TestCase(false, 0, true)]
    [TestCase(false, 60, false)]
    public async Task ARegistryThatAnsweredNothingIsAwayAlsoWhereAnotherOneAnswered(bool isSameHost, int awayAfterSeconds, bool isAway)
    {
        await using var other = await FakeRegistry.StartAsync();
        var signatures = isSameHost ? Registry : other;
        signatures.Own = async context =>
        {
            if (!context.Request.Path.Value!.Contains("/signatures/", StringComparison.Ordinal))
            {
                return false;
            }

            _arrived.TrySetResult();
            await _released.Task.WaitAsync(context.RequestAborted);
            return true;
        };
        var lookup = NewLookup(
            Options with
            {
                Registries = [.. Options.Registries, new RegistrySettings(other.Host) { PlainHttp = true }],
                Limits = Limits with { Away = TimeSpan.FromSeconds(awayAfterSeconds) },
            }
        );
        var request = Request(Repository.PushImage()) with { StatementRepositories = [new(signatures.Host, "acme/signatures")] };
        using var deadline = new CancellationTokenSource();
        var waiting = lookup.FindAsync(request, deadline.Token);
        await _arrived.Task;

        await deadline.CancelAsync();

        Assert.That(await waiting, Is.InstanceOf<Unavailable>().With.Property("IsAway").EqualTo(isAway));
        _released.SetResult();
    }

    [Test]
    public async Task Case12_TenImagesAreLookedUpSideBySide()
    {
        var images = Enumerable.Range(0, 10).Select(i => Repository.PushImage($"{i}")).ToList();
        var asked = 0;
        Registry.Own = async context =>
        {
            // Nobody is answered before all have asked.
            if (Interlocked.Increment(ref asked) == images.Count)
            {
                _released.SetResult();
            }

            await _released.Task.WaitAsync(context.RequestAborted);
            return false;
        };

        var results = await Lookup.FindAllAsync(images.Select(Request), CancellationToken.None);

        Assert.That(results, Has.Exactly(10).InstanceOf<NoStatement>());
        Assert.That(results.Select(r => r.Image.Digest), Is.EqualTo(images));
    }

    [Test]
    public async Task LookupsThatGoOnAreBoundedForEachRegistryAndDoNotHoldUpAnother()
    {
        await using var other = await FakeRegistry.StartAsync();
        var lookup = NewLookup(
            Options with
            {
                Registries = [Registry.Settings, other.Settings],
                Limits = Limits with { LookupsPerRegistry = 2 },
            }
        );
        Hang();
        using var deadline = new CancellationTokenSource();
        var waiting = Enumerable.Range(0, 2).Select(i => lookup.FindAsync(Request(Repository.PushImage($"{i}")), deadline.Token)).ToList();

        var third = await lookup.FindAsync(Request(Repository.PushImage("third")), deadline.Token);
        var elsewhere = await lookup.FindAsync(
            new LookupRequest(other.Image("acme/web", new Repository(other).PushImage()), CredentialSet.None),
            deadline.Token
        );

        Assert.That(third, Is.InstanceOf<Unavailable>().With.Property("Cause").EqualTo(FailureCause.TooBusy));
        Assert.That(elsewhere, Is.InstanceOf<NoStatement>());
        _released.SetResult();
        Assert.That(await Task.WhenAll(waiting), Has.All.InstanceOf<NoStatement>());
    }

    private Digest Hang()
    {
        Registry.Own = async _ =>
        {
            _arrived.TrySetResult();
            await _released.Task;
            return false;
        };
        return Repository.PushImage();
    }

    private LookupRequest Request(Digest image) => new(Repository.Image(image), CredentialSet.None);
}

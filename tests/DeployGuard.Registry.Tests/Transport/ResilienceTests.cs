using System.Collections.Concurrent;
using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Transport;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Registry.Tests.Transport;

internal sealed class ResilienceTests : LookupFixture
{
    [TestCase(429)]
    [TestCase(500)]
    [TestCase(502)]
    [TestCase(503)]
    public async Task ATemporaryFaultIsRetried(int status)
    {
        var image = Repository.PushImage();
        Answer(status, times: Limits.Retries);

        Assert.That(await FindAsync(image), Is.InstanceOf<NoStatement>());
    }

    [Test]
    public async Task AFaultThatStaysIsUnavailableAfterTheRetries()
    {
        var image = Repository.PushImage();
        Answer(500);

        var result = await FindAsync(image);

        Assert.That(result, Is.InstanceOf<Unavailable>().With.Property("Cause").EqualTo(FailureCause.ServerError));
        Assert.That(result.Looked.Single(), Does.Contain("answered 500"));
        Assert.That(Registry.Calls, Has.Count.EqualTo(Limits.Retries + 1));
    }

    [Test]
    public async Task Case14_ARegistryThatAsksForAPauseIsRetriedNoSooner()
    {
        var time = new FakeTimeProvider();
        var hour = TimeSpan.FromHours(1);
        var lookup = NewLookup(Options with { Limits = Limits with { Attempt = hour, Lookup = hour } }, time);
        var image = Repository.PushImage();
        var at = new ConcurrentQueue<DateTimeOffset>();
        Registry.Misbehave(
            _ => true,
            context =>
            {
                at.Enqueue(time.GetUtcNow());
                context.Response.StatusCode = 429;
                context.Response.Headers.RetryAfter = "3";
                return Task.CompletedTask;
            },
            times: 2
        );

        await PassAsync(time, lookup.FindAsync(Request(image), CancellationToken.None));

        Assert.That(at.Last() - at.First(), Is.GreaterThanOrEqualTo(TimeSpan.FromSeconds(3)));
    }

    [Test]
    public async Task Case14_ALongPauseIsGrantedWithoutHoldingUpAnybodyAndIsNoVerdict()
    {
        var time = new FakeTimeProvider();
        var lookup = NewLookup(Options, time);
        var image = Repository.PushImage();
        Answer(429, times: 1, retryAfter: "60");

        var first = (Unavailable)await lookup.FindAsync(Request(image), CancellationToken.None);
        var second = (Unavailable)await lookup.FindAsync(Request(image), CancellationToken.None);
        Assert.That((first.Cause, first.RetryAfter), Is.EqualTo((FailureCause.RateLimited, TimeSpan.FromSeconds(60))));
        Assert.That(second.Message, Does.Contain("asked not to be called for 60 s"));
        Assert.That(Registry.Calls, Has.Count.EqualTo(1));
        Assert.That(lookup.Resting, Is.EqualTo([Registry.Host]));

        time.Advance(TimeSpan.FromSeconds(61));

        Assert.That(await lookup.FindAsync(Request(image), CancellationToken.None), Is.InstanceOf<NoStatement>());
        Assert.That(lookup.Resting, Is.Empty);
    }

    [Test]
    public async Task ARegistryThatKeepsFailingIsLeftAloneForAWhile()
    {
        var time = new FakeTimeProvider();
        var lookup = NewLookup(Options with { Limits = Limits with { Retries = 0, BreakerThroughput = 4 } }, time);
        var image = Repository.PushImage();
        Answer(500);
        for (var i = 0; i < 4; i++)
        {
            await lookup.FindAsync(Request(image), CancellationToken.None);
        }

        var open = await lookup.FindAsync(Request(image), CancellationToken.None);

        Assert.That(open, Is.InstanceOf<Unavailable>().With.Property("Cause").EqualTo(FailureCause.CircuitOpen));
        Assert.That(lookup.Resting, Is.EqualTo([Registry.Host]));
        Assert.That(Registry.Calls, Has.Count.EqualTo(4));
        Registry.Own = null;
        time.Advance(Limits.Break + TimeSpan.FromSeconds(1));
        Assert.That(await lookup.FindAsync(Request(image), CancellationToken.None), Is.InstanceOf<NoStatement>());
    }

    [Test]
    public async Task MissingTagsAreNoFaultsOfARegistry()
    {
        var lookup = NewLookup(Options with { Limits = Limits with { Retries = 0, BreakerThroughput = 4 } });
        Registry.Referrers = null;
        foreach (var i in Enumerable.Range(0, 20))
        {
            Assert.That(
                await lookup.FindAsync(Request(Repository.PushImage($"{i}")), CancellationToken.None),
                Is.InstanceOf<NoStatement>()
            );
        }

        Assert.That(lookup.Resting, Is.Empty);
    }

    [Test]
    public async Task ARegistryThatHangsIsGivenUpAfterItsTime()
    {
        var time = new FakeTimeProvider();
        var lookup = NewLookup(Options with { Limits = Limits with { Retries = 0 } }, time);
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Registry.Own = async context =>
        {
            arrived.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };

        var waiting = lookup.FindAsync(Request(Repository.PushImage()), CancellationToken.None);
        await arrived.Task;
        var result = await PassAsync(time, waiting);

        Assert.That(((Unavailable)result).Message, Does.Contain("did not answer within 20 s"));
    }

    [Test]
    public async Task ARegistryThatIsGoneIsUnavailable()
    {
        var image = Repository.PushImage();
        await Registry.DisposeAsync();

        var result = await FindAsync(image);

        Assert.That(result, Is.InstanceOf<Unavailable>().With.Property("Cause").EqualTo(FailureCause.Network));
        Assert.That(((Unavailable)result).Message, Does.StartWith($"{Registry.Host} cannot be reached"));
    }

    [Test]
    public async Task AnAnswerThatBreaksOffIsRetried()
    {
        var image = Repository.PushImage();
        Registry.Misbehave(
            _ => true,
            async context =>
            {
                context.Response.ContentLength = 1000;
                await context.Response.WriteAsync("{");
                context.Abort();
            },
            times: 1
        );

        Assert.That(await FindAsync(image), Is.InstanceOf<NoStatement>());
    }

    /// <summary>Lets the time of the client pass until it is done.</summary>
    private static async Task<LookupResult> PassAsync(FakeTimeProvider time, Task<LookupResult> lookup)
    {
        while (!lookup.IsCompleted)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.WhenAny(lookup, Task.Delay(5));
        }

        return await lookup;
    }

    private void Answer(int status, int times = int.MaxValue, string? retryAfter = null) =>
        Registry.Misbehave(
            _ => true,
            context =>
            {
                context.Response.StatusCode = status;
                context.Response.Headers.RetryAfter = retryAfter;
                return Task.CompletedTask;
            },
            times
        );

    private LookupRequest Request(Digest image) => new(Repository.Image(image), CredentialSet.None);
}

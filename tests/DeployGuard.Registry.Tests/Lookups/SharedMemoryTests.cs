using DeployGuard.Registry.Content;
using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Transport;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Registry.Tests.Lookups;

/// <summary>One bound for all clients: of what is kept, and of what lookups in flight have read.</summary>
internal sealed class SharedMemoryTests : LookupFixture
{
    private const long Most = 100;

    [Test]
    public async Task ClientsKeepNoMoreThanTheBoundTogetherAndNothingOfEachOther()
    {
        var memory = new SharedMemory(Limits with { CachedBytes = 10_000 }, TimeProvider.System);
        using var first = new RegistryLookup(Options, TimeProvider.System, memory);
        using var second = new RegistryLookup(Options, TimeProvider.System, memory);
        foreach (var i in Enumerable.Range(0, 20))
        {
            var image = Repository.PushImage($"{i}");
            await first.FindAsync(Request(image), CancellationToken.None);
            Assert.That(second.FindKept(Request(image)), Is.Null, "what one keeps is none of the other's");
            await second.FindAsync(Request(image), CancellationToken.None);
            Assert.That(second.FindKept(Request(image)), Is.Not.Null);
            Assert.That(memory.KeptBytes, Is.InRange(1, 10_000));
        }

        Assert.That(memory.Kept, Is.InRange(2, 20));
    }

    [Test]
    public void WhatEndedIsDroppedAsSoonAsSomethingIsAdded()
    {
        var time = new FakeTimeProvider();
        var cache = new BoundedCache<string, string>(100, 10_000, time);
        cache.Add("short", "1", 1000, TimeSpan.FromSeconds(5), false);
        cache.Add("long", "2", 1000, TimeSpan.FromMinutes(5), false);
        cache.Add("short too", "3", 1000, TimeSpan.FromSeconds(7), false);
        time.Advance(TimeSpan.FromSeconds(6));
        cache.Add("next", "4", 1000, TimeSpan.FromMinutes(5), false);
        Assert.That(cache.Count, Is.EqualTo(3));
        time.Advance(TimeSpan.FromSeconds(1));
        cache.Add("last", "5", 1000, TimeSpan.FromMinutes(5), false);

        Assert.That(cache.Count, Is.EqualTo(3));
        Assert.That(cache.TryGet("long", null, false, out _), Is.True);
        Assert.That(cache.Bytes, Is.InRange(3000, 5000));
    }

    [Test]
    public async Task BeyondTheBoundTheOldestReadsOnAndTheOthersWaitForIt()
    {
        var content = new ContentInFlight(Most);
        using var oldest = content.Open();
        using var second = content.Open();
        oldest.Add(60);
        second.Add(60);

        using var third = content.Open();
        Assert.That(oldest.Wait(), Is.Null);
        Task[] waits = [.. new[] { second.Wait(), third.Wait() }.OfType<Task>()];
        Assert.That(waits.Select(w => w.IsCompleted), Is.EqualTo(new[] { false, false }));

        oldest.Dispose();
        await Task.WhenAll(waits);
        Assert.That((second.Wait(), third.Wait()), Is.EqualTo(((Task?)null, (Task?)null)));
        Assert.That(content.Bytes, Is.EqualTo(60));
    }

    [Test]
    public void NothingThatWasGivenBackIsCountedAgain()
    {
        var content = new ContentInFlight(Most);
        var ended = content.Open();
        ended.Add(30);
        ended.Dispose();
        ended.Add(30);

        Assert.That(content.Bytes, Is.Zero);
    }

    /// <summary>Many lookups wait for a place at the registry before anything was read. Room is asked for after that.</summary>
    [Test]
    public async Task OnlyTheOldestAndAsManyRequestsAsTheRegistryGetsAtOnceAddToTheBound()
    {
        const int Lookups = 16;
        const int Statements = 3;
        const int Size = 500_000;
        const int Held = 600_000;
        const int Manifests = 100_000;
        var limits = Limits with { ReadBytes = Held, RequestsPerRegistry = 1, RequestsPerLookup = Statements };
        var memory = new SharedMemory(limits, TimeProvider.System);
        using var lookup = new RegistryLookup(Options with { Limits = limits }, TimeProvider.System, memory);
        var images = Enumerable.Range(0, Lookups).Select(i => Repository.PushImage($"{i}")).ToList();
        foreach (var image in images)
        {
            foreach (var i in Enumerable.Range(0, Statements))
            {
                Repository.AttachReferrer(image, $"{image}{i}{new string('x', Size)}");
            }
        }

        long most = 0;
        Registry.Own = _ =>
        {
            most = Math.Max(most, memory.InFlight.Bytes);
            return Task.FromResult(false);
        };

        var found = await Task.WhenAll(images.Select(i => lookup.FindAsync(Request(i), CancellationToken.None)));

        Assert.That(found.OfType<StatementsFound>().Select(f => f.Statements.Count), Is.EqualTo(Enumerable.Repeat(Statements, Lookups)));
        Assert.That(most, Is.InRange(Held, Held + ((Statements + 1) * Size) + Manifests));
    }

    /// <summary>A lookup that holds all of it, and is not answered any more.</summary>
    [Test]
    public async Task WhoFindsNoRoomWithinTheTimeOfALookupIsUnavailableAndAsksTheRegistryNothing()
    {
        var time = new FakeTimeProvider();
        var memory = new SharedMemory(Limits with { ReadBytes = Most }, time);
        using var lookup = new RegistryLookup(Options, time, memory);
        var image = Repository.PushImage();
        using var other = memory.InFlight.Open();
        other.Add(Most);

        var running = lookup.FindAsync(Request(image), CancellationToken.None);
        while (!running.IsCompleted)
        {
            // The lookup starts on another thread.
            await Task.Delay(10);
            time.Advance(Limits.Lookup);
        }

        Assert.That(await running, Is.InstanceOf<Unavailable>().With.Property("Cause").EqualTo(FailureCause.Timeout));
        Assert.That(Registry.Calls, Is.Empty);
        other.Dispose();
        Assert.That(await lookup.FindAsync(Request(image), CancellationToken.None), Is.InstanceOf<NoStatement>());
        Assert.That(memory.InFlight.Bytes, Is.Zero, "a lookup gives back what it read");
    }

    private LookupRequest Request(Digest image) => new(Repository.Image(image), CredentialSet.None);
}

using DeployGuard.Kubernetes.Events;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>Nobody writes so many Events that those of another user are lost.</summary>
public class EventBudgetTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 28, 10, 0, 0, TimeSpan.Zero));

    [Test]
    public async Task TheVotesOfOneApproverDoNotSilenceTheVetoOfAnother()
    {
        await using var store = await ObjectStore.StartAsync();
        var events = new EventWriter(store.Connection, _time);

        await WriteAsync(events, 100, new EventBudget("vetoes", "mallory"));
        await WriteAsync(events, 100, new EventBudget("approvals", "bob"));
        await WriteAsync(events, 1, new EventBudget("vetoes", "bob"));

        Assert.That(Written(store, "vetoes bob"), Is.EqualTo(1), "neither by others nor by their own approvals");
        Assert.That(Written(store, "vetoes mallory"), Is.EqualTo(20));
    }

    [Test]
    public async Task AFloodOfRefusalsDoesNotSilenceAVote()
    {
        await using var store = await ObjectStore.StartAsync();
        var events = new EventWriter(store.Connection, _time);

        await WriteAsync(events, 100, null);
        await WriteAsync(events, 1, new EventBudget("vetoes", "bob"));

        Assert.That((Written(store, "other"), Written(store, "vetoes bob")), Is.EqualTo((60, 1)));
    }

    [Test]
    public async Task AllVotersTogetherAreLimited()
    {
        await using var store = await ObjectStore.StartAsync();
        var events = new EventWriter(store.Connection, _time);

        for (var i = 0; i < 300; i++)
        {
            await WriteAsync(events, 1, new EventBudget("approvals", $"voter-{i}"));
        }

        Assert.That(Written(store, "approvals"), Is.EqualTo(240));
        _time.Advance(TimeSpan.FromMinutes(1));
        await WriteAsync(events, 1, new EventBudget("approvals", "bob"));
        Assert.That(Written(store, "approvals bob"), Is.EqualTo(1), "a minute later");
    }

    private static async Task WriteAsync(EventWriter events, int count, EventBudget? budget)
    {
        var about = EventSubject.OfChange("shop", "deployment-web-1", "c");
        for (var i = 0; i < count; i++)
        {
            var entry = new EventEntry(about, true, "ChangeRejected", $"{budget?.What ?? "other"} {budget?.By} {i}") { Budget = budget };
            await events.WriteAsync(entry, CancellationToken.None);
        }
    }

    private static int Written(ObjectStore store, string message) =>
        store.Objects.Values.Count(o => ((string?)o["message"] ?? "").StartsWith(message, StringComparison.Ordinal));
}

using DeployGuard.Kubernetes.LeaderTasks;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>What was done lately is done once, and forgotten in time.</summary>
public class RecentKeysTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 28, 10, 0, 0, TimeSpan.Zero);
    private readonly RecentKeys _recent = new(TimeSpan.FromMinutes(1), max: 3);

    [Test]
    public void TheSameIsDoneAgainOnlyLater()
    {
        var recent = new RecentKeys(TimeSpan.FromMinutes(1), max: 3);

        Assert.That(recent.TryAdd("web", "a", s_now));
        Assert.That(recent.TryAdd("web", "a", s_now.AddSeconds(59)), Is.False);
        Assert.That(recent.TryAdd("web", "b", s_now.AddSeconds(59)), "something else");
        Assert.That(recent.TryAdd("web", "a", s_now.AddSeconds(59)), "and back");
        Assert.That(recent.TryAdd("web", "a", s_now.AddSeconds(119)));
        recent.Remove("web");
        Assert.That(recent.TryAdd("web", "a", s_now.AddSeconds(119)), "it failed");
    }

    [Test]
    public void ItRemembersNoMoreThanItsLimit()
    {
        for (var i = 0; i < 1000; i++)
        {
            Assert.That(_recent.TryAdd($"vote-{i}", "", s_now));
        }

        Assert.That(_recent.Count, Is.EqualTo(3));
        Assert.That(_recent.TryAdd("vote-999", "", s_now), Is.False, "the newest are kept");
    }

    [Test]
    public void WhatIsTooLongAgoIsForgotten()
    {
        var recent = new RecentKeys(TimeSpan.FromMinutes(1), max: 3);
        recent.TryAdd("a", "", s_now);
        recent.TryAdd("b", "", s_now.AddMinutes(1));

        Assert.That(recent.Count, Is.EqualTo(1));
    }
}

using System.Collections.Concurrent;
using DeployGuard.Kubernetes.Changes;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>Records of one Change in order, those of others not behind it.</summary>
public class OrderedQueueTests
{
    [Test]
    public async Task EntriesOfOneKeyAreHandledInOrderAndOneAtATime()
    {
        var queue = new OrderedQueue<int>(1000, workers: 4);
        for (var i = 0; i < 100; i++)
        {
            queue.TryAdd("busy", i);
        }

        queue.Complete();
        var (handled, atOnce, most) = (new ConcurrentQueue<int>(), 0, 0);
        await queue.RunAsync(
            async i =>
            {
                most = Math.Max(most, Interlocked.Increment(ref atOnce));
                await Task.Yield();
                handled.Enqueue(i);
                Interlocked.Decrement(ref atOnce);
            },
            CancellationToken.None
        );

        Assert.That(handled, Is.EqualTo(Enumerable.Range(0, 100)));
        Assert.That(most, Is.EqualTo(1));
    }

    [Test]
    public async Task AnEntryThatTakesLongDoesNotDelayThoseOfOtherKeys()
    {
        var queue = new OrderedQueue<string>(1000, workers: 2);
        var (others, left) = (new TaskCompletionSource(), 20);
        queue.TryAdd("busy", "busy");
        for (var i = 0; i < left; i++)
        {
            queue.TryAdd($"other-{i}", "other");
        }

        queue.Complete();
        // The busy one ends after all others: with one worker, never.
        await queue
            .RunAsync(
                async entry =>
                {
                    if (entry == "busy")
                    {
                        await others.Task;
                    }
                    else if (Interlocked.Decrement(ref left) == 0)
                    {
                        others.SetResult();
                    }
                },
                CancellationToken.None
            )
            .WaitAsync(TimeSpan.FromMinutes(1));

        Assert.That(left, Is.Zero);
    }

    [Test]
    public void ItIsBoundedAndEnds()
    {
        var queue = new OrderedQueue<int>(2, workers: 1);

        Assert.That((queue.TryAdd("a", 1), queue.TryAdd("b", 2), queue.TryAdd("a", 3)), Is.EqualTo((true, true, false)));
        queue.Complete();
        Assert.That(queue.TryAdd("a", 4), Is.False, "completed");
    }
}

using DeployGuard.Kubernetes.LiveReads;

namespace DeployGuard.Kubernetes.Tests;

public class SingleFlightTests
{
    [Test]
    public async Task ACallerNeverGetsAReadThatStartedBeforeItsCall()
    {
        var reads = new List<TaskCompletionSource<int>>();
        var flight = new SingleFlight<int>(() =>
        {
            var read = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (reads)
            {
                reads.Add(read);
            }

            return read.Task;
        });

        var first = flight.ReadAsync();
        await StartedAsync(reads, 1);
        var second = flight.ReadAsync();
        var third = flight.ReadAsync();
        Assert.That(third, Is.SameAs(second), "both wait for one read that has not started");
        Assert.That(second, Is.Not.SameAs(first));

        reads[0].SetResult(1);
        Assert.That(await first, Is.EqualTo(1));
        await StartedAsync(reads, 2);
        reads[1].SetResult(2);
        Assert.That(await second, Is.EqualTo(2));
    }

    [Test]
    public async Task AReadThatFailsFailsItsOwnCallersOnly()
    {
        var count = 0;
        var flight = new SingleFlight<int>(() => ++count == 1 ? throw new InvalidOperationException("down") : Task.FromResult(count));

        var first = flight.ReadAsync();
        var second = flight.ReadAsync();

        Assert.That(async () => await first, Throws.InvalidOperationException);
        Assert.That(await second, Is.EqualTo(2));
        Assert.That(flight.IsIdle, Is.True);
    }

    [Test]
    public async Task ManyCallersAtOnceCauseFewReadsAndNoneIsStale()
    {
        var version = 0;
        var reads = 0;
        var flight = new SingleFlight<int>(async () =>
        {
            Interlocked.Increment(ref reads);
            var seen = Volatile.Read(ref version);
            await Task.Yield();
            return seen;
        });

        await Parallel.ForEachAsync(
            Enumerable.Range(0, 2000),
            async (_, _) =>
            {
                var written = Interlocked.Increment(ref version);
                Assert.That(await flight.ReadAsync(), Is.GreaterThanOrEqualTo(written), "writes before the call are read");
            }
        );

        Assert.That(reads, Is.LessThanOrEqualTo(2000));
    }

    private static async Task StartedAsync(List<TaskCompletionSource<int>> reads, int count)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (true)
        {
            lock (reads)
            {
                if (reads.Count >= count)
                {
                    return;
                }
            }

            await Task.Delay(5, deadline.Token);
        }
    }
}

using DeployGuard.Webhook.Admission;

namespace DeployGuard.Webhook.Tests;

/// <summary>Decisions that share one thread: their order, who leaves, and that an await or a fault gives the thread back.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CostlyDecisionsTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly CostlyDecisions _decisions = new(threads: 1);
    private readonly List<string> _done = [];

    public void Dispose() => _decisions.Dispose();

    [Test]
    public async Task DecisionsBeginInTheOrderOfTheirArrival()
    {
        using var hold = new ManualResetEventSlim();
        var first = await HoldTheThreadAsync(hold);
        var waiting = Enumerable.Range(1, 5).Select(i => _decisions.RunAsync(() => DoneAsync($"{i}"), default)).ToList();
        Assert.That(_decisions.Waiting, Is.EqualTo(5));

        hold.Set();
        await Task.WhenAll([first, .. waiting]).WaitAsync(s_patience);

        Assert.That(_done, Is.EqualTo((string[])["1", "2", "3", "4", "5"]));
    }

    [Test]
    public async Task ADecisionThatReadsHoldsNoThreadAndComesBackBeforeThoseThatHaveNotBegun()
    {
        var read = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var hold = new ManualResetEventSlim();
        var reading = _decisions.RunAsync(
            async () =>
            {
                await read.Task;
                Assert.That(TaskScheduler.Current, Is.SameAs(_decisions));
                return await DoneAsync("reading");
            },
            default
        );
        var first = await HoldTheThreadAsync(hold);
        var later = _decisions.RunAsync(() => DoneAsync("later"), default);

        read.SetResult();
        await UntilAsync(() => _decisions.Waiting == 2);
        hold.Set();
        await Task.WhenAll(first, reading, later).WaitAsync(s_patience);

        Assert.That(_done, Is.EqualTo((string[])["reading", "later"]));
    }

    [Test]
    public async Task ADecisionThatMayNoLongerBeginLeavesItsPlaceAtOnceAndDoesNotRun()
    {
        using var hold = new ManualResetEventSlim();
        using var late = new CancellationTokenSource();
        var first = await HoldTheThreadAsync(hold);
        var leaves = _decisions.RunAsync(() => DoneAsync("leaves"), late.Token);
        var stays = _decisions.RunAsync(() => DoneAsync("stays"), default);

        await late.CancelAsync();

        Assert.That(async () => await leaves.WaitAsync(s_patience), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(_decisions.Waiting, Is.EqualTo(1), "it leaves while the thread is still held");
        hold.Set();
        await Task.WhenAll(first, stays).WaitAsync(s_patience);
        Assert.That(_done, Is.EqualTo((string[])["stays"]));
    }

    [Test]
    public void ADecisionWhoseTimeIsOverBeforeItArrivesDoesNotRun()
    {
        var late = new CancellationToken(canceled: true);

        Assert.That(
            async () => await _decisions.RunAsync(() => DoneAsync("late"), late).WaitAsync(s_patience),
            Throws.InstanceOf<OperationCanceledException>()
        );
        Assert.That((_decisions.Waiting, _done.Count), Is.EqualTo((0, 0)));
    }

    [Test]
    public async Task ADecisionThatHasBegunIsNotEndedByTheTimeToBegin()
    {
        using var late = new CancellationTokenSource();
        var read = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var reading = _decisions.RunAsync(
            async () =>
            {
                begun.SetResult();
                await read.Task;
                return await DoneAsync("reading");
            },
            late.Token
        );
        await begun.Task.WaitAsync(s_patience);

        await late.CancelAsync();
        read.SetResult();

        Assert.That(await reading.WaitAsync(s_patience), Is.EqualTo("reading"));
    }

    [Test]
    public async Task AFaultIsThrownToItsCallerAndGivesTheThreadBack()
    {
        var fault = _decisions.RunAsync<string>(() => throw new InvalidOperationException("a bug"), default);
        var later = _decisions.RunAsync<string>(
            async () =>
            {
                await Task.Yield();
                throw new InvalidOperationException("a bug after a read");
            },
            default
        );

        Assert.That(async () => await fault.WaitAsync(s_patience), Throws.InvalidOperationException.With.Message.EqualTo("a bug"));
        Assert.That(async () => await later.WaitAsync(s_patience), Throws.InvalidOperationException);
        Assert.That(await _decisions.RunAsync(() => DoneAsync("next"), default).WaitAsync(s_patience), Is.EqualTo("next"));
    }

    [Test]
    public async Task WithoutThreadsOfItsOwnItComputesOnTheCallersThread()
    {
        using var own = new CostlyDecisions(threads: 0);
        var caller = Environment.CurrentManagedThreadId;

        Assert.That(await own.RunAsync(() => Task.FromResult(Environment.CurrentManagedThreadId), default), Is.EqualTo(caller));
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(s_patience);
        while (!condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, deadline.Token);
        }
    }

    private Task<string> DoneAsync(string name)
    {
        _done.Add(name);
        return Task.FromResult(name);
    }

    /// <summary>Returns a decision that holds the one thread, once it does.</summary>
    private async Task<Task<string>> HoldTheThreadAsync(ManualResetEventSlim until)
    {
        var holds = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var decision = _decisions.RunAsync(
            () =>
            {
                holds.SetResult();
                until.Wait(s_patience);
                return Task.FromResult("held");
            },
            default
        );
        await holds.Task.WaitAsync(s_patience);
        return decision;
    }
}

using DeployGuard.Rig;
using NUnit.Framework.Interfaces;

// Fixtures of a world of their own wait for it in NUnit's threads; so there are more of these than tests that work at a time.
[assembly: DeployGuard.EndToEnd.Workers]
[assembly: DeployGuard.EndToEnd.TakesATurn]

namespace DeployGuard.EndToEnd;

/// <summary>
/// Who works now. Every test takes a turn and so does every fixture that prepares something, as many at a time as the machine carries.
/// Tests with a world of their own go first: there are few of these, and others wait for one.
/// </summary>
internal static class Turns
{
    private static readonly Lock s_lock = new();
    private static readonly Queue<TaskCompletionSource> s_first = [];
    private static readonly Queue<TaskCompletionSource> s_others = [];
    private static int s_free = Machine.Turns;

    /// <summary>A turn, until it is disposed.</summary>
    public static async Task<IDisposable> TakeAsync(bool first)
    {
        await WaitAsync(first);
        return new Turn();
    }

    private static Task WaitAsync(bool first)
    {
        lock (s_lock)
        {
            if (s_free > 0)
            {
                s_free--;
                return Task.CompletedTask;
            }

            var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            (first ? s_first : s_others).Enqueue(waiting);
            return waiting.Task;
        }
    }

    private static void GiveBack()
    {
        lock (s_lock)
        {
            if (s_first.TryDequeue(out var next) || s_others.TryDequeue(out next))
            {
                next.SetResult();
            }
            else
            {
                s_free++;
            }
        }
    }

    private sealed class Turn : IDisposable
    {
        private int _isOver;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isOver, 1) == 0)
            {
                GiveBack();
            }
        }
    }
}

/// <summary>Around every test: its turn, and a look at the world that it finds and leaves.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class TakesATurnAttribute : Attribute, ITestAction
{
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, IDisposable> _turns = [];

    public ActionTargets Targets => ActionTargets.Test;

    public void BeforeTest(ITest test)
    {
        _turns[test.Id] = Turns.TakeAsync(World.IsOwn).GetAwaiter().GetResult();
        World.RepairAsync($"before {test.Name}").GetAwaiter().GetResult();
    }

    public void AfterTest(ITest test)
    {
        try
        {
            World.RepairAsync($"during {test.Name}").GetAwaiter().GetResult();
        }
        finally
        {
            if (_turns.TryRemove(test.Id, out var turn))
            {
                turn.Dispose();
            }
        }
    }
}

/// <summary>NUnit's threads: one for every turn, and one for every fixture that waits for a world.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class WorkersAttribute() : PropertyAttribute("LevelOfParallelism", Machine.Turns + FixturesThatWait)
{
    private const int FixturesThatWait = 16;
}

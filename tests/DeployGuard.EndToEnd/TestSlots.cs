using DeployGuard.Rig;
using NUnit.Framework.Interfaces;

// Fixtures of a world of their own wait for it in NUnit's threads; so there are more of these than tests that work at a time.
[assembly: DeployGuard.EndToEnd.Workers]
[assembly: DeployGuard.EndToEnd.TakesASlot]

namespace DeployGuard.EndToEnd;

/// <summary>
/// Who works now. Every test takes a turn and so does every fixture that prepares something, as many at a time as the machine carries; a
/// <see cref="HeavyAttribute"/> one takes most of them. Tests with a world of their own go first: there are few of these, and others wait for one.
/// </summary>
internal static class TestSlots
{
    private static readonly Lock s_lock = new();
    private static readonly Queue<(int TestSlots, TaskCompletionSource Taken)> s_first = [];
    private static readonly Queue<(int TestSlots, TaskCompletionSource Taken)> s_others = [];
    private static int s_free = Machine.TestSlots;

    /// <summary>Turns, until it is disposed.</summary>
    /// <param name="turns">Not more than there are.</param>
    public static async Task<IDisposable> TakeAsync(bool first, int turns = 1)
    {
        var taken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (s_lock)
        {
            (first ? s_first : s_others).Enqueue((turns, taken));
            Grant();
        }

        await taken.Task;
        return new Taken(turns);
    }

    /// <summary>In the order in which they came, so that one that needs many turns gets them too.</summary>
    private static void Grant()
    {
        while ((s_first.Count > 0 ? s_first : s_others) is { Count: > 0 } waiting && waiting.Peek().TestSlots <= s_free)
        {
            var (turns, taken) = waiting.Dequeue();
            s_free -= turns;
            taken.SetResult();
        }
    }

    private static void GiveBack(int turns)
    {
        lock (s_lock)
        {
            s_free += turns;
            Grant();
        }
    }

    private sealed class Taken(int turns) : IDisposable
    {
        private int _isOver;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isOver, 1) == 0)
            {
                GiveBack(turns);
            }
        }
    }
}

/// <summary>Around every test: its turn, and a look at the world that it finds and leaves.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class TakesASlotAttribute : Attribute, ITestAction
{
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, IDisposable> _turns = [];

    public ActionTargets Targets => ActionTargets.Test;

    public void BeforeTest(ITest test)
    {
        var turns = HeavyAttribute.SlotsOf(test);
        _turns[test.Id] = TestSlots.TakeAsync(TestCluster.IsOwn || turns > 1, turns).GetAwaiter().GetResult();
        TestCluster.RepairAsync($"before {test.Name}").GetAwaiter().GetResult();
    }

    public void AfterTest(ITest test)
    {
        try
        {
            TestCluster.RepairAsync($"during {test.Name}").GetAwaiter().GetResult();
        }
        finally
        {
            if (_turns.TryRemove(test.Id, out var slot))
            {
                slot.Dispose();
            }
        }
    }
}

/// <summary>
/// Of a test, or of every test of a fixture, that measures under load or is a load itself: few others go on beside it.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class HeavyAttribute() : PropertyAttribute("Heavy", 1)
{
    public static int SlotsOf(ITest test) => IsOn(test) ? Machine.HeavyTestSlots : 1;

    private static bool IsOn(ITest? test) => test is not null && (test.Properties.ContainsKey("Heavy") || IsOn(test.Parent));
}

/// <summary>NUnit's threads: one for every turn, and one for every fixture that waits for a world.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class WorkersAttribute() : PropertyAttribute("LevelOfParallelism", Machine.TestSlots + WaitingFixtures)
{
    private const int WaitingFixtures = 20;
}

using DeployGuard.Rig;
using NUnit.Framework.Interfaces;

// Fixtures with a cluster of their own wait for it in NUnit's threads, so there are more threads than concurrent tests.
[assembly: DeployGuard.EndToEnd.Workers]
[assembly: DeployGuard.EndToEnd.TakesASlot]

namespace DeployGuard.EndToEnd;

/// <summary>
/// Limits concurrent tests. Every test takes a slot, and so does every fixture that prepares something, as many as the machine supports; a
/// <see cref="HeavyAttribute"/> one takes most of them. Tests with a cluster of their own go first: these are few, and other fixtures wait
/// for them.
/// </summary>
internal static class TestSlots
{
    private static readonly Lock s_lock = new();
    private static readonly Queue<(int TestSlots, TaskCompletionSource Taken)> s_first = [];
    private static readonly Queue<(int TestSlots, TaskCompletionSource Taken)> s_others = [];
    private static int s_free = Machine.TestSlots;

    /// <summary>Takes slots until the result is disposed.</summary>
    /// <param name="slots">At most <see cref="Machine.TestSlots"/>.</param>
    public static async Task<IDisposable> TakeAsync(bool first, int slots = 1)
    {
        var taken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (s_lock)
        {
            (first ? s_first : s_others).Enqueue((slots, taken));
            Grant();
        }

        await taken.Task;
        return new Taken(slots);
    }

    /// <summary>First come, first served, so that a heavy test also gets its slots.</summary>
    private static void Grant()
    {
        while ((s_first.Count > 0 ? s_first : s_others) is { Count: > 0 } waiting && waiting.Peek().TestSlots <= s_free)
        {
            var (slots, taken) = waiting.Dequeue();
            s_free -= slots;
            taken.SetResult();
        }
    }

    private static void GiveBack(int slots)
    {
        lock (s_lock)
        {
            s_free += slots;
            Grant();
        }
    }

    private sealed class Taken(int slots) : IDisposable
    {
        private int _isOver;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isOver, 1) == 0)
            {
                GiveBack(slots);
            }
        }
    }
}

/// <summary>Around every test: takes its slot, and repairs the cluster before and after it.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class TakesASlotAttribute : Attribute, ITestAction
{
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, IDisposable> _slots = [];

    public ActionTargets Targets => ActionTargets.Test;

    public void BeforeTest(ITest test)
    {
        var slots = HeavyAttribute.SlotsOf(test);
        _slots[test.Id] = TestSlots.TakeAsync(TestCluster.IsOwn || slots > 1, slots).GetAwaiter().GetResult();
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
            if (_slots.TryRemove(test.Id, out var slot))
            {
                slot.Dispose();
            }
        }
    }
}

/// <summary>
/// Marks a test or fixture that measures under load or is a load itself: few others run at the same time.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class HeavyAttribute() : PropertyAttribute("Heavy", 1)
{
    public static int SlotsOf(ITest test) => IsOn(test) ? Machine.HeavyTestSlots : 1;

    private static bool IsOn(ITest? test) => test is not null && (test.Properties.ContainsKey("Heavy") || IsOn(test.Parent));
}

/// <summary>NUnit's threads: one for every slot, and one for every fixture that waits for a cluster.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class WorkersAttribute() : PropertyAttribute("LevelOfParallelism", Machine.TestSlots + WaitingFixtures)
{
    private const int WaitingFixtures = 20;
}

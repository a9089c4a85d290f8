using System.Diagnostics;

namespace DeployGuard.Rig;

/// <summary>Waits on conditions, never for times.</summary>
public static class Wait
{
    /// <summary>
    /// Asks until what comes back is accepted, and returns it; at the deadline fails with what came last. The limit is for what never comes: a
    /// machine with more to do than cores takes a minute for what takes a second on an idle one.
    /// </summary>
    public static async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> accept, string what, int seconds = 120)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            var last = await ask();
            if (accept(last))
            {
                return last;
            }

            if (waited.Elapsed.TotalSeconds > seconds)
            {
                throw new TimeoutException($"{what}: not after {seconds} s; last seen:\n{last}");
            }

            await Task.Delay(100);
        }
    }
}

using System.Collections;

namespace DeployGuard.Rig;

/// <summary>Waits for conditions, never for fixed times.</summary>
public static class Wait
{
    /// <summary>
    /// Repeats a request until its result is accepted, and returns it. Fails with the last result once nothing has changed for so many
    /// seconds on an idle machine (<see cref="ProgressTimeout"/>).
    /// </summary>
    public static async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> accept, string what, int seconds = 120)
    {
        var timeout = new ProgressTimeout(TimeSpan.FromSeconds(seconds));
        while (true)
        {
            var last = await ask();
            if (accept(last))
            {
                return last;
            }

            var seen = Text(last);
            timeout.Observe(seen);
            if (timeout.IsExpired)
            {
                throw new TimeoutException($"{what}: {timeout.Waited}; last seen:\n{seen}");
            }

            await timeout.PauseAsync();
        }
    }

    private static string Text(object? seen) =>
        seen switch
        {
            null => "(nothing)",
            string text => text,
            IEnumerable many => string.Join(", ", many.Cast<object?>().Select(Text)),
            _ => seen.ToString() ?? "",
        };
}

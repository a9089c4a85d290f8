using System.Collections;

namespace DeployGuard.Rig;

/// <summary>Waits on conditions, never for times.</summary>
public static class Wait
{
    /// <summary>
    /// Asks until what comes back is accepted, and returns it; fails with what came last once nothing has changed for so many seconds on a
    /// machine with room (<see cref="Patience"/>).
    /// </summary>
    public static async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> accept, string what, int seconds = 120)
    {
        var patience = new Patience(TimeSpan.FromSeconds(seconds));
        while (true)
        {
            var last = await ask();
            if (accept(last))
            {
                return last;
            }

            var seen = Text(last);
            patience.Saw(seen);
            if (patience.IsOver)
            {
                throw new TimeoutException($"{what}: {patience.Waited}; last seen:\n{seen}");
            }

            await patience.PauseAsync();
        }
    }

    private static string Text(object? seen) => seen switch
    {
        null => "(nothing)",
        string text => text,
        IEnumerable many => string.Join(", ", many.Cast<object?>().Select(Text)),
        _ => seen.ToString() ?? "",
    };
}

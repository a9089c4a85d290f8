namespace DeployGuard.Core.Comparison;

/// <summary>A line-by-line diff of two texts.</summary>
internal static class LineDifference
{
    /// <summary>Above this size, all old lines are shown as removed and all new lines as added. That is correct too, only longer.</summary>
    private const long MaxCells = 1_000_000;

    /// <summary>Unchanged lines that stay visible before and after a change.</summary>
    private const int Context = 3;

    /// <returns>Each line after <c>"  "</c>, <c>"- "</c> or <c>"+ "</c>.</returns>
    public static IReadOnlyList<string> Between(IReadOnlyList<string> before, IReadOnlyList<string> after)
    {
        // A long text with one change stays a short comparison.
        var start = before.Zip(after).TakeWhile(p => p.First == p.Second).Count();
        var end = before.Skip(start).Reverse().Zip(after.Skip(start).Reverse()).TakeWhile(p => p.First == p.Second).Count();
        IReadOnlyList<string> old = [.. before.Skip(start).SkipLast(end)];
        IReadOnlyList<string> current = [.. after.Skip(start).SkipLast(end)];
        IEnumerable<string> changed =
            (long)old.Count * current.Count > MaxCells
                ? [.. old.Select(l => $"- {l}"), .. current.Select(l => $"+ {l}")]
                : Walk(old, current, Common(old, current));
        return [.. before.Take(start).Select(l => $"  {l}"), .. changed, .. after.TakeLast(end).Select(l => $"  {l}")];
    }

    /// <summary>
    /// Replaces unchanged lines far from every change by their number. No line of a text looks like it: each begins with its sign.
    /// </summary>
    public static IReadOnlyList<string> Fold(IReadOnlyList<string> lines)
    {
        var folded = new List<string>();
        for (var i = 0; i < lines.Count; )
        {
            var run = lines.Skip(i).TakeWhile(IsUnchanged).Count();
            var head = i == 0 ? 0 : Context;
            var tail = i + run == lines.Count ? 0 : Context;
            var hidden = run - head - tail;
            if (hidden > 1)
            {
                folded.AddRange([.. lines.Skip(i).Take(head), $"... {hidden} unchanged lines", .. lines.Skip(i + run - tail).Take(tail)]);
            }
            else
            {
                folded.AddRange(lines.Skip(i).Take(run));
            }

            i += run;
            var changed = lines.Skip(i).TakeWhile(l => !IsUnchanged(l)).ToList();
            folded.AddRange(changed);
            i += changed.Count;
        }

        return folded;
    }

    /// <summary><c>2 of 402 lines</c>; empty for a text that is seen at a glance.</summary>
    public static string CountOf(IReadOnlyList<string> lines)
    {
        var (removed, added) = (lines.Count(l => l[0] == '-'), lines.Count(l => l[0] == '+'));
        var total = lines.Count - Math.Min(removed, added);
        return total <= 2 * Context ? "" : $"{Math.Max(removed, added)} of {total} lines";
    }

    private static bool IsUnchanged(string line) => line[0] == ' ';

    private static List<string> Walk(IReadOnlyList<string> before, IReadOnlyList<string> after, int[,] common)
    {
        var lines = new List<string>();
        var (i, j) = (0, 0);
        while (i < before.Count || j < after.Count)
        {
            if (i < before.Count && j < after.Count && before[i] == after[j])
            {
                lines.Add($"  {before[i++]}");
                j++;
            }
            else if (i < before.Count && (j == after.Count || common[i + 1, j] >= common[i, j + 1]))
            {
                lines.Add($"- {before[i++]}");
            }
            else
            {
                lines.Add($"+ {after[j++]}");
            }
        }

        return lines;
    }

    /// <summary>Length of the longest common subsequence of both remainders.</summary>
    private static int[,] Common(IReadOnlyList<string> before, IReadOnlyList<string> after)
    {
        var common = new int[before.Count + 1, after.Count + 1];
        for (var i = before.Count - 1; i >= 0; i--)
        {
            for (var j = after.Count - 1; j >= 0; j--)
            {
                common[i, j] = before[i] == after[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
            }
        }

        return common;
    }
}

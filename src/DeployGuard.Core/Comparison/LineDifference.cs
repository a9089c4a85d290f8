namespace DeployGuard.Core.Comparison;

/// <summary>A line-by-line diff of two texts.</summary>
internal static class LineDifference
{
    /// <summary>Above this size, all old lines are shown as removed and all new lines as added. That is correct too, only longer.</summary>
    private const long MaxCells = 1_000_000;

    /// <returns>Each line after <c>"  "</c>, <c>"- "</c> or <c>"+ "</c>.</returns>
    public static IReadOnlyList<string> Between(IReadOnlyList<string> before, IReadOnlyList<string> after) =>
        (long)before.Count * after.Count > MaxCells
            ? [.. before.Select(l => $"- {l}"), .. after.Select(l => $"+ {l}")]
            : Walk(before, after, Common(before, after));

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

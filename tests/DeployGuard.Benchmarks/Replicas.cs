using System.Globalization;
using DeployGuard.Benchmarks.Results;
using DeployGuard.Rig;

namespace DeployGuard.Benchmarks;

/// <summary>
/// <c>memory [SIZE...] [rounds=3] [NAME=VALUE,...]</c> and <c>cold [rounds=3] [NAME=VALUE,...]</c>: each list of variables is one more
/// environment of the published webhook, to compare with none.
/// </summary>
internal static class Replicas
{
    private const string Rounds = "rounds=";

    /// <summary>Of a row: what was measured, and in which environment.</summary>
    public static string Named(string name, IReadOnlyDictionary<string, string> variables) =>
        variables.Count == 0 ? name : $"{name}, {string.Join(' ', variables.Select(v => $"{v.Key}={v.Value}"))}";

    public static async Task<Section> RunAsync(string what, string[] arguments)
    {
        var rounds = arguments.FirstOrDefault(a => a.StartsWith(Rounds, StringComparison.Ordinal)) is { } given
            ? int.Parse(given.AsSpan(Rounds.Length), CultureInfo.InvariantCulture)
            : 3;
        List<int> sizes = [.. arguments.Where(a => !a.Contains('=')).Select(a => int.Parse(a, CultureInfo.InvariantCulture))];
        List<IReadOnlyDictionary<string, string>> settings =
        [
            new Dictionary<string, string>(),
            .. arguments.Where(a => a.Contains('=') && !a.StartsWith(Rounds, StringComparison.Ordinal)).Select(Variables),
        ];
        return await WithFolderAsync(
            (webhook, folder) =>
                what == "cold"
                    ? new ColdStart(webhook, folder).RunAsync(settings, rounds)
                    : new ResidentMemory(webhook, folder).RunAsync(sizes is [] ? [1000, 10_000] : sizes, settings, rounds)
        );
    }

    /// <param name="minutes">How many; none for an hour.</param>
    public static Task<Section> HourAsync(string[] minutes) =>
        WithFolderAsync(
            (webhook, folder) =>
                HourOfDecisions.RunAsync(webhook, folder, minutes is [var given] ? int.Parse(given, CultureInfo.InvariantCulture) : 60)
        );

    private static async Task<Section> WithFolderAsync(Func<string, string, Task<Section>> run)
    {
        var webhook = File.Exists(Toolbox.Webhook)
            ? Toolbox.Webhook
            : throw new FileNotFoundException($"{Toolbox.Webhook} is not there: run make publish first", Toolbox.Webhook);
        var folder = Directory.CreateTempSubdirectory("deployguard-bench-");
        try
        {
            return await run(webhook, folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static Dictionary<string, string> Variables(string list) =>
        list.Split(',').Select(v => v.Split('=', 2)).ToDictionary(v => v[0], v => v[1]);
}

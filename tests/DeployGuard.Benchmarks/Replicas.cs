using System.Globalization;

namespace DeployGuard.Benchmarks;

/// <summary>
/// <c>memory WEBHOOK [SIZE...] [rounds=3] [NAME=VALUE,...]</c> and <c>cold WEBHOOK ...</c>: each list of variables is one environment to
/// compare with none.
/// </summary>
internal static class Replicas
{
    private const string Rounds = "rounds=";

    public static async Task RunAsync(string what, string webhook, string[] arguments)
    {
        var folder = Directory.CreateTempSubdirectory("deployguard-bench-");
        try
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
            await (
                what == "cold"
                    ? new ColdStart(webhook, folder.FullName).RunAsync(settings, rounds)
                    : new ResidentMemory(webhook, folder.FullName).RunAsync(sizes is [] ? [1000, 10_000] : sizes, settings, rounds)
            );
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static Dictionary<string, string> Variables(string list) =>
        list.Split(',').Select(v => v.Split('=', 2)).ToDictionary(v => v[0], v => v[1]);
}

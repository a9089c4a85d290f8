using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Cli.Doctor;

/// <summary>A sample of the metrics of a replica.</summary>
internal sealed record Sample(string Name, IReadOnlyDictionary<string, string> Labels, double Value)
{
    public string Label(string name) => Labels.GetValueOrDefault(name, "");
}

/// <summary>Reads the metrics of the replicas through the API server, which needs the verb get on <c>pods/proxy</c>.</summary>
internal static partial class ReplicaMetrics
{
    private const int MaxReplicas = 10;

    /// <summary>The samples of all replicas that answer; null if none does.</summary>
    /// <exception cref="ApiException">The user may not read them.</exception>
    public static async Task<IReadOnlyList<Sample>?> ReadAsync(CheckContext context, CancellationToken cancel)
    {
        var answers = new List<string>();
        foreach (var pod in (await PodsAsync(context, cancel)).Take(MaxReplicas))
        {
            try
            {
                var path = ApiPaths.One(ApiPaths.Pods(context.Namespace), $"{pod}:{PortOf(context.Installation.Deployment)}");
                using var answer = await context.Api.OpenAsync($"{path}/proxy/metrics", cancel);
                answers.Add(await answer.Content.ReadAsStringAsync(cancel));
            }
            catch (ApiException refused) when (refused.StatusCode is not HttpStatusCode.Forbidden)
            {
                // This replica cannot be reached; the check deployment says whether it is ready.
            }
        }

        return answers.Count > 0 ? [.. answers.SelectMany(Parse)] : null;
    }

    public static IEnumerable<Sample> Parse(string text) =>
        from line in Lines().Matches(text)
        let labels = Pairs().Matches(line.Groups["labels"].Value)
        select new Sample(
            line.Groups["name"].Value,
            labels.DistinctBy(l => l.Groups["name"].Value).ToDictionary(l => l.Groups["name"].Value, l => l.Groups["value"].Value),
            double.TryParse(line.Groups["value"].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : 0
        );

    private static async Task<IReadOnlyList<string>> PodsAsync(CheckContext context, CancellationToken cancel)
    {
        var selector = context.Installation.Deployment?["spec"]?["selector"]?["matchLabels"] as JsonObject ?? [];
        var query = Uri.EscapeDataString(string.Join(',', selector.Select(l => $"{l.Key}={(string?)l.Value}")));
        var names = new List<string>();
        if (selector.Count > 0)
        {
            await context.Api.ListAsync(
                ApiPaths.Pods(context.Namespace),
                pod => names.Add(pod.GetProperty("metadata").GetProperty("name").GetString() ?? ""),
                cancel,
                $"labelSelector={query}"
            );
        }

        return names;
    }

    private static int PortOf(JsonNode? deployment) =>
        (deployment?["spec"]?["template"]?["spec"]?["containers"]?[0]?["ports"] as JsonArray ?? [])
            .Where(p => (string?)p?["name"] == "metrics")
            .Select(p => (int?)p?["containerPort"])
            .FirstOrDefault()
        ?? 9090;

    [GeneratedRegex("""^(?<name>[a-z_]+)(\{(?<labels>[^\n]*)\})? (?<value>[-+.eE0-9]+)( [0-9]+)?$""", RegexOptions.Multiline)]
    private static partial Regex Lines();

    [GeneratedRegex("""(?<name>[a-z_]+)="(?<value>[^"\\]*)"(,|$)""")]
    private static partial Regex Pairs();
}

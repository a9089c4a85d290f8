using System.Collections.Concurrent;
using System.Text.Json;
using DeployGuard.Manifests;
using DeployGuard.Rig;

namespace DeployGuard.Chart.Tests;

/// <summary>The output of <c>helm template</c> for the chart, for release <c>deployguard</c> in namespace <c>dg</c>.</summary>
internal sealed record Rendered(string Text, IReadOnlyList<JsonElement> Objects)
{
    /// <summary>Runs of helm by their arguments: the same arguments are rendered once.</summary>
    private static readonly ConcurrentDictionary<string, Lazy<Task<Run>>> s_runs = [];

    /// <summary>The names of the chart's values files for CI.</summary>
    public static IEnumerable<string> Matrix =>
        Directory
            .GetFiles(Ci, "*-values.yaml")
            .Select(f => Path.GetFileName(f).Replace("-values.yaml", "", StringComparison.Ordinal))
            .Order();

    private static string Ci => Path.Combine(AppContext.BaseDirectory, "ci");

    public static string ValuesFile(string way) => Path.Combine(Ci, $"{way}-values.yaml");

    public static async Task<Rendered> OfAsync(params IEnumerable<string> arguments)
    {
        var run = (await TemplateAsync(arguments)).OrFail();
        return new Rendered(run.Output, [.. ManifestReader.ReadText("rendered", run.Output).Select(m => m.Content)]);
    }

    /// <summary>The error of helm for refused values.</summary>
    /// <exception cref="InvalidOperationException">It renders them.</exception>
    public static async Task<string> RefusalAsync(params IEnumerable<string> arguments)
    {
        var run = await TemplateAsync(arguments);
        return run.Succeeded ? throw new InvalidOperationException($"$ {run.Command}\nwas not refused:\n{run.Output}") : run.Output;
    }

    public JsonElement Only(string kind) => Of(kind).Single();

    public IEnumerable<JsonElement> Of(string kind) => Objects.Where(o => o.GetProperty("kind").GetString() == kind);

    public JsonElement Pod => Only("Deployment").At("spec", "template");

    public IEnumerable<string?> Arguments =>
        Pod.At("spec", "containers")[0].GetProperty("args").EnumerateArray().Select(a => a.GetString());

    private static async Task<Run> TemplateAsync(IEnumerable<string> arguments)
    {
        var tools = await Toolbox.InstallAsync();
        // Hooks of helm test are rendered only where a test names their file.
        string[] tests = arguments.Contains("--show-only") ? [] : ["--skip-tests"];
        string[] all = ["template", "deployguard", Toolbox.Chart, "--namespace", "dg", .. tests, .. arguments];
        return await s_runs.GetOrAdd(string.Join('\n', all), _ => new(() => Run.OfAsync(tools["helm"], all, Run.SameEnvironment))).Value;
    }
}

internal static class JsonPath
{
    public static JsonElement At(this JsonElement element, params IEnumerable<string> path) =>
        path.Aggregate(element, (e, name) => e.GetProperty(name));

    public static string? Name(this JsonElement element) => element.At("metadata", "name").GetString();

    /// <summary>A property, or an undefined element if it does not exist.</summary>
    public static JsonElement Maybe(this JsonElement element, string name) =>
        element.ValueKind is JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : default;
}

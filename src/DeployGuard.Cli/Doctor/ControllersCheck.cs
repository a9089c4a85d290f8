using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Cluster.Records;

namespace DeployGuard.Cli.Doctor;

/// <summary>Which controllers have been seen at work, and which of them DeployGuard judges as if they were people.</summary>
internal sealed class ControllersCheck : ICheck
{
    public string Name => "controllers";

    public async Task<IReadOnlyList<Diagnosis>> LookAsync(Patient patient, CancellationToken cancel)
    {
        var installed = patient.Installed;
        var stored = await patient.FindAsync($"api/v1/namespaces/{patient.Namespace}/configmaps/{installed.Options.ControllersSeen}", cancel);
        var seen = SeenController.ReadAll(stored is null ? null : JsonSerializer.SerializeToElement(stored));
        return Judge(seen, MatchConditionsCheck.AreInUse(await patient.ValidatingAsync(cancel)), installed);
    }

    /// <param name="dropped">The API server drops what trusted controllers write.</param>
    public static IReadOnlyList<Diagnosis> Judge(IReadOnlyList<SeenController> seen, bool dropped, Installed installed) =>
    [
        Diagnosis.Ok($"{Trusted(seen)}{(dropped ? "; what trusted ones write is dropped by the API server's matchConditions, so that only unknown ones are seen now" : "")}"),
        .. seen.Where(s => !s.Trusted).Select(s => Diagnosis.Warning(
            $"{s.User} makes {string.Join(", ", s.Kinds)} objects for others and is not trusted: every one is judged as if a person made it",
            $"If what it acts on was judged when a person wrote it: helm upgrade {installed.Name} CHART -n {installed.Options.Namespace} --reuse-values --set-json 'trustedControllers={Value(s)}'")),
    ];

    private static string Trusted(IReadOnlyList<SeenController> seen) => seen.Any(s => s.Trusted)
        ? $"trusted and seen: {string.Join("; ", seen.Where(s => s.Trusted).Select(s => $"{s.User} ({string.Join(", ", s.Kinds)})"))}"
        : "no trusted one seen yet";

    private static string Value(SeenController seen) => new JsonObject { [seen.User] = new JsonArray([.. seen.Kinds.Select(k => JsonValue.Create(k))]) }.ToJsonString();
}

using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Controllers;
using DeployGuard.Kubernetes.Webhooks;

namespace DeployGuard.Cli.Doctor;

/// <summary>Which controllers have been seen at work, and which of them DeployGuard judges as if they were people.</summary>
internal sealed class ControllersCheck : ICheck
{
    public string Name => "controllers";

    public async Task<IReadOnlyList<Diagnosis>> LookAsync(CheckContext patient, CancellationToken cancel)
    {
        var installed = patient.Installed;
        var stored = await patient.FindAsync($"api/v1/namespaces/{patient.Namespace}/configmaps/{installed.Options.ControllersSeen}", cancel);
        var seen = SeenController.ReadAll(stored is null ? null : JsonSerializer.SerializeToElement(stored));
        var namespaces = (await patient.NamespacesAsync(cancel)).Select(n => (n.Name, n.Labels));
        var guarded = GuardedNamespaces.Of(await patient.PoliciesAsync(cancel), namespaces, installed.Options, patient.Now);
        var changes = SeenChanges.ReadAll(stored is null ? null : JsonSerializer.SerializeToElement(stored));
        var dropped = MatchConditionsCheck.AreInUse(await patient.ValidatingAsync(cancel));
        return [.. Judge(seen, guarded, dropped, installed), .. ControllerChanges.Judge(changes, installed)];
    }

    /// <param name="guarded">Namespaces in which an Enforce policy matches: their developers act as any service account there.</param>
    /// <param name="dropped">The API server drops what trusted controllers write.</param>
    public static IReadOnlyList<Diagnosis> Judge(IReadOnlyList<SeenController> seen, IReadOnlyList<string> guarded, bool dropped, Installed installed) =>
    [
        Diagnosis.Ok($"{Trusted(seen)}{(dropped ? "; what trusted ones write is dropped by the API server's matchConditions, so that only unknown ones are seen now" : "")}"),
        .. seen.Select(s => (Seen: s, IsGuarded: s.Namespace is { } own && guarded.Contains(own)))
            .Where(s => s.IsGuarded || !s.Seen.Trusted)
            .Select(s => s.IsGuarded ? OfAGuardedNamespace(s.Seen, installed) : s.Seen.Verified ? Offered(s.Seen, installed) : NotVerified(s.Seen)),
    ];

    private static Diagnosis Offered(SeenController seen, Installed installed) => Diagnosis.Warning(
        $"{seen.User} makes {Kinds(seen)} objects for others and is not trusted: every one is judged as if a person made it",
        PresetRemedy.Of(seen.User, seen.Kinds, installed)
            ?? $"If what it acts on was judged when a person wrote it: helm upgrade {installed.Name} CHART -n {installed.Options.Namespace} --reuse-values --set-json 'trustedControllers={Value(seen)}'");

    private static Diagnosis OfAGuardedNamespace(SeenController seen, Installed installed) => seen.Trusted
        ? Diagnosis.Warning(
            $"{seen.User} is trusted for {Kinds(seen)} objects, and anybody who may write in guarded namespace {seen.Namespace} can act as it: what they make as it is judged by nobody",
            $"Run it in a namespace that no Enforce policy matches, or take it out of trustedControllers: helm get values {installed.Name} -n {installed.Options.Namespace}")
        : Diagnosis.Warning(
            $"{seen.User} makes {Kinds(seen)} objects for others and is not trusted. It is not offered as trusted: anybody who may write in guarded namespace {seen.Namespace} can act as it",
            "If it is a controller, run it in a namespace that no Enforce policy matches");

    private static Diagnosis NotVerified(SeenController seen) => Diagnosis.Warning(
        $"{seen.User} makes {Kinds(seen)} objects that name an owner, and is not trusted. It is not offered as trusted: no such owner was found, or its kind is none that DeployGuard reads",
        "If the owner is a workload of another kind, add the kind to the chart's workloadKinds; what it makes is judged as if a person made it");

    private static string Kinds(SeenController seen) => string.Join(", ", seen.Kinds);

    private static string Trusted(IReadOnlyList<SeenController> seen) => seen.Any(s => s.Trusted)
        ? $"trusted and seen: {string.Join("; ", seen.Where(s => s.Trusted).Select(s => $"{s.User} ({string.Join(", ", s.Kinds)})"))}"
        : "no trusted one seen yet";

    private static string Value(SeenController seen) => new JsonObject { [seen.User] = new JsonArray([.. seen.Kinds.Select(k => JsonValue.Create(k))]) }.ToJsonString();
}

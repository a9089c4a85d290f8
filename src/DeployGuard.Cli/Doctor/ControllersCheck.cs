using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Controllers;
using DeployGuard.Kubernetes.Webhooks;

namespace DeployGuard.Cli.Doctor;

/// <summary>Which controllers were seen, and which of them DeployGuard evaluates as if they were people.</summary>
internal sealed class ControllersCheck : ICheck
{
    public string Name => "controllers";

    public async Task<IReadOnlyList<Diagnosis>> RunAsync(CheckContext context, CancellationToken cancel)
    {
        var installation = context.Installation;
        var stored = await context.FindAsync(
            ApiPaths.One(ApiPaths.ConfigMaps(context.Namespace), installation.Options.ControllersSeen),
            cancel
        );
        var seen = SeenController.ReadAll(stored is null ? null : JsonSerializer.SerializeToElement(stored));
        var namespaces = (await context.NamespacesAsync(cancel)).Select(n => (n.Name, n.Labels));
        var guarded = GuardedNamespaces.Of(await context.PoliciesAsync(cancel), namespaces, installation.Options, context.Now);
        var changes = SeenChanges.ReadAll(stored is null ? null : JsonSerializer.SerializeToElement(stored));
        var skipped = MatchConditionsCheck.AreInUse(await context.ValidatingAsync(cancel));
        return [.. Diagnose(seen, guarded, skipped, installation), .. ControllerChanges.Diagnose(changes, installation)];
    }

    /// <param name="guarded">Namespaces in which an Enforce policy matches. Their developers can act as any service account there.</param>
    /// <param name="skipped">Whether the API server skips the writes of trusted controllers.</param>
    public static IReadOnlyList<Diagnosis> Diagnose(
        IReadOnlyList<SeenController> seen,
        IReadOnlyList<string> guarded,
        bool skipped,
        Installation installation
    ) =>
        [
            Diagnosis.Ok(
                Trusted(seen)
                    + (
                        skipped
                            ? "; the API server's matchConditions skip the writes of trusted controllers, so only unknown ones are seen now"
                            : ""
                    )
            ),
            .. seen.Select(s => (Seen: s, IsGuarded: s.Namespace is { } own && guarded.Contains(own)))
                .Where(s => s.IsGuarded || !s.Seen.Trusted)
                .Select(s =>
                    s.IsGuarded ? InGuardedNamespace(s.Seen, installation)
                    : s.Seen.Verified ? Verified(s.Seen, installation)
                    : NotVerified(s.Seen)
                ),
        ];

    private static Diagnosis Verified(SeenController seen, Installation installation) =>
        Diagnosis.Warning(
            $"{seen.User} creates {Kinds(seen)} objects for their owners and is not trusted: each is evaluated as if a person created it",
            PresetRemedy.Of(seen.User, seen.Kinds, installation)
                ?? "If DeployGuard evaluates the owners when a person writes them, trust it: "
                    + installation.Upgrade($"--reset-then-reuse-values --set-json 'trustedControllers={Value(seen)}'")
        );

    private static Diagnosis InGuardedNamespace(SeenController seen, Installation installation) =>
        seen.Trusted
            ? Diagnosis.Warning(
                $"{seen.User} is trusted for {Kinds(seen)} objects, and anyone who may write in guarded namespace "
                    + $"{seen.Namespace} can act as it: what they create that way is not evaluated",
                "Run it in a namespace that no Enforce policy matches, or remove it from the chart's trustedControllers"
                    + (installation.Release is { } release ? $": helm get values {release} -n {installation.Namespace}" : "")
            )
            : Diagnosis.Warning(
                $"{seen.User} creates {Kinds(seen)} objects for their owners and is not trusted. Do not trust it: anyone who "
                    + $"may write in guarded namespace {seen.Namespace} can act as it",
                "If it is a controller, run it in a namespace that no Enforce policy matches"
            );

    private static Diagnosis NotVerified(SeenController seen) =>
        Diagnosis.Warning(
            $"{seen.User} creates {Kinds(seen)} objects that name an owner, and is not trusted. Do not trust it: the owner was "
                + "not found, or DeployGuard does not read its kind",
            "If the owner is a custom workload, add its kind to the chart's workloadKinds. Each object is evaluated as if a "
                + "person created it"
        );

    private static string Kinds(SeenController seen) => string.Join(", ", seen.Kinds);

    private static string Trusted(IReadOnlyList<SeenController> seen) =>
        seen.Any(s => s.Trusted)
            ? $"trusted and seen: {string.Join("; ", seen.Where(s => s.Trusted).Select(s => $"{s.User} ({string.Join(", ", s.Kinds)})"))}"
            : "no trusted controller seen yet";

    private static string Value(SeenController seen) =>
        new JsonObject { [seen.User] = new JsonArray([.. seen.Kinds.Select(k => JsonValue.Create(k))]) }.ToJsonString();
}

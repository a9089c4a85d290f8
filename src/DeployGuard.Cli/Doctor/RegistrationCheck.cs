using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Webhooks;

namespace DeployGuard.Cli.Doctor;

/// <summary>
/// Whether the API server calls DeployGuard, and blocks requests without its answer exactly where an Enforce policy matches.
/// </summary>
internal sealed class RegistrationCheck : ICheck
{
    public string Name => "registration";

    public async Task<IReadOnlyList<Diagnosis>> RunAsync(CheckContext context, CancellationToken cancel)
    {
        var (validating, mutating) = (await context.ValidatingAsync(cancel), await context.MutatingAsync(cancel));
        var namespaces = (await context.NamespacesAsync(cancel)).Select(n => (n.Name, n.Labels));
        var guarded = GuardedNamespaces.Of(await context.PoliciesAsync(cancel), namespaces, context.Installation.Options, context.Now);
        return Diagnose(validating, mutating, guarded, context.Installation);
    }

    public static IReadOnlyList<Diagnosis> Diagnose(
        JsonNode? validating,
        JsonNode? mutating,
        IReadOnlyList<string> guarded,
        Installation installation
    )
    {
        List<Diagnosis> found =
        [
            .. Missing("ValidatingWebhookConfiguration", validating, "records.deployguard.io", installation),
            .. Missing("MutatingWebhookConfiguration", mutating, "stamp.deployguard.io", installation),
        ];
        // An open gate removes entries, and has a check of its own.
        if (validating is not null && GateCheck.OpenedBy(validating) is null)
        {
            found.AddRange(DiagnoseFailurePolicies(EntriesOf(validating), guarded));
        }

        return found.Count > 0
            ? found
            :
            [
                Diagnosis.Ok(
                    $"{EntriesOf(validating).Count()} validating and {EntriesOf(mutating).Count()} mutating webhooks; enforced "
                        + $"in {Some(guarded)}"
                ),
            ];
    }

    public static IEnumerable<JsonNode> EntriesOf(JsonNode? configuration) =>
        configuration?["webhooks"]?.AsArray().OfType<JsonNode>() ?? [];

    private static IEnumerable<Diagnosis> Missing(string kind, JsonNode? configuration, string needed, Installation installation)
    {
        var name = installation.Options.WebhookConfiguration;
        if (configuration is null)
        {
            yield return Diagnosis.Failed(
                $"there is no {kind} {name}: requests pass unguarded, and DeployGuard does not create it again",
                $"Install it again: {installation.Upgrade("--reset-then-reuse-values")}"
            );
        }
        else if (!EntriesOf(configuration).Any(e => (string?)e["name"] == needed))
        {
            var what = EntriesOf(configuration).Any() ? $"lacks the webhook {needed}" : "is empty: nothing is guarded";
            yield return Diagnosis.Failed(
                $"{kind} {name} {what}",
                "Retry in a few seconds, because the leader fills it. If it persists, no replica leads, or the leader lacks "
                    + $"permissions: kubectl -n {installation.Options.Namespace} logs deployment/{installation.Name}; kubectl -n "
                    + $"{installation.Options.Namespace} get lease {installation.Options.Lease} -o yaml"
            );
        }
    }

    private static IEnumerable<Diagnosis> DiagnoseFailurePolicies(IEnumerable<JsonNode> entries, IReadOnlyList<string> guarded)
    {
        const string Remedy = "Retry in a few seconds, because the leader follows the policies. If it persists, see its log";
        var failing = entries
            .Where(e => (string?)e["failurePolicy"] == "Fail")
            .Select(e => (Name: (string?)e["name"], Listed: Listed(e)))
            .Where(e => e.Listed.Count > 0)
            .ToList();
        if (guarded.Count > 0 && failing.Count == 0)
        {
            yield return Diagnosis.Failed(
                $"no webhook has failurePolicy Fail in {Some(guarded)}, where an Enforce policy matches: while no replica "
                    + "answers, every request passes there",
                Remedy
            );
        }

        foreach (var (name, listed) in failing)
        {
            if (guarded.Except(listed).ToList() is { Count: > 0 } open)
            {
                yield return Diagnosis.Failed(
                    $"webhook {name} lacks failurePolicy Fail in {Some(open)}, where an Enforce policy matches: while no "
                        + "replica answers, requests pass there",
                    Remedy
                );
            }

            if (listed.Except(guarded).ToList() is { Count: > 0 } more)
            {
                yield return Diagnosis.Failed(
                    $"webhook {name} has failurePolicy Fail in {Some(more)}, where no Enforce policy matches: while no replica "
                        + "answers, deploys are blocked there without need",
                    Remedy
                );
            }
        }
    }

    /// <summary>The namespaces that an entry selects by name.</summary>
    private static List<string> Listed(JsonNode entry) =>
        [
            .. (entry["namespaceSelector"]?["matchExpressions"]?.AsArray() ?? [])
                .Where(e => (string?)e?["key"] == NamespaceLabels.OfName && (string?)e?["operator"] == "In")
                .SelectMany(e => e?["values"]?.AsArray().Select(v => (string?)v ?? "") ?? []),
        ];

    private static string Some(IReadOnlyList<string> namespaces) => NameList.Of(namespaces, "namespace", "no namespace");
}

using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Webhooks;

namespace DeployGuard.Cli.Doctor;

/// <summary>Whether the API server is told to ask DeployGuard, and to wait for its answer exactly where an Enforce policy matches.</summary>
internal sealed class RegistrationCheck : ICheck
{
    public string Name => "registration";

    public async Task<IReadOnlyList<Diagnosis>> LookAsync(CheckContext patient, CancellationToken cancel)
    {
        var (validating, mutating) = (await patient.ValidatingAsync(cancel), await patient.MutatingAsync(cancel));
        var namespaces = (await patient.NamespacesAsync(cancel)).Select(n => (n.Name, n.Labels));
        var guarded = GuardedNamespaces.Of(await patient.PoliciesAsync(cancel), namespaces, patient.Installed.Options, patient.Now);
        return Judge(validating, mutating, guarded, patient.Installed);
    }

    public static IReadOnlyList<Diagnosis> Judge(JsonNode? validating, JsonNode? mutating, IReadOnlyList<string> guarded, Installed installed)
    {
        List<Diagnosis> found = [.. Missing("ValidatingWebhookConfiguration", validating, "records.deployguard.io", installed), .. Missing("MutatingWebhookConfiguration", mutating, "stamp.deployguard.io", installed)];
        // What the gate took away is reported as the gate.
        if (validating is not null && GateCheck.OpenedBy(validating) is null)
        {
            found.AddRange(JudgeFail(EntriesOf(validating), guarded));
        }

        return found.Count > 0
            ? found
            : [Diagnosis.Ok($"{EntriesOf(validating).Count()} validating and {EntriesOf(mutating).Count()} mutating webhooks; enforced in {Some(guarded)}")];
    }

    public static IEnumerable<JsonNode> EntriesOf(JsonNode? configuration) => configuration?["webhooks"]?.AsArray().OfType<JsonNode>() ?? [];

    private static IEnumerable<Diagnosis> Missing(string kind, JsonNode? configuration, string needed, Installed installed)
    {
        var name = installed.Options.WebhookConfiguration;
        if (configuration is null)
        {
            yield return Diagnosis.Failed($"there is no {kind} {name}: nothing of it is guarded, and DeployGuard does not create it anew", $"helm upgrade --install {installed.Name} CHART -n {installed.Options.Namespace} --reset-then-reuse-values");
        }
        else if (!EntriesOf(configuration).Any(e => (string?)e["name"] == needed))
        {
            var what = EntriesOf(configuration).Any() ? $"lacks the webhook {needed}" : "is empty: nothing is guarded";
            yield return Diagnosis.Failed($"{kind} {name} {what}", $"The leader fills it within seconds; if it does not, no replica leads or may: kubectl -n {installed.Options.Namespace} logs deployment/{installed.Name}; kubectl -n {installed.Options.Namespace} get lease {installed.Options.Lease} -o yaml");
        }
    }

    private static IEnumerable<Diagnosis> JudgeFail(IEnumerable<JsonNode> entries, IReadOnlyList<string> guarded)
    {
        const string Remedy = "The leader follows the policies within seconds; look again, then at its log";
        var failing = entries.Where(e => (string?)e["failurePolicy"] == "Fail").Select(e => (Name: (string?)e["name"], Listed: Listed(e))).Where(e => e.Listed.Count > 0).ToList();
        if (guarded.Count > 0 && failing.Count == 0)
        {
            yield return Diagnosis.Failed($"no webhook waits (failurePolicy Fail) in {Some(guarded)}, where an Enforce policy matches: while no replica answers, everything passes there", Remedy);
        }

        foreach (var (name, listed) in failing)
        {
            if (guarded.Except(listed).ToList() is { Count: > 0 } open)
            {
                yield return Diagnosis.Failed($"webhook {name} does not wait in {Some(open)}, where an Enforce policy matches", Remedy);
            }

            if (listed.Except(guarded).ToList() is { Count: > 0 } more)
            {
                yield return Diagnosis.Failed($"webhook {name} waits in {Some(more)}, where no Enforce policy matches: while no replica answers, deploys wait there for nothing", Remedy);
            }
        }
    }

    /// <summary>The namespaces that an entry is for by name.</summary>
    private static List<string> Listed(JsonNode entry) =>
    [
        .. (entry["namespaceSelector"]?["matchExpressions"]?.AsArray() ?? [])
            .Where(e => (string?)e?["key"] == NamespaceLabels.OfName && (string?)e?["operator"] == "In")
            .SelectMany(e => e?["values"]?.AsArray().Select(v => (string?)v ?? "") ?? []),
    ];

    private static string Some(IReadOnlyList<string> namespaces) => Words.List(namespaces, "namespace", "no namespace");
}

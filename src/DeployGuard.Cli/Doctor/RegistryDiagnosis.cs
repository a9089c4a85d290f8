using DeployGuard.Core.Policies;

namespace DeployGuard.Cli.Doctor;

/// <summary>Whether the replicas could ask the registries that policies list, by their metrics since they started.</summary>
internal static class RegistryDiagnosis
{
    private const string Lookups = "deployguard_provenance_lookups_total";
    private const string Resting = "deployguard_provenance_registry_resting";

    /// <summary>Above this share of failed lookups, something is wrong besides a short outage.</summary>
    private const double MuchFailed = 0.2;

    private static readonly string[] s_answered = ["found", "not-found", "image-not-found"];

    /// <param name="samples">Null if no replica answered.</param>
    public static IEnumerable<Diagnosis> Of(IReadOnlyList<SafeguardPolicy> policies, IReadOnlyList<Sample>? samples, string @namespace)
    {
        var registries = policies
            .Where(p => p.Mode is Mode.Enforce)
            .SelectMany(p => p.SignedOrigin?.Registries ?? [], (policy, registry) => (Policy: policy, Registry: registry))
            .DistinctBy(r => r.Registry.Host);
        return samples is null
            ?
            [
                Diagnosis.NotChecked(
                    "no replica gave its metrics through the API server, so that it is not known whether it reaches registries"
                ),
            ]
            : registries.Select(r => Of(r.Policy, r.Registry.Host, samples, @namespace));
    }

    private static Diagnosis Of(SafeguardPolicy policy, string host, IReadOnlyList<Sample> samples, string @namespace)
    {
        var results = samples
            .Where(s => s.Name == Lookups && s.Label("registry") == host)
            .GroupBy(s => s.Label("result"))
            .Select(g => (Result: g.Key, Count: g.Sum(s => s.Value)))
            .Where(r => r.Count > 0)
            .OrderByDescending(r => r.Count)
            .ToList();
        var all = results.Sum(r => r.Count);
        var failed = results.Where(r => !s_answered.Contains(r.Result)).ToList();
        if (failed is not [var (cause, _), ..])
        {
            return Diagnosis.Ok(
                all > 0 ? $"the replicas reached {host} in all {all:0} lookups" : $"{host}: the replicas looked nothing up there yet"
            );
        }

        var share = failed.Sum(f => f.Count) / all;
        var said =
            $"{failed.Sum(f => f.Count):0} of {all:0} lookups in {host} failed since the replicas started ("
            + $"{string.Join(", ", failed.Select(f => $"{f.Result} {f.Count:0}"))})";
        var isResting = samples.Any(s => s.Name == Resting && s.Label("registry") == host && s.Value > 0);
        return share >= 1 && policy.SignedOrigin is { OnUnavailable: OnUnavailable.Refuse }
                ? Diagnosis.Failed(
                    $"{said}: changes of its images are refused until people approve them",
                    Remedy(cause, host, policy, @namespace)
                )
            : share >= MuchFailed || isResting ? Diagnosis.Warning(said, Remedy(cause, host, policy, @namespace))
            : Diagnosis.Ok(said);
    }

    private static string Remedy(string cause, string host, SafeguardPolicy policy, string @namespace) =>
        cause switch
        {
            "denied" => $"Set pullSecret of {host} in origin.registries, or fix its token: kubectl edit safeguardpolicy {policy.Name}",
            "tls" => $"Set caBundle of {host} in origin.registries: kubectl edit safeguardpolicy {policy.Name}",
            "token-host-not-listed" => $"Add the host of its tokens to tokenHosts of {host}: kubectl edit safeguardpolicy {policy.Name}",
            "redirect-not-listed" =>
                $"Add the host that it redirects to to redirectHosts of {host}: kubectl edit safeguardpolicy {policy.Name}",
            "rate-limited" => $"Set pullSecret or mirror of {host} in origin.registries: kubectl edit safeguardpolicy {policy.Name}",
            _ => $"Check that the pods in namespace {@namespace} may connect to {host}: NetworkPolicies, proxies, DNS",
        };
}

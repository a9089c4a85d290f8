using System.Diagnostics.Metrics;
using DeployGuard.Core.Changes;
using DeployGuard.Kubernetes;
using DeployGuard.Kubernetes.Certificates;

namespace DeployGuard.Webhook.Telemetry;

/// <summary>The metrics that need a cluster.</summary>
internal static class ClusterGauges
{
    public static void AddClusterGauges(this Meter meter, ClusterReport cluster, ICertificateSource certificate)
    {
        meter.CreateObservableGauge("deployguard_changes", () => ByPhase(cluster), description: "Changes on record, by phase.");
        meter.CreateObservableGauge(
            "deployguard_cache_synced",
            () =>
                cluster.Synced.Select(c => new Measurement<int>(
                    c.IsSynced ? 1 : 0,
                    new KeyValuePair<string, object?>("resource", c.Resource)
                )),
            description: "1 once the cache of the resource is in sync."
        );
        meter.CreateObservableGauge(
            "deployguard_cache_age",
            () =>
                cluster.Synced.Select(c => new Measurement<double>(
                    c.Silence.TotalSeconds,
                    new KeyValuePair<string, object?>("resource", c.Resource)
                )),
            "s",
            "Time since the last event of the resource from the API server."
        );
        meter.CreateObservableGauge("deployguard_leader", () => cluster.IsLeader ? 1 : 0, description: "1 on the replica that leads.");
        meter.CreateObservableGauge(
            "deployguard_gate_open",
            () => cluster.GateIsOpen is { } isOpen ? [new Measurement<int>(isOpen ? 1 : 0)] : Array.Empty<Measurement<int>>(),
            description: "1 while the gate is open and no workload is guarded; from the leader alone."
        );
        meter.CreateObservableCounter(
            "deployguard_webhook_configuration_altered",
            () => cluster.RegistrationAltered.Select(a => new Measurement<long>(a.Value, new KeyValuePair<string, object?>("kind", a.Key))),
            description: "Alterations of DeployGuard's webhook configurations that the leader reverted."
        );
        meter.CreateObservableGauge(
            "deployguard_certificate_expiry_timestamp",
            () =>
                CertificateEnds
                    .Of(certificate)
                    .Select(c => new Measurement<double>(
                        c.End.ToUnixTimeSeconds(),
                        new KeyValuePair<string, object?>("certificate", c.Name)
                    )),
            "s",
            "Expiry of the served certificate and of the CA that signed it."
        );
        meter.CreateObservableGauge(
            "deployguard_changes_waiting",
            () => cluster.Waiting.Select(w => new Measurement<int>(w.Value.Count, new KeyValuePair<string, object?>("namespace", w.Key))),
            description: "Changes that wait for approval."
        );
        meter.CreateObservableGauge(
            "deployguard_change_waiting",
            () =>
                cluster.Waiting.Select(w => new Measurement<double>(
                    cluster.AgeOf(w.Value.Since).TotalSeconds,
                    new KeyValuePair<string, object?>("namespace", w.Key)
                )),
            "s",
            "How long the change that has waited longest for approval has waited."
        );
        meter.CreateObservableGauge(
            "deployguard_breakglass_unreviewed",
            () => cluster.Unreviewed.Count(),
            description: "Changes that were admitted by break-glass and are not reviewed."
        );
        meter.CreateObservableGauge(
            "deployguard_webhook_configuration",
            () => cluster.Registered.Select(r => new Measurement<int>(r.Value ? 1 : 0, new KeyValuePair<string, object?>("kind", r.Key))),
            description: "1 while the webhook configuration exists, 0 after its deletion; from the leader alone."
        );
        meter.CreateObservableGauge(
            "deployguard_unrecorded_workloads",
            () => Unrecorded(cluster),
            description: "Workloads that run where an Enforce policy matches, without an admitted Change; from the leader alone."
        );
        meter.CreateObservableGauge(
            "deployguard_canary_exposure_ratio",
            () =>
                cluster.Exposure.Select(e => new Measurement<double>(
                    e.Value,
                    new("namespace", e.Key.Namespace),
                    new("policy", e.Key.Policy)
                )),
            description: "The largest share of a pool's pods that run unproven revisions now; from the leader alone."
        );
        meter.CreateObservableGauge(
            "deployguard_rollouts_in_flight",
            () => cluster.InFlight.Select(f => new Measurement<int>(f.Value, new KeyValuePair<string, object?>("namespace", f.Key))),
            description: "Rollouts that were admitted and are not complete."
        );
        meter.CreateObservableGauge(
            "deployguard_policy_active",
            () =>
                cluster.Policies.Select(p => new Measurement<int>(
                    p.IsActive ? 1 : 0,
                    new KeyValuePair<string, object?>("policy", p.Policy)
                )),
            description: "1 while the policy is active, 0 before and after."
        );
        meter.CreateObservableGauge(
            "deployguard_origin_keys_expiry_timestamp",
            () =>
                cluster.KeyEnds.Select(k => new Measurement<double>(
                    k.End.ToUnixTimeSeconds(),
                    new("policy", k.Policy),
                    new("role", k.Role.ToString())
                )),
            "s",
            "Expiry of the last key of a role that a policy trusts."
        );
        meter.CreateObservableCounter(
            "deployguard_changes_overflowed",
            () => cluster.ChangesOverflowed,
            description: "Changes that wait for approval and were left out of the full inbox."
        );
        meter.CreateObservableCounter(
            "deployguard_change_templates_overflowed",
            () => cluster.TemplatesOverflowed,
            description: "Whole templates that were not stored because their namespace has too many."
        );
        meter.CreateObservableCounter(
            "deployguard_records_failed",
            () => cluster.RecordsFailed,
            description: "Records of changes that were lost."
        );
    }

    /// <summary>If there are none, one zero without a namespace: an alert cannot tell a missing series from a zero.</summary>
    private static IEnumerable<Measurement<int>> Unrecorded(ClusterReport cluster) =>
        cluster.Unrecorded switch
        {
            null => [],
            { Count: 0 } => [new Measurement<int>(0, new KeyValuePair<string, object?>("namespace", ""))],
            var found => found.Select(f => new Measurement<int>(f.Value, new KeyValuePair<string, object?>("namespace", f.Key))),
        };

    /// <summary>Every phase, including those with a count of zero: an alert cannot tell a missing series from a zero.</summary>
    private static IEnumerable<Measurement<int>> ByPhase(ClusterReport cluster)
    {
        var counts = cluster.ChangesByPhase.ToDictionary(p => p.Phase, p => p.Count);
        return Enum.GetValues<Phase>()
            .Select(p => new Measurement<int>(counts.GetValueOrDefault(p), new KeyValuePair<string, object?>("phase", p.ToString())));
    }
}

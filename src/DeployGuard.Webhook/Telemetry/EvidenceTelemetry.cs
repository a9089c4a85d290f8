using System.Diagnostics;
using System.Diagnostics.Metrics;
using DeployGuard.Registry.Access;

namespace DeployGuard.Webhook.Telemetry;

/// <summary>Counts lookups of signed evidence. The label <c>registry</c> is one of those that a policy lists.</summary>
internal sealed class EvidenceTelemetry(Meter meter)
{
    public const string DurationInstrument = "deployguard_provenance_lookup_duration";

    private readonly Counter<long> _lookups = meter.CreateCounter<long>(
        "deployguard_provenance_lookups",
        description: "Lookups of signed evidence, by registry and result."
    );

    private readonly Counter<long> _cacheHits = meter.CreateCounter<long>(
        "deployguard_provenance_cache_hits",
        description: "Lookups that were answered without a request to a registry."
    );

    private readonly Histogram<double> _duration = meter.CreateHistogram<double>(
        DurationInstrument,
        "s",
        "Time until a lookup was answered; the lookup itself may go on."
    );

    /// <param name="resting">The registries that are not called at present.</param>
    public void ObserveResting(Func<IReadOnlyCollection<string>> resting) =>
        meter.CreateObservableGauge(
            "deployguard_provenance_registry_resting",
            () => resting().Select(r => new Measurement<int>(1, new KeyValuePair<string, object?>("registry", r))),
            description: "1 while the registry is not called, because it keeps failing or asked for a pause."
        );

    public void CountLookup(LookupObservation lookup)
    {
        _lookups.Add(1, new TagList { { "registry", lookup.Registry }, { "result", lookup.Result } });
        _duration.Record(lookup.Duration.TotalSeconds);
        if (lookup.FromCache)
        {
            _cacheHits.Add(1, new KeyValuePair<string, object?>("registry", lookup.Registry));
        }
    }
}

using System.Text.Json.Serialization;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>
/// Exposure that was admitted and is not visible in the cluster yet: unproven pods, a Service with another selector, or pods that raise no
/// exposure. It counts for the next requests; otherwise several requests at the same instant would each be allowed as the first.
/// </summary>
/// <param name="Policy">The policy under which the request was admitted.</param>
/// <param name="Pool"><see cref="Exposure.Pool.Name"/>.</param>
/// <param name="Generation">Generation of the changed workload; null if the request created it, or it has no generation.</param>
public sealed record PendingExposure(
    string Policy,
    string Pool,
    WorkloadRef Workload,
    string TemplateHash,
    IReadOnlyList<string> Images,
    int Pods,
    long? Generation
)
{
    /// <summary>For a Service with another selector: its new selector; null for pods.</summary>
    public string? Selector { get; init; }

    /// <summary>
    /// The pending exposure of a changed Service. Until its new selector is visible, other requests are evaluated behind it too.
    /// </summary>
    public static PendingExposure OfService(string policy, Service service, WorkloadRef target) =>
        new(policy, $"Service {service.Name}", target, "what the Service selects", [], 1, null) { Selector = service.SelectorText };

    /// <summary>
    /// For a workload with more pods, or a pod with other labels, that raises no exposure. Only a Service whose selector is changed to
    /// match them at the same instant needs it.
    /// </summary>
    public static PendingExposure WithoutNewExposure(string policy, Workload requested, long? generation) =>
        new(policy, "", requested.Ref, requested.Template.Hash, [], Math.Max(1, requested.Replicas), generation);

    /// <summary>It counts in no pool.</summary>
    [JsonIgnore]
    public bool RaisesNoExposure => Pool.Length == 0;

    /// <summary>
    /// How long it counts if it does not become visible. By then other webhooks have answered, unless their timeout exceeds the default of
    /// ten seconds.
    /// </summary>
    public static TimeSpan VisibleWithin { get; } = TimeSpan.FromSeconds(10);

    /// <summary>The observed workload includes it, or shows that it never came.</summary>
    /// <remarks>Workloads and Changes are watched separately. Without its Change, an observed revision would be presumed proven.</remarks>
    public bool IsVisibleIn(NamespaceSnapshot snapshot) =>
        MemberSet.Of(snapshot.Members).Find(Workload) is { } found
        && (Generation is not { } requested || found.Spec.Generation is not { } now || now > requested)
        && ChangeLookup.Of(snapshot.Changes).Of(Workload).Any(c => c.TemplateHash == TemplateHash && c.WasAdmitted);
}

using System.Text.Json.Serialization;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Snapshots;

/// <summary>
/// What a request was let have a moment ago: unproven pods, a Service that it turned, or pods that raise nothing. Until that is seen, it counts for the next
/// request: else ten of the same instant would each be the first.
/// </summary>
/// <param name="Policy">Under which it was let in.</param>
/// <param name="Pool"><see cref="Exposure.Pool.Name"/>.</param>
/// <param name="Generation">Of the workload that the request changed; null where it made one, or nobody counts.</param>
public sealed record PendingExposure(string Policy, string Pool, WorkloadRef Workload, string TemplateHash, IReadOnlyList<string> Images, int Pods, long? Generation)
{
    /// <summary>Of a Service that was let select other pods, what it selects then; null for pods.</summary>
    public string? Selector { get; init; }

    /// <summary>A Service that a request was let turn: until it is seen so, what others ask for is judged behind it too.</summary>
    public static PendingExposure OfService(string policy, Service service, WorkloadRef target) =>
        new(policy, $"Service {service.Name}", target, "what the Service selects", [], 1, null) { Selector = service.SelectorText };

    /// <summary>
    /// Of a workload that gets more pods, or a pod that gets other labels, and raises nothing where they are: only a Service that is turned to them in the same
    /// moment has to know.
    /// </summary>
    public static PendingExposure WithoutNewExposure(string policy, Workload asked, long? generation) =>
        new(policy, "", asked.Ref, asked.Template.Hash, [], Math.Max(1, asked.Replicas), generation);

    /// <summary>They count in no pool.</summary>
    [JsonIgnore]
    public bool RaisesNoExposure => Pool.Length == 0;

    /// <summary>How long they count if nothing is seen of them: other webhooks have answered by then, as long as they keep to their default.</summary>
    public static TimeSpan VisibleWithin { get; } = TimeSpan.FromSeconds(10);

    /// <summary>What is counted of the workload includes them, or says that they never came.</summary>
    /// <remarks>Workloads and Changes are watched apart: without its Change, what is seen of a workload counts as known to work.</remarks>
    public bool IsSeenIn(NamespaceSnapshot snapshot) =>
        snapshot.Members.FirstOrDefault(m => m.Spec.Ref == Workload) is { } found && (Generation is not { } asked || found.Spec.Generation is not { } now || now > asked)
        && snapshot.Changes.Any(c => c.Workload == Workload && c.TemplateHash == TemplateHash && c.WasAdmitted);
}

using DeployGuard.Core.Changes;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>The templates of a workload that the cluster holds, by both of their hashes: its spec, and the revisions kept for it.</summary>
internal static class LiveTemplates
{
    public static IEnumerable<KnownTemplate> Of(ObservedWorkload? workload, ClusterCaches caches) =>
        workload is null ? [] : Of(workload, KeptRevisions.Of(workload, caches));

    public static IEnumerable<KnownTemplate> Of(ObservedWorkload workload, IEnumerable<OwnedRevision> history) =>
        history
            .Select(r => new KnownTemplate(r.Name, r.LegacyHash, r.TemplateHash))
            .Prepend(new KnownTemplate("", workload.Spec.Template.LegacyHash, workload.TemplateHash, IsCurrent: true));
}

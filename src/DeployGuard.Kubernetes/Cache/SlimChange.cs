using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>A Change as caches keep it: its names, hash and images are those of its workload, which is kept too.</summary>
internal static class SlimChange
{
    public static Change? Of(Change? change, TextPool texts) =>
        change is null
            ? null
            : change with
            {
                Workload = texts.Same(change.Workload),
                TemplateHash = texts.Same(change.TemplateHash),
                Images = texts.Same(change.Images),
                Policies = texts.Same(change.Policies),
                Requesters = texts.Same(change.Requesters),
                RequesterColumn = texts.Same(change.RequesterColumn),
                OwnedHash = texts.SameOrNull(change.OwnedHash),
                OwnedUid = texts.SameOrNull(change.OwnedUid),
                OwnedRevision = texts.SameOrNull(change.OwnedRevision),
            };
}

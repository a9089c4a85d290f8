using DeployGuard.Core.Approvals;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Changes;

/// <summary>
/// Reads records and votes that version 0.2 named by <c>v1:</c> hashes as if they carried today's hashes, so that all other code compares
/// one version. It is the only place that does so, and goes together with <c>Core/Workloads/Legacy</c>.
/// </summary>
/// <param name="known">The templates that the cluster holds of a workload, the current one first.</param>
/// <param name="before">The workload that the request replaces; null where there is no request, or it creates one.</param>
/// <param name="after">The workload that the request contains.</param>
public sealed class HashTranslation(Func<WorkloadRef, IEnumerable<KnownTemplate>> known, Workload? before = null, Workload? after = null)
{
    /// <summary>For files: no cluster, so no known templates.</summary>
    public static HashTranslation WithoutCluster { get; } = new(_ => []);

    /// <summary>The same for one request: its own templates explain hashes that nothing in the cluster explains.</summary>
    public HashTranslation For(Workload? was, Workload? requested) => new(known, was, requested);

    /// <summary>Whether any of these is changed by a translation.</summary>
    public static bool IsNeeded(IReadOnlyList<Change> changes, IReadOnlyList<Approval> votes) => HasFormer(changes) || HasFormer(votes);

    /// <summary>Records with today's hashes, one for each revision: replicas of both versions may each have written one.</summary>
    public IReadOnlyList<Change> Changes(IReadOnlyList<Change> stored) =>
        HasFormer(stored) ? DuplicateChanges.Combine([.. stored.Select(Change)]) : stored;

    /// <summary>One record with today's hash, without regard to duplicates.</summary>
    public Change Change(Change stored) =>
        TemplateHash.IsLegacy(stored.TemplateHash)
            ? stored with
            {
                TemplateHash = Translate(stored.Workload, stored.TemplateHash, stored.OwnedRevision),
            }
            : stored;

    public IReadOnlyList<Approval> Approvals(IReadOnlyList<Approval> stored) => HasFormer(stored) ? [.. stored.Select(Approval)] : stored;

    private static bool HasFormer(IReadOnlyList<Change> stored) => stored.Any(c => c.LegacyHash is not null);

    private static bool HasFormer(IReadOnlyList<Approval> stored) => stored.Any(a => TemplateHash.IsLegacy(a.TemplateHash));

    private Approval Approval(Approval stored) =>
        stored.TemplateHash is { } hash && TemplateHash.IsLegacy(hash)
            ? stored with
            {
                TemplateHash = Translate(stored.Workload, hash, null),
            }
            : stored;

    /// <summary>
    /// Templates of the cluster come before those of the request. Version 1 left more fields out, so several of today's templates may share
    /// a hash, so a requested template must not count as one that ran. Unknown hashes stay as they are.
    /// </summary>
    private string Translate(WorkloadRef workload, string legacy, string? owned)
    {
        var alike = known(workload).Where(k => k.LegacyHash == legacy).ToList();
        if (before?.Ref == workload && before.Template.LegacyHash == legacy)
        {
            alike.Add(new KnownTemplate("", legacy, before.Template.Hash));
        }

        var requested = after?.Ref == workload && after.Template.LegacyHash == legacy ? after.Template.Hash : null;
        return alike.FirstOrDefault(k => k.IsCurrent)?.Hash
            ?? alike.FirstOrDefault(k => owned is not null && k.Name == owned)?.Hash
            ?? alike.FirstOrDefault(k => k.Hash == requested)?.Hash
            ?? alike.FirstOrDefault()?.Hash
            ?? requested
            ?? legacy;
    }
}

/// <summary>A template with both of its hashes: one that exists now, or existed when its record was given today's hash.</summary>
/// <param name="Name">Of the ReplicaSet or ControllerRevision that holds it; empty where none is known.</param>
/// <param name="IsCurrent">It is the template in the workload's spec.</param>
public sealed record KnownTemplate(string Name, string LegacyHash, string Hash, bool IsCurrent = false)
{
    /// <summary>From records that carry both hashes.</summary>
    public static IEnumerable<KnownTemplate> Recorded(IEnumerable<Change> changes) =>
        changes.SelectMany(c =>
            c.LegacyHash is { } legacy && !TemplateHash.IsLegacy(c.TemplateHash)
                ? (KnownTemplate[])[new KnownTemplate(c.OwnedRevision ?? "", legacy, c.TemplateHash)]
                : []
        );
}

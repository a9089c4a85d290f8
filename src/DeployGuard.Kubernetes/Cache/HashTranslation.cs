using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>
/// Reads records and votes that version 0.2 named by <c>v1:</c> hashes as if they named what these stand for now, so that Core compares
/// one version alone. The one place where that is done; dropped together with <c>Core/Workloads/Legacy</c>.
/// </summary>
/// <param name="known">What is live of a workload, what runs first.</param>
/// <param name="before">What the request in question changes; null where none is.</param>
/// <param name="after">What it asks for.</param>
internal sealed class HashTranslation(Func<WorkloadRef, IEnumerable<KnownTemplate>> known, Workload? before = null, Workload? after = null)
{
    /// <summary>From what is watched.</summary>
    public static HashTranslation Of(ClusterCaches caches) => new(workload => KnownTemplate.Live(caches.FindWorkload(workload), caches)
        .Concat(KnownTemplate.Recorded(caches.Changes.Under(ClusterCaches.WorkloadKey(workload)))));

    /// <summary>From files: there is nothing live.</summary>
    public static HashTranslation OfNothingLive { get; } = new(_ => []);

    /// <summary>From what is watched, in the light of a request. For a <c>/scale</c>, what is live says it all.</summary>
    public static HashTranslation Of(ClusterCaches caches, Request request) =>
        Of(caches).For((request as WorkloadRequest)?.Before, (request as WorkloadRequest)?.After);

    /// <summary>The same in the light of a request: its own templates stand for what nothing live does.</summary>
    public HashTranslation For(Workload? was, Workload? asked) => new(known, was, asked);

    /// <summary>Records in today's terms, one for each revision: replicas of both versions may each have made one.</summary>
    public IReadOnlyList<Change> Changes(IReadOnlyList<Change> stored) =>
        stored.Any(c => c.LegacyHash is not null) ? RecordedTwice.Combine([.. stored.Select(Change)]) : stored;

    /// <summary>One record in today's terms, as it stands by itself.</summary>
    public Change Change(Change stored) =>
        TemplateHash.IsLegacy(stored.TemplateHash)
            ? stored with { TemplateHash = Translate(stored.Workload, stored.TemplateHash, stored.OwnedRevision) }
            : stored;

    public IReadOnlyList<Approval> Approvals(IReadOnlyList<Approval> stored) =>
        stored.Any(a => TemplateHash.IsLegacy(a.TemplateHash)) ? [.. stored.Select(Approval)] : stored;

    /// <summary>What is on record of a whole namespace.</summary>
    public NamespaceSnapshot Translate(NamespaceSnapshot snapshot) => snapshot with { Changes = Changes(snapshot.Changes), Votes = Approvals(snapshot.Votes) };

    private Approval Approval(Approval stored) =>
        stored.TemplateHash is { } hash && TemplateHash.IsLegacy(hash)
            ? stored with { TemplateHash = Translate(stored.Workload, hash, null) }
            : stored;

    /// <summary>
    /// What is live comes first: version 1 left more out, so that several templates of today may share its hash, and what a request asks
    /// for must not pass for what was seen. Unknown hashes stay as they are.
    /// </summary>
    private string Translate(WorkloadRef workload, string legacy, string? owned)
    {
        var alike = known(workload).Where(k => k.LegacyHash == legacy).ToList();
        if (before?.Ref == workload && before.Template.LegacyHash == legacy)
        {
            alike.Add(new KnownTemplate("", legacy, before.Template.Hash));
        }

        var asked = after?.Ref == workload && after.Template.LegacyHash == legacy ? after.Template.Hash : null;
        return alike.FirstOrDefault(k => k.IsCurrent)?.Hash
            ?? alike.FirstOrDefault(k => owned is not null && k.Name == owned)?.Hash
            ?? alike.FirstOrDefault(k => k.Hash == asked)?.Hash
            ?? alike.FirstOrDefault()?.Hash
            ?? asked
            ?? legacy;
    }
}

/// <summary>A template that is there now, or was when a record was hashed again, by both of its hashes.</summary>
/// <param name="Name">Of the ReplicaSet or ControllerRevision that holds it; empty where none is known.</param>
/// <param name="IsCurrent">It is what the workload's spec says.</param>
internal sealed record KnownTemplate(string Name, string LegacyHash, string Hash, bool IsCurrent = false)
{
    public static IEnumerable<KnownTemplate> Live(ObservedWorkload? workload, ClusterCaches caches) => workload is null ? [] :
        Of(workload, LiveHistory.Of(workload, caches));

    public static IEnumerable<KnownTemplate> Of(ObservedWorkload workload, IEnumerable<OwnedRevision> history) =>
        history.Select(r => new KnownTemplate(r.Name, r.LegacyHash, r.TemplateHash))
            .Prepend(new KnownTemplate("", workload.Spec.Template.LegacyHash, workload.TemplateHash, IsCurrent: true));

    /// <summary>From records that were hashed again.</summary>
    public static IEnumerable<KnownTemplate> Recorded(IEnumerable<Change> changes) =>
        changes.SelectMany(c => c.LegacyHash is { } legacy && !TemplateHash.IsLegacy(c.TemplateHash)
            ? (KnownTemplate[])[new KnownTemplate(c.OwnedRevision ?? "", legacy, c.TemplateHash)]
            : []);
}

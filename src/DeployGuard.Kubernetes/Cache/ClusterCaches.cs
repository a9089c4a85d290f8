using System.Text.Json;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>Caches of all watched resources. They run from the start, and decisions wait until every one is in sync.</summary>
internal sealed class ClusterCaches(ApiConnection api, WorkloadReader reader, TextPool texts, TimeProvider time, ILogger logger)
{
    public ClusterCaches(ApiConnection api, WorkloadReader reader, TimeProvider time, ILogger logger)
        : this(api, reader, new TextPool(), time, logger) { }

    /// <summary>Reads every workload, cached or live, so that all hash alike.</summary>
    public WorkloadReader Reader => reader;

    /// <summary>Today's hashes for records and votes of version 0.2, from what is cached.</summary>
    public HashTranslation Translation =>
        field ??= new HashTranslation(workload =>
            LiveTemplates.Of(FindWorkload(workload), this).Concat(KnownTemplate.Recorded(Changes.Under(WorkloadKey(workload))))
        );

    public ResourceCache<PolicyEntry> Policies { get; } =
        new("safeguardpolicies", At(ApiPaths.Policies), PolicyEntry.Read, null, api, time, logger);

    /// <summary>The policies, sorted once when they change.</summary>
    public PolicyList SortedPolicies
    {
        get
        {
            var source = Policies.All();
            return field is { } known && ReferenceEquals(known.Source, source) ? known : field = new PolicyList(source);
        }
    }

    public ResourceCache<Approval> Approvals { get; } =
        new(
            "changeapprovals",
            At(ApiPaths.AllApprovals),
            StoredVotes.Approval,
            a => [WorkloadKey(a.Workload), a.Workload.Namespace],
            api,
            time,
            logger
        );

    public ResourceCache<BreakGlass> BreakGlasses { get; } =
        new("breakglasses", At(ApiPaths.AllBreakGlasses), StoredVotes.BreakGlass, g => [g.Namespace], api, time, logger);

    public ResourceCache<Change> Changes { get; } =
        new(
            "changes",
            At(ApiPaths.AllChanges),
            item => SlimChange.Of(ChangeReader.ReadOrNull(item), texts),
            ChangeIndex.KeysOf,
            api,
            time,
            logger
        );

    public ResourceCache<NamespaceEntry> Namespaces { get; } =
        new("namespaces", At(ApiPaths.Namespaces), NamespaceEntry.Read, null, api, time, logger);

    public ResourceCache<ObservedRevision> ControllerRevisions { get; } =
        new(
            "controllerrevisions",
            At(ApiPaths.ControllerRevisions),
            item => ObservedRevision.Read(item, reader, texts),
            r => [r.Namespace, OwnedKey(r.Namespace, r.ControllerUid)],
            api,
            time,
            logger
        );

    public PodCaches Pods { get; } = new(api, reader, texts, time, logger);

    public ResourceCache<ServiceEntry> Services { get; } =
        new("services", At(ApiPaths.Services), ServiceEntry.Read, s => [s.Namespace], api, time, logger);

    /// <summary>By the name of their kind. Pods are too many to be held with the rest: see <see cref="Pods"/>.</summary>
    public IReadOnlyDictionary<string, ResourceCache<ObservedWorkload>> Workloads { get; } =
        BuiltInKinds
            .All.Where(k => k is { IsBuiltInWorkload: true, IsOnePod: false })
            .ToDictionary(
                k => k.Name,
                k =>
                    Workload(k, k.RunsOnSchedule ? cancel => LocateCronJobsAsync(api, cancel) : AtKind(k), api, reader, texts, time, logger)
            );

    /// <summary>The cache of a workload's kind; null if the kind is not watched. Another group may have a kind of the same name.</summary>
    public ResourceCache<ObservedWorkload>? WorkloadsOf(WorkloadRef workload) =>
        workload.Type.IsBuiltInWorkload ? Workloads.GetValueOrDefault(workload.Kind) : null;

    /// <summary>A cached workload; null if it does not exist, or its kind is not watched.</summary>
    public ObservedWorkload? FindWorkload(WorkloadRef workload) =>
        WorkloadsOf(workload)?.Find(ObjectKey.Of(workload.Namespace, workload.Name));

    public IEnumerable<IResourceCache> All =>
        [Policies, Approvals, BreakGlasses, Changes, Namespaces, Services, ControllerRevisions, .. Workloads.Values];

    /// <summary>The policies whose namespace selector matches a namespace, whatever else they select by.</summary>
    public IReadOnlyList<SafeguardPolicy> PoliciesOf(string @namespace) =>
        Namespaces.Find(ObjectKey.Of("", @namespace)) is { } found
            ? [.. SortedPolicies.All.Where(p => p.Match.IncludesNamespace(found.Labels))]
            : [];

    /// <summary>The Changes that a vote is about, whichever version of the hash it names.</summary>
    public IEnumerable<Change> ChangesVotedOn(Approval vote)
    {
        var translated = Translation.Approvals([vote])[0];
        return Changes.Under(WorkloadKey(vote.Workload)).Where(c => StandingVotes.IsAbout(vote, c) || StandingVotes.IsAbout(translated, c));
    }

    public static string WorkloadKey(WorkloadRef workload) => $"{workload.ApiGroup}/{workload.Kind}/{workload.Namespace}/{workload.Name}";

    /// <summary>
    /// The key of objects that a controller created for a workload. It contains the namespace, because an object in another namespace may
    /// name any owner.
    /// </summary>
    public static string OwnedKey(string @namespace, string uid) => $"{@namespace}/{uid}";

    /// <summary>The ReplicaSets or Jobs that name a workload as their controller.</summary>
    public IReadOnlyList<ObservedWorkload> OwnedBy(ObservedWorkload owner, WorkloadKind kind) =>
        Workloads[kind.Name].Under(OwnedKey(owner.Ref.Namespace, owner.Uid));

    /// <summary>The ControllerRevisions that name a workload as their controller.</summary>
    public IReadOnlyList<ObservedRevision> RevisionsOf(ObservedWorkload owner) =>
        ControllerRevisions.Under(OwnedKey(owner.Ref.Namespace, owner.Uid));

    /// <summary>Calls back after every change of a cache that the leader acts on.</summary>
    public void OnChange(Action changed)
    {
        Policies.Changed += changed;
        Approvals.Changed += changed;
        Changes.Changed += changed;
        Namespaces.Changed += changed;
        foreach (var cache in Workloads.Values)
        {
            cache.Changed += changed;
        }
    }

    /// <summary>Names of the namespaces in which a policy requires a canary, in any mode.</summary>
    public IReadOnlySet<string> WithCanary()
    {
        var policies = SortedPolicies.All.Where(p => p.Canary is { Required: not Required.Never }).ToList();
        return policies.Count == 0
            ? new HashSet<string>()
            : Namespaces
                .All()
                .Where(n => !n.Ends && policies.Any(p => p.Match.IncludesNamespace(n.Labels)))
                .Select(n => n.Name)
                .ToHashSet();
    }

    /// <summary>Whether a policy names a Secret of DeployGuard's own namespace.</summary>
    public bool NamesSecrets() =>
        SortedPolicies.All.Any(p =>
            p.SignedOrigin is { } signed
            && (signed.Keys.Any(k => k.Secret is not null) || signed.Registries.Any(r => r.PullSecret is not null))
        );

    private static Func<CancellationToken, ValueTask<string>> At(string path) => _ => ValueTask.FromResult(path);

    private static Func<CancellationToken, ValueTask<string>> AtKind(WorkloadKind kind) =>
        At($"{(kind.ApiGroup.Length == 0 ? "api" : "apis")}/{kind.ApiVersion}/{kind.Resource}");

    /// <summary>Servers before 1.21 have CronJobs in v1beta1 alone.</summary>
    private static async ValueTask<string> LocateCronJobsAsync(ApiConnection api, CancellationToken cancel)
    {
        using var batch = await api.GetAsync(ApiPaths.Batch, cancel);
        var isStable = batch.RootElement.GetProperty("resources").EnumerateArray().Any(r => r.GetProperty("name").ValueEquals("cronjobs"));
        return isStable ? ApiPaths.CronJobs : ApiPaths.CronJobsBeta;
    }

    private static ResourceCache<ObservedWorkload> Workload(
        WorkloadKind kind,
        Func<CancellationToken, ValueTask<string>> locate,
        ApiConnection api,
        WorkloadReader reader,
        TextPool texts,
        TimeProvider time,
        ILogger logger
    ) =>
        new(
            kind.Resource,
            locate,
            item => ObservedWorkload.Read(item, kind.ApiVersion, kind.Name, reader, texts),
            w => w.ControllerUid.Length > 0 ? [w.Ref.Namespace, OwnedKey(w.Ref.Namespace, w.ControllerUid)] : [w.Ref.Namespace],
            api,
            time,
            logger
        );
}

/// <summary>A Service with its namespace.</summary>
internal sealed record ServiceEntry(string Namespace, Service Service)
{
    public static ServiceEntry Read(JsonElement item) =>
        new(item.GetProperty("metadata").GetProperty("namespace").GetString() ?? "", WorkloadReader.ReadService(item));
}

/// <summary>A policy, and the namespaces whose workloads were adopted under it.</summary>
/// <param name="AdoptedServing">
/// By namespace, the pods without an owner that were adopted; not for namespaces that only a former version adopted.
/// </param>
internal sealed record PolicyEntry(
    SafeguardPolicy Policy,
    IReadOnlyList<string> Adopted,
    IReadOnlyDictionary<string, AdoptedPods> AdoptedServing
)
{
    /// <summary>Whether the stored object names its mode.</summary>
    public bool NamesMode { get; init; } = true;

    /// <summary>What its status shows of it.</summary>
    public PolicySummary Summary { get; init; } = PolicySummary.Empty;

    /// <summary>Since when its spec is certain to be as it is: since its creation, if it was never changed; otherwise null.</summary>
    public DateTimeOffset? UnchangedSince { get; init; }

    public static PolicyEntry Read(JsonElement item)
    {
        var metadata = item.GetProperty("metadata");
        List<JsonElement> adopted = [.. (item.Member("status") ?? default).Items("adopted")];
        return new PolicyEntry(
            PolicyReader.Read(item),
            [.. adopted.Select(a => a.GetProperty("namespace").GetString() ?? "")],
            adopted
                .Where(a => a.TryGetProperty("servingAt", out _))
                .GroupBy(a => a.GetProperty("namespace").GetString() ?? "")
                .ToDictionary(g => g.Key, g => ReadServing(g.First()))
        )
        {
            NamesMode = NamedMode.Of(item) is not null,
            Summary = PolicySummary.Read(item.Member("status") ?? default),
            UnchangedSince = metadata.Number("generation") == 1 ? metadata.Time("creationTimestamp") : null,
        };
    }

    private static AdoptedPods ReadServing(JsonElement adopted) =>
        new(adopted.Time("servingAt") ?? DateTimeOffset.UnixEpoch, adopted.Items("pods").Select(p => p.GetString() ?? "").ToHashSet());
}

/// <param name="Ends">The namespace is being deleted.</param>
internal sealed record NamespaceEntry(string Name, IReadOnlyDictionary<string, string> Labels, bool Ends)
{
    public DateTimeOffset? CreatedAt { get; init; }

    public static NamespaceEntry Read(JsonElement item)
    {
        var metadata = item.GetProperty("metadata");
        return new NamespaceEntry(
            metadata.GetProperty("name").GetString() ?? "",
            metadata.Texts("labels"),
            metadata.TryGetProperty("deletionTimestamp", out _)
        )
        {
            CreatedAt = metadata.Time("creationTimestamp"),
        };
    }
}

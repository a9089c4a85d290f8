using System.Text.Json;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Changes;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>Everything that is watched. All caches run from the start; decisions wait until every one is in sync.</summary>
internal sealed class ClusterCaches(ApiConnection api, WorkloadReader reader, TimeProvider time, ILogger logger)
{
    private const string OwnGroup = "apis/deployguard.io/v1alpha1/";

    /// <summary>Reads every workload, cached or live, so that all hash alike.</summary>
    public WorkloadReader Reader => reader;

    public ResourceCache<PolicyEntry> Policies { get; } =
        new("safeguardpolicies", At($"{OwnGroup}safeguardpolicies"), PolicyEntry.Read, null, api, time, logger);

    public ResourceCache<Approval> Approvals { get; } =
        new("changeapprovals", At($"{OwnGroup}changeapprovals"), StoredVotes.Approval, a => [WorkloadKey(a.Workload), a.Workload.Namespace], api, time, logger);

    public ResourceCache<BreakGlass> BreakGlasses { get; } =
        new("breakglasses", At($"{OwnGroup}breakglasses"), StoredVotes.BreakGlass, g => [g.Namespace], api, time, logger);

    public ResourceCache<Change> Changes { get; } =
        new("changes", At($"{OwnGroup}changes"), ChangeJson.ReadOrNull, c => [WorkloadKey(c.Workload), c.Workload.Namespace], api, time, logger);

    public ResourceCache<NamespaceEntry> Namespaces { get; } =
        new("namespaces", At("api/v1/namespaces"), NamespaceEntry.Read, null, api, time, logger);

    public ResourceCache<ObservedRevision> ControllerRevisions { get; } =
        new("controllerrevisions", At("apis/apps/v1/controllerrevisions"), item => ObservedRevision.Read(item, reader), r => [OwnedKey(r.Namespace, r.ControllerUid)], api, time, logger);

    public PodCaches Pods { get; } = new(api, reader, time, logger);

    public ResourceCache<ServiceEntry> Services { get; } =
        new("services", At("api/v1/services"), ServiceEntry.Read, s => [s.Namespace], api, time, logger);

    public IReadOnlyDictionary<string, ResourceCache<ObservedWorkload>> Workloads { get; } = new Dictionary<string, ResourceCache<ObservedWorkload>>
    {
        ["Deployment"] = Workload("deployments", At("apis/apps/v1/deployments"), "apps/v1", "Deployment", api, reader, time, logger),
        ["StatefulSet"] = Workload("statefulsets", At("apis/apps/v1/statefulsets"), "apps/v1", "StatefulSet", api, reader, time, logger),
        ["DaemonSet"] = Workload("daemonsets", At("apis/apps/v1/daemonsets"), "apps/v1", "DaemonSet", api, reader, time, logger),
        ["ReplicaSet"] = Workload("replicasets", At("apis/apps/v1/replicasets"), "apps/v1", "ReplicaSet", api, reader, time, logger),
        ["ReplicationController"] = Workload("replicationcontrollers", At("api/v1/replicationcontrollers"), "v1", "ReplicationController", api, reader, time, logger),
        ["Job"] = Workload("jobs", At("apis/batch/v1/jobs"), "batch/v1", "Job", api, reader, time, logger),
        ["CronJob"] = Workload("cronjobs", cancel => LocateCronJobsAsync(api, cancel), "batch/v1", "CronJob", api, reader, time, logger),
    };

    /// <summary>The cache of a workload's kind; null where it is not watched. Another group may have a kind of the same name.</summary>
    public ResourceCache<ObservedWorkload>? WorkloadsOf(WorkloadRef workload) =>
        WorkloadKinds.BuiltIn.TemplatePath(workload.ApiGroup, workload.Kind) is null ? null : Workloads.GetValueOrDefault(workload.Kind);

    /// <summary>A workload as it is cached; null where it does not exist, or its kind is not watched.</summary>
    public ObservedWorkload? FindWorkload(WorkloadRef workload) => WorkloadsOf(workload)?.Find(ObjectKey.Of(workload.Namespace, workload.Name));

    public IEnumerable<IResourceCache> All => [Policies, Approvals, BreakGlasses, Changes, Namespaces, Services, ControllerRevisions, .. Workloads.Values];

    /// <summary>The policies whose namespace selector matches a namespace now, whatever else they match by.</summary>
    public IReadOnlyList<SafeguardPolicy> PoliciesOf(string @namespace) => Namespaces.Find(ObjectKey.Of("", @namespace)) is { } found
        ? [.. Policies.All().Select(p => p.Policy).Where(p => p.Match.IncludesNamespace(found.Labels))]
        : [];

    public static string WorkloadKey(WorkloadRef workload) => $"{workload.ApiGroup}/{workload.Kind}/{workload.Namespace}/{workload.Name}";

    /// <summary>What a controller made for a workload is found by this key, in its own namespace alone: whoever writes to another may name any owner there.</summary>
    public static string OwnedKey(string @namespace, string uid) => $"{@namespace}/{uid}";

    /// <summary>The ReplicaSets or Jobs that name a workload as their controller.</summary>
    public IReadOnlyList<ObservedWorkload> OwnedBy(ObservedWorkload owner, string kind) => Workloads[kind].Under(OwnedKey(owner.Ref.Namespace, owner.Uid));

    /// <summary>The ControllerRevisions that name a workload as their controller.</summary>
    public IReadOnlyList<ObservedRevision> RevisionsOf(ObservedWorkload owner) => ControllerRevisions.Under(OwnedKey(owner.Ref.Namespace, owner.Uid));

    /// <summary>Raised when anything that the leader acts on changed.</summary>
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

    /// <summary>Names of the namespaces in which some policy asks for a canary, whatever its mode.</summary>
    public IReadOnlySet<string> WithCanary()
    {
        var asking = Policies.All().Select(p => p.Policy).Where(p => p.Canary is { Required: not Required.Never }).ToList();
        return asking.Count == 0 ? new HashSet<string>() : Namespaces.All().Where(n => !n.Ends && asking.Any(p => p.Match.IncludesNamespace(n.Labels))).Select(n => n.Name).ToHashSet();
    }

    private static Func<CancellationToken, ValueTask<string>> At(string path) => _ => ValueTask.FromResult(path);

    /// <summary>Servers before 1.21 have CronJobs in v1beta1 alone.</summary>
    private static async ValueTask<string> LocateCronJobsAsync(ApiConnection api, CancellationToken cancel)
    {
        using var batch = await api.GetAsync("apis/batch/v1", cancel);
        var isStable = batch.RootElement.GetProperty("resources").EnumerateArray().Any(r => r.GetProperty("name").ValueEquals("cronjobs"));
        return isStable ? "apis/batch/v1/cronjobs" : "apis/batch/v1beta1/cronjobs";
    }

    private static ResourceCache<ObservedWorkload> Workload(
        string name, Func<CancellationToken, ValueTask<string>> locate, string apiVersion, string kind, ApiConnection api, WorkloadReader reader, TimeProvider time, ILogger logger) =>
        new(name, locate, item => ObservedWorkload.Read(item, apiVersion, kind, reader), w => w.ControllerUid.Length > 0 ? [w.Ref.Namespace, OwnedKey(w.Ref.Namespace, w.ControllerUid)] : [w.Ref.Namespace], api, time, logger);
}

/// <summary>A Service with its namespace.</summary>
internal sealed record ServiceEntry(string Namespace, Service Service)
{
    public static ServiceEntry Read(JsonElement item) =>
        new(item.GetProperty("metadata").GetProperty("namespace").GetString() ?? "", WorkloadReader.ReadService(item));
}

/// <summary>A policy, and the namespaces whose workloads were adopted under it.</summary>
/// <param name="AdoptedServing">When what served there without an owner was adopted too; not of namespaces that only a former version adopted.</param>
internal sealed record PolicyEntry(SafeguardPolicy Policy, IReadOnlyList<string> Adopted, IReadOnlyDictionary<string, AdoptedPods> AdoptedServing)
{
    public static PolicyEntry Read(JsonElement item)
    {
        List<JsonElement> adopted = item.TryGetProperty("status", out var status) && status.ValueKind is JsonValueKind.Object
            && status.TryGetProperty("adopted", out var list) && list.ValueKind is JsonValueKind.Array
                ? [.. list.EnumerateArray()]
                : [];
        return new PolicyEntry(
            PolicyReader.Read(item),
            [.. adopted.Select(a => a.GetProperty("namespace").GetString() ?? "")],
            adopted.Where(a => a.TryGetProperty("servingAt", out _)).GroupBy(a => a.GetProperty("namespace").GetString() ?? "")
                .ToDictionary(g => g.Key, g => ReadServing(g.First())));
    }

    private static AdoptedPods ReadServing(JsonElement adopted) => new(
        adopted.GetProperty("servingAt").TryGetDateTimeOffset(out var at) ? at : DateTimeOffset.UnixEpoch,
        adopted.TryGetProperty("pods", out var pods) && pods.ValueKind is JsonValueKind.Array ? pods.EnumerateArray().Select(p => p.GetString() ?? "").ToHashSet() : []);
}

/// <param name="Ends">It is being deleted.</param>
internal sealed record NamespaceEntry(string Name, IReadOnlyDictionary<string, string> Labels, bool Ends)
{
    public static NamespaceEntry Read(JsonElement item)
    {
        var metadata = item.GetProperty("metadata");
        var labels = metadata.TryGetProperty("labels", out var map) && map.ValueKind is JsonValueKind.Object
            ? map.EnumerateObject().ToDictionary(l => l.Name, l => l.Value.GetString() ?? "")
            : [];
        return new NamespaceEntry(metadata.GetProperty("name").GetString() ?? "", labels, metadata.TryGetProperty("deletionTimestamp", out _));
    }
}

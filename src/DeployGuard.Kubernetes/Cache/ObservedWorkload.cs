using System.Globalization;
using System.Text.Json;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>The fields of a live workload that decisions need, a few kilobytes.</summary>
internal sealed record ObservedWorkload
{
    private const int DefaultHistoryLimit = 10;

    private static readonly JsonSerializerOptions s_anyDepth = new() { MaxDepth = ObjectDepth.Parsed };

    public required Workload Spec { get; init; }

    public WorkloadRef Ref => Spec.Ref;

    public string Uid => Spec.Uid;

    /// <summary>Uid of the controlling owner; empty if there is none.</summary>
    public string ControllerUid => Spec.ControllerUid ?? "";

    public string TemplateHash => Spec.Template.Hash;

    /// <summary>
    /// The hash to compare with a recorded one. A Pod does not say whether its author or the scheduler chose its node, so both count.
    /// </summary>
    public string HashLike(string recorded) => Spec.Template.UnboundHash == recorded ? recorded : TemplateHash;

    public IReadOnlyList<string> Images => Spec.Template.ImageNames;

    /// <summary>As Core uses it.</summary>
    public required LiveWorkload Live { get; init; }

    /// <summary>Old revisions that its controller keeps; 10 if it does not say.</summary>
    public required int HistoryLimit { get; init; }

    /// <summary>Its controller has seen the newest spec.</summary>
    public required bool IsObserved { get; init; }

    /// <summary>All desired pods, at least one, run its template and are available; a Job has succeeded.</summary>
    public required bool IsComplete { get; init; }

    /// <summary>Its rollout is not in progress: paused, held at a partition, or past its deadline.</summary>
    public required bool IsAtRest { get; init; }

    /// <summary>As a revision of its owner, for a ReplicaSet. Decisions ask for it often.</summary>
    public OwnedRevision AsRevision => field ??= KeptRevisions.Owned(this);

    /// <exception cref="MalformedObjectException">It is not a workload.</exception>
    /// <param name="texts">Shares the texts with other objects; null to share none.</param>
    public static ObservedWorkload Read(JsonElement item, string apiVersion, string kind, WorkloadReader reader, TextPool? texts = null)
    {
        // Items of a list have no type of their own.
        var workload = reader.Read(WithType(item, apiVersion, kind));
        var status = item.Member("status") ?? default;
        var spec = item.Member("spec") ?? default;
        var observed = IsObservedBy(status, item.GetProperty("metadata").Number("generation"));
        var slim = workload.WithoutDocument(texts);
        var says = workload.Type.Status;
        return new ObservedWorkload
        {
            Spec = slim,
            Live = new LiveWorkload
            {
                Spec = slim,
                IsObserved = observed,
                Revisions = (status.Text("currentRevision") ?? "", status.Text("updateRevision") ?? ""),
                ReadyPods = (int)(says.ReadyPods.Select(f => status.Number(f)).FirstOrDefault(n => n is not null) ?? 0),
                UpdatedPods = (int)(status.Number(says.UpdatedPods) ?? 0),
            },
            HistoryLimit = (int)(spec.Number("revisionHistoryLimit") ?? DefaultHistoryLimit),
            IsObserved = observed,
            IsComplete = observed && says.IsComplete(status, workload.Replicas),
            IsAtRest = workload.Strategy.Paused || (observed && (IsHeldByPartition(workload, status) || HasGivenUp(workload, status))),
        };
    }

    /// <summary>
    /// A status without an observed generation counts, because some kinds write none. Argo Rollouts write the number as a string. A value
    /// that is no number proves nothing, so the status may describe a former template.
    /// </summary>
    private static bool IsObservedBy(JsonElement status, long? generation) =>
        status.Member("observedGeneration") is not { ValueKind: not JsonValueKind.Null }
        || (
            status.Number("observedGeneration")
            ?? (
                long.TryParse(status.Text("observedGeneration"), NumberStyles.None, CultureInfo.InvariantCulture, out var read)
                    ? read
                    : null
            )
        )
            is { } seen
            && !(seen < generation);

    private static bool IsHeldByPartition(Workload workload, JsonElement status) =>
        workload.Type.HasPartition
        && workload.Strategy.Partition is > 0 and var partition
        && status.Number("updatedReplicas") >= workload.Replicas - partition
        && status.Number("readyReplicas") == workload.Replicas;

    private static bool HasGivenUp(Workload workload, JsonElement status) =>
        workload.Type.InPlace is { HasProgressDeadline: true }
        && status
            .Items("conditions")
            .Any(c => c.GetProperty("type").ValueEquals("Progressing") && c.Text("reason") == "ProgressDeadlineExceeded");

    public static JsonElement WithType(JsonElement item, string apiVersion, string kind)
    {
        if (item.TryGetProperty("kind", out _))
        {
            return item;
        }

        var typed = new Dictionary<string, JsonElement>(item.EnumerateObject().Select(p => KeyValuePair.Create(p.Name, p.Value)))
        {
            ["apiVersion"] = JsonSerializer.SerializeToElement(apiVersion),
            ["kind"] = JsonSerializer.SerializeToElement(kind),
        };
        return JsonSerializer.SerializeToElement(typed, s_anyDepth);
    }
}

/// <summary>A ControllerRevision: a revision that a StatefulSet or DaemonSet can be rolled back to.</summary>
/// <param name="Number">Grows with every revision of its owner.</param>
/// <param name="PodLabel">The value of <c>controller-revision-hash</c> on its pods.</param>
internal sealed record ObservedRevision(
    string Name,
    string ControllerUid,
    string TemplateHash,
    IReadOnlyList<string> Images,
    long Number,
    string PodLabel
)
{
    public string Uid { get; init; } = "";

    public string Namespace { get; init; } = "";

    /// <summary>The template of its pods, without its content.</summary>
    public required PodTemplate Template { get; init; }

    /// <summary>As Core uses it.</summary>
    /// <param name="owner">Its claims count in the hash; null if it is not known.</param>
    public LiveRevision Live(ObservedWorkload? owner) =>
        new(Name, ControllerUid, Template, Number, PodLabel)
        {
            Uid = Uid,
            TemplateHash = owner is null ? TemplateHash : Under(owner).TemplateHash,
        };

    /// <summary>The hash of its template in version 0.2.</summary>
    public string LegacyHash { get; init; } = "";

    /// <summary>Its restart annotations, where its pods read them.</summary>
    public IReadOnlyDictionary<string, string> RestartTimes { get; init; } = new Dictionary<string, string>();

    /// <summary>The same with the claims of its owner in its hash: the object holds only the template.</summary>
    public ObservedRevision Under(ObservedWorkload owner) =>
        this with
        {
            TemplateHash = Core.Workloads.TemplateHash.WithClaims(TemplateHash, owner.Spec.Template.ClaimsDigest),
        };

    /// <summary>Null if it holds no pod template. Its hash is that of the template alone: see <see cref="Under"/>.</summary>
    public static ObservedRevision? Read(JsonElement item, WorkloadReader reader, TextPool? texts = null)
    {
        if (item.Member("data")?.Member("spec")?.Member("template") is not { } template)
        {
            return null;
        }

        var metadata = item.GetProperty("metadata");
        var owner = metadata.Items("ownerReferences").FirstOrDefault(o => o.IsTrue("controller"));
        var name = metadata.GetProperty("name").GetString() ?? "";
        var read = reader.ReadTemplate(template);
        var slim = read.WithoutDocument(_ => false, texts);
        return new ObservedRevision(
            name,
            owner.Text("uid") ?? "",
            read.Hash,
            read.ImageNames,
            item.Number("revision") ?? 0,
            // A StatefulSet's pods carry the revision's name.
            owner.Text("kind") == BuiltInKinds.DaemonSet.Name
                ? metadata.Member("labels")?.Text(LiveRevision.Label) ?? name
                : name
        )
        {
            Uid = metadata.Text("uid") ?? "",
            Namespace = metadata.Text("namespace") ?? "",
            Template = slim,
            LegacyHash = read.LegacyHash,
            RestartTimes = slim.RestartTimes,
        };
    }
}

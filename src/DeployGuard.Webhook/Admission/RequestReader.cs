using System.Text.Json;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Reviews;

namespace DeployGuard.Webhook.Admission;

/// <summary>Turns the wire form of a review into a request of Core.</summary>
internal sealed class RequestReader(WorkloadReader workloads)
{
    private static readonly Dictionary<string, string> s_scalable = BuiltInKinds
        .All.Where(k => k.HasScale)
        .ToDictionary(k => k.Resource, k => k.Name, StringComparer.Ordinal);

    /// <exception cref="MalformedObjectException">A required object is missing or malformed; the path begins with <c>object</c> or
    /// <c>oldObject</c>.</exception>
    public Request Read(Review review) => ReadKind(review) with { FieldManager = FieldManagerOf(review.Options) };

    private Request ReadKind(Review review)
    {
        if (review.SubResource == "scale")
        {
            return ReadScale(review);
        }

        if (review is { Group: "", Kind: "Namespace" })
        {
            return ReadNamespace(review);
        }

        if (review is { Group: "", Kind: "Service" })
        {
            return ReadService(review);
        }

        if (review is { Group: "", Kind: "Endpoints" } or { Group: "discovery.k8s.io", Kind: "EndpointSlice" })
        {
            return ReadEndpoints(review);
        }

        var target = new WorkloadRef(BuiltInKinds.CurrentGroup(review.Group), review.Kind, review.Namespace, review.Name);
        if (workloads.Kinds.TemplatePath(target.ApiGroup, target.Kind) is null)
        {
            return new OpaqueRequest(
                DiffersInMetadataOnly(review),
                review.Operation is Operation.Create ? In("object", () => WorkloadReader.ReadController(Present(review.Object))) : null
            )
            {
                Operation = review.Operation,
                Requester = review.Requester,
                DryRun = review.DryRun,
                Target = target,
            };
        }

        var after = review.Operation is Operation.Delete ? null : Workload(review, review.Object, "object");
        var before = HasBefore(review, target) ? Workload(review, review.OldObject, "oldObject", StateOf(after, review)) : null;
        return new WorkloadRequest
        {
            Operation = review.Operation,
            Requester = review.Requester,
            DryRun = review.DryRun,
            // The deletion of a collection names no object in its reviews.
            Target = (after ?? before)?.Ref ?? target,
            SubResource = review.SubResource,
            Before = before,
            After = after,
            Orphans = review.Operation is Operation.Delete && before is not null && Orphans(review.Options, before),
            IsNameGenerated =
                after is not null
                && review.Operation is Operation.Create
                && (after.HasGeneratedName || HasGeneratedName(review.Object, after.Ref.Name)),
        };
    }

    private static string FieldManagerOf(JsonElement options) =>
        options.ValueKind is JsonValueKind.Object
        && options.TryGetProperty("fieldManager", out var manager)
        && manager.ValueKind is JsonValueKind.String
            ? manager.GetString() ?? ""
            : "";

    /// <summary>Of deleted objects, only those that a controller replaces at once are read; no other could change the answer.</summary>
    private static bool HasBefore(Review review, WorkloadRef target) =>
        review.Operation is Operation.Update
        || (
            review is { Operation: Operation.Delete, OldObject.ValueKind: JsonValueKind.Object }
            && target.Type is { IsReplacedWhenDeleted: true, IsBuiltInWorkload: true }
        );

    /// <summary>As the API server decides: the options of the request, or else a finalizer of the object.</summary>
    private static bool Orphans(JsonElement options, Workload deleted) =>
        options.ValueKind is JsonValueKind.Object
        && options.TryGetProperty("orphanDependents", out var orphans)
        && orphans.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? orphans.ValueKind is JsonValueKind.True
        : options.ValueKind is JsonValueKind.Object
        && options.TryGetProperty("propagationPolicy", out var policy)
        && policy.ValueKind is JsonValueKind.String
            ? policy.GetString() == "Orphan"
        : deleted.Finalizers.Contains("orphan");

    /// <summary>Some API servers generate the name before the webhook call, some after it: generateName and five more characters.</summary>
    private static bool HasGeneratedName(JsonElement obj, string name) =>
        obj.TryGetProperty("metadata", out var metadata)
        && metadata.TryGetProperty("generateName", out var given)
        && given.ValueKind is JsonValueKind.String
        && given.GetString() is { Length: > 0 } prefix
        && name.StartsWith(prefix, StringComparison.Ordinal)
        && (name.Length == prefix.Length || name.Length == prefix.Length + 5);

    private Workload Workload(Review review, JsonElement obj, string place, ReadState? other = null)
    {
        var workload = In(place, () => workloads.Read(Present(obj), other));
        // The API server acts on the path of the request; an object may leave out its own namespace and name.
        var name = review.Name.Length > 0 ? review.Name : workload.Ref.Name;
        return workload.Ref.Namespace == review.Namespace && workload.Ref.Name == name
            ? workload
            : workload with
            {
                Ref = workload.Ref with { Namespace = review.Namespace, Name = name },
            };
    }

    private static ReadState? StateOf(Workload? after, Review review) =>
        after is null ? null : new ReadState(after, review.Object, review.SharesTemplate);

    private static ServiceRequest ReadService(Review review) =>
        new(
            review.Operation is Operation.Update ? In("oldObject", () => WorkloadReader.ReadService(Present(review.OldObject))) : null,
            review.Operation is Operation.Delete ? null : In("object", () => WorkloadReader.ReadService(Present(review.Object)))
        )
        {
            Operation = review.Operation,
            Requester = review.Requester,
            DryRun = review.DryRun,
            Target = new WorkloadRef("", "Service", review.Namespace, review.Name),
        };

    private static EndpointsRequest ReadEndpoints(Review review)
    {
        string ServiceOf(JsonElement obj, string place) =>
            In(
                place,
                () =>
                    review.Kind == "EndpointSlice"
                        ? EndpointsReader.ServiceOfSlice(Present(obj))
                        : EndpointsReader.ServiceOfEndpoints(Present(obj))
            );
        var before = review.Operation is Operation.Update ? ServiceOf(review.OldObject, "oldObject") : "";
        return new EndpointsRequest(review.Operation is Operation.Delete ? "" : ServiceOf(review.Object, "object"), before)
        {
            Operation = review.Operation,
            Requester = review.Requester,
            DryRun = review.DryRun,
            Target = new WorkloadRef(review.Group, review.Kind, review.Namespace, review.Name),
        };
    }

    private static ScaleRequest ReadScale(Review review) =>
        new(Replicas(review.OldObject, "oldObject"), Replicas(review.Object, "object"), VersionOf(review.OldObject))
        {
            Operation = review.Operation,
            Requester = review.Requester,
            DryRun = review.DryRun,
            Target = new WorkloadRef(
                BuiltInKinds.CurrentGroup(review.ResourceGroup),
                s_scalable.GetValueOrDefault(review.Resource, review.Resource),
                review.Namespace,
                review.Name
            ),
        };

    /// <summary>The request of a Namespace has no namespace, or its own name as one, depending on the version of the server.</summary>
    private static NamespaceRequest ReadNamespace(Review review) =>
        new(Labels(review.OldObject, "oldObject"), Labels(review.Object, "object"))
        {
            Operation = review.Operation,
            Requester = review.Requester,
            DryRun = review.DryRun,
            Target = new WorkloadRef("", "Namespace", "", review.Name),
        };

    private static IReadOnlyDictionary<string, string> Labels(JsonElement obj, string place) =>
        In(place, () => WorkloadReader.ReadLabels(Present(obj)));

    private static int Replicas(JsonElement scale, string place) => In(place, () => WorkloadReader.ReadScale(Present(scale)));

    /// <summary>The resourceVersion of a Scale is that of its parent.</summary>
    private static string VersionOf(JsonElement scale) => In("oldObject", () => WorkloadReader.ReadVersion(Present(scale)));

    private static JsonElement Present(JsonElement obj) =>
        obj.ValueKind is JsonValueKind.Object ? obj : throw new MalformedObjectException("", "expected an object, found none");

    private static T In<T>(string place, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (MalformedObjectException wrong)
        {
            throw wrong.Within(place);
        }
    }

    private static bool DiffersInMetadataOnly(Review review) =>
        review is { Object.ValueKind: JsonValueKind.Object, OldObject.ValueKind: JsonValueKind.Object }
        && WithoutMetadata(review.Object).Count() == WithoutMetadata(review.OldObject).Count()
        && WithoutMetadata(review.Object)
            .All(p => review.OldObject.TryGetProperty(p.Name, out var old) && JsonElement.DeepEquals(p.Value, old));

    private static IEnumerable<JsonProperty> WithoutMetadata(JsonElement obj) =>
        obj.EnumerateObject().Where(p => p.Name is not ("metadata" or "status" or "apiVersion" or "kind"));
}

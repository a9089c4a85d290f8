using DeployGuard.Core.Identities;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Admission;

/// <summary>Decides what type of change a request is, before any safeguard runs. The order of the questions matters: the first that answers wins.</summary>
internal sealed class RequestClassifier(TrustedControllers trusted)
{
    public Classification Classify(Request request, ClusterSnapshot cluster, DateTimeOffset now)
    {
        if (request.Operation is Operation.Delete)
        {
            return IsMissed(request) ? new(ChangeType.MoreExposure, "what its controller makes up for") : new(ChangeType.NothingToGuard, "a delete");
        }

        if (trusted.Trusts(request))
        {
            return new(ChangeType.NothingToGuard, "written by a trusted controller");
        }

        return request switch
        {
            OpaqueRequest { MetadataOnly: true } => new(ChangeType.NothingToGuard, "metadata alone"),
            OpaqueRequest => NotUnderstood(request.Target.Kind),
            ScaleRequest scale when scale.ReplicasAfter > scale.ReplicasBefore => new(ChangeType.MoreExposure, "more replicas"),
            ScaleRequest scale when scale.ReplicasAfter < scale.ReplicasBefore =>
                new(cluster.Parent is { } parent && IsOwnedSet(parent) ? ChangeType.MoreExposure : ChangeType.LessExposure, "fewer replicas"),
            ScaleRequest => new(ChangeType.NothingToGuard, "as many replicas as before"),
            ServiceRequest service => ClassifyService(service),
            EndpointsRequest => new(ChangeType.MoreExposure, "addresses that a Service's users are sent to"),
            NamespaceRequest => new(ChangeType.NothingToGuard, "a namespace runs nothing; its labels are judged by themselves"),
            WorkloadRequest workload => ClassifyWorkload(workload, cluster, now),
            _ => throw new InvalidOperationException($"no type of change is known for a {request.GetType().Name}"),
        };
    }

    private Classification ClassifyWorkload(WorkloadRequest request, ClusterSnapshot cluster, DateTimeOffset time)
    {
        if (request.SubResource == "status")
        {
            // Labels join a Service, through whichever path they are written.
            return request is { Before: { } was, After: { } now } && ObjectMoves.Of(was, now) is { } moved
                ? new(ChangeType.MoreExposure, moved)
                : new(ChangeType.NothingToGuard, "status alone");
        }

        var after = request.After ?? throw new InvalidOperationException($"a {request.Operation} of {request.Target} without an object");
        if (after.Template.Canonical is { HasLostText: true })
        {
            return Classification.NotUnderstood(
                Obstacle.TextNotUtf8,
                "the template has bytes that are not UTF-8, and the API server shows U+FFFD in their place: what it runs cannot be known");
        }

        if (request.Before is null && after is { Ref.Kind: "ReplicaSet", ControllerUid: null } && Workload.Proportions.Any(after.Annotations.ContainsKey))
        {
            return OtherProportions();
        }

        if (request.Before is { Ref.Kind: "ReplicaSet" } set && Workload.Proportions.Any(a => set.Annotations.GetValueOrDefault(a) != after.Annotations.GetValueOrDefault(a)))
        {
            return OtherProportions();
        }

        var isMadeAgain = request.Before is null && RevisionHistory.WentThrough(after.Template.Hash, cluster);
        // What completed under this name may be made again as it was, with the time that it was restarted at.
        if (!isMadeAgain && !Restarts.SayNow(request.Before?.Template, after.Template, cluster.History, time))
        {
            return Classification.NotUnderstood(Obstacle.RestartTime, "its pods read their annotations, and a restart annotation says another time than now");
        }

        if (request.Before is not { } before)
        {
            return isMadeAgain
                ? new(ChangeType.Rollback, "made again with a revision that completed under this name")
                : new(ChangeType.NewRevision, "a new workload");
        }

        if (RunsTheSame(before, after))
        {
            return (ExposureGrowth.Grown(before, after) ?? ObjectMoves.Of(before, after)) is { } grown ? new(ChangeType.MoreExposure, grown)
                : after.Replicas < before.Replicas ? new(IsOwnedSet(after) ? ChangeType.MoreExposure : ChangeType.LessExposure, "fewer replicas")
                : new(ChangeType.NothingToGuard, "the same template with no more reach");
        }

        if (IsScheduled(request.Requester, before, after))
        {
            return after.Replicas > 0
                ? new(ChangeType.MoreExposure, "started by a queue, with its scheduling directives") { IsScheduled = true }
                : new(ChangeType.LessExposure, "suspended by a queue, which takes its scheduling directives back");
        }

        return RevisionHistory.WentThrough(after.Template.Hash, cluster)
            ? new(ChangeType.Rollback, "back to a revision that completed")
            : new(ChangeType.NewRevision, "another template");
    }

    /// <summary>A queue starts a suspended Job, or suspends it again, and changes nothing besides but where its pods may run.</summary>
    private bool IsScheduled(Requester requester, Workload before, Workload after) =>
        after.Ref is { ApiGroup: "batch", Kind: "Job" } && trusted.Suspends(requester) && (before.Replicas == 0 || after.Replicas == 0)
        && before.OwnerReferences.SequenceEqual(after.OwnerReferences)
        && SchedulingDirectives.AreAllThatDiffers(before.Template, after.Template);

    private static Classification OtherProportions() => Classification.NotUnderstood(
        Obstacle.ScalingAnnotations,
        "only the Deployment's controller writes by which parts it scales its ReplicaSets: by others it can replace all pods at once");

    private static Classification ClassifyService(ServiceRequest request)
    {
        var after = request.After ?? throw new InvalidOperationException($"a {request.Operation} of {request.Target} without an object");
        return request.Before is { } before && RoutesTheSame(before, after)
            ? new(ChangeType.NothingToGuard, "the same pods for the same users")
            : new(ChangeType.MoreExposure, "a Service whose users may reach other pods");
    }

    private static bool RoutesTheSame(Service before, Service after) =>
        before.IsExternalName == after.IsExternalName && before.ExternalName == after.ExternalName && before.SelectorText == after.SelectorText
        && before.Ports.SequenceEqual(after.Ports)
        // What keeps nobody to a node any more, and what is not ready from users, takes nobody anywhere new; other addresses may be another Service's.
        && (before.PublishesNotReady || !after.PublishesNotReady) && (before.KeepsToNode || !after.KeepsToNode) && after.Addresses.All(before.Addresses.Contains);

    /// <summary>A controller makes up for ReplicaSets and Pods that a person deletes, and may do so with another revision.</summary>
    private static bool IsMissed(Request request) =>
        request is WorkloadRequest { Target.Kind: "ReplicaSet", SubResource: "", Before: not null, Requester.IsControlPlane: false }
            or WorkloadRequest { Target.Kind: "Pod", SubResource: "", Before.ControllerUid: not null, Requester.IsControlPlane: false };

    /// <summary>A Deployment makes up for pods that are taken from one of its ReplicaSets.</summary>
    private static bool IsOwnedSet(Workload workload) => workload is { Ref.Kind: "ReplicaSet", ControllerUid: not null };

    /// <summary>
    /// A pod's spec grows by what schedulers and kubelets write; what it runs is its images. Injectors had their turn when it was created, so that
    /// its annotations bring it no image any more. For all other kinds the whole template counts; other images are asked first, because they
    /// settle it without a hash.
    /// </summary>
    private static bool RunsTheSame(Workload before, Workload after) => after.Ref.Kind == "Pod"
        ? InSpec(before.Template.Images).SequenceEqual(InSpec(after.Template.Images))
        : before.Template.Images.SequenceEqual(after.Template.Images) && before.Template.Hash == after.Template.Hash;

    private static IEnumerable<ImageUse> InSpec(IReadOnlyList<ImageUse> images) => images.Where(i => i.InjectedBy is null);

    private static Classification NotUnderstood(string kind) => kind == "ControllerRevision"
        ? Classification.NotUnderstood(
            Obstacle.ControllerRevision, "only controllers write ControllerRevisions: one made by hand can make a StatefulSet run a template that was never evaluated")
        : Classification.NotUnderstood(Obstacle.NoTemplatePath, $"DeployGuard is registered for {kind} but has no path to its pod template");
}

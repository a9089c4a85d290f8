using DeployGuard.Core.Identities;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Admission;

/// <summary>
/// Decides the type of change of a request, before any safeguard runs. The order of the checks matters: the first that matches decides.
/// </summary>
internal sealed class RequestClassifier(TrustedControllers trusted)
{
    public Classification Classify(Request request, ClusterSnapshot cluster, DateTimeOffset now)
    {
        if (request.Operation is Operation.Delete)
        {
            return IsReplaced(request)
                ? new(ChangeType.MoreExposure, "its controller will replace it")
                : new(ChangeType.NothingToGuard, "a delete");
        }

        if (trusted.Trusts(request))
        {
            return request is WorkloadRequest { Before: { Type.HoldsOneRevision: true, Replicas: 0 }, After.Replicas: > 0 }
                ? new(ChangeType.KeptRevision, "its controller gives it pods")
                : new(ChangeType.NothingToGuard, "written by a trusted controller");
        }

        return request switch
        {
            OpaqueRequest { MetadataOnly: true } => new(ChangeType.NothingToGuard, "metadata only"),
            OpaqueRequest => NotUnderstood(request.Target),
            ScaleRequest scale when scale.ReplicasAfter > scale.ReplicasBefore => new(ChangeType.MoreExposure, "more replicas"),
            ScaleRequest scale when scale.ReplicasAfter < scale.ReplicasBefore => new(
                cluster.Parent is { } parent && IsOwnedSet(parent) ? ChangeType.MoreExposure : ChangeType.LessExposure,
                "fewer replicas"
            ),
            ScaleRequest => new(ChangeType.NothingToGuard, "the same number of replicas"),
            ServiceRequest service => ClassifyService(service),
            EndpointsRequest => new(ChangeType.MoreExposure, "addresses of a Service"),
            NamespaceRequest => new(ChangeType.NothingToGuard, "a namespace runs nothing; its labels are evaluated separately"),
            WorkloadRequest workload => ClassifyWorkload(workload, cluster, now),
            _ => throw new InvalidOperationException($"no type of change is known for a {request.GetType().Name}"),
        };
    }

    private Classification ClassifyWorkload(WorkloadRequest request, ClusterSnapshot cluster, DateTimeOffset time)
    {
        if (
            request is { Before: { Type.IsOnePod: true } pod, After: { } relabelled }
            && RevisionLabelOf(pod) != RevisionLabelOf(relabelled)
        )
        {
            return Classification.NotUnderstood(
                Obstacle.RevisionLabel,
                $"only its controller writes a pod's label {LiveRevision.Label}: with another value the pod would count for "
                    + "another revision"
            );
        }

        if (request.SubResource == "status")
        {
            // A pod's labels decide which Services select it, also if they are written through the status.
            return request is { Before: { } was, After: { } now } && ObjectMoves.Of(was, now) is { } moved
                ? new(ChangeType.MoreExposure, moved)
                : new(ChangeType.NothingToGuard, "status only");
        }

        var after = request.After ?? throw new InvalidOperationException($"a {request.Operation} of {request.Target} without an object");
        if (after.Template.HasLostText)
        {
            return Classification.NotUnderstood(
                Obstacle.TextNotUtf8,
                "the template has bytes that are not UTF-8, and the API server shows U+FFFD instead: the template cannot be evaluated"
            );
        }

        if (
            request.Before is null
            && after is { Type.HoldsOneRevision: true, ControllerUid: null }
            && Workload.ProportionAnnotations.Any(after.Annotations.ContainsKey)
        )
        {
            return ScalingAnnotationsChanged();
        }

        if (
            request.Before is { Type.HoldsOneRevision: true } set
            && Workload.ProportionAnnotations.Any(a => set.Annotations.GetValueOrDefault(a) != after.Annotations.GetValueOrDefault(a))
        )
        {
            return ScalingAnnotationsChanged();
        }

        var isMadeAgain = request.Before is null && RevisionHistory.HasCompletedRevision(after.Template.Hash, cluster);
        // A revision that completed under this name may be created again unchanged, with the time of its last restart.
        if (!isMadeAgain && !Restarts.HaveValidTimes(request.Before?.Template, after.Template, cluster.History, time))
        {
            return Classification.NotUnderstood(
                Obstacle.RestartTime,
                "its pods read their annotations, and a restart annotation has another time than now"
            );
        }

        if (request.Before is not { } before)
        {
            return isMadeAgain
                ? new(ChangeType.Rollback, "created again with a revision that completed under this name")
                : new(ChangeType.NewRevision, "a new workload");
        }

        if (RunsTheSame(before, after))
        {
            return (ExposureGrowth.GrowthOf(before, after) ?? ObjectMoves.Of(before, after)) is { } grown
                    ? new(ChangeType.MoreExposure, grown)
                : after.Replicas < before.Replicas
                    ? new(IsOwnedSet(after) ? ChangeType.MoreExposure : ChangeType.LessExposure, "fewer replicas")
                : new(ChangeType.NothingToGuard, "the same template, no more exposure");
        }

        if (IsScheduled(request.Requester, before, after))
        {
            return after.Replicas > 0
                ? new(ChangeType.MoreExposure, "started by a queue, with its scheduling directives") { IsScheduled = true }
                : new(ChangeType.LessExposure, "suspended by a queue, which removes its scheduling directives");
        }

        return RevisionHistory.HasCompletedRevision(after.Template.Hash, cluster)
            ? new(ChangeType.Rollback, "back to a revision that completed")
            : new(ChangeType.NewRevision, "another template");
    }

    /// <summary>A queue starts a suspended Job, or suspends it again, and otherwise changes only where its pods may run.</summary>
    private bool IsScheduled(Requester requester, Workload before, Workload after) =>
        after.Type.IsStartedByQueues
        && trusted.Suspends(requester)
        && (before.Replicas == 0 || after.Replicas == 0)
        && before.OwnerReferences.SequenceEqual(after.OwnerReferences)
        && SchedulingDirectives.AreOnlyDifference(before.Template, after.Template);

    private static string? RevisionLabelOf(Workload pod) => pod.Template.Labels.GetValueOrDefault(LiveRevision.Label);

    private static Classification ScalingAnnotationsChanged() =>
        Classification.NotUnderstood(
            Obstacle.ScalingAnnotations,
            "only the Deployment controller writes the annotations that scale its ReplicaSets: other values could replace all pods at once"
        );

    private static Classification ClassifyService(ServiceRequest request)
    {
        var after = request.After ?? throw new InvalidOperationException($"a {request.Operation} of {request.Target} without an object");
        return request.Before is { } before && RoutesTheSame(before, after)
            ? new(ChangeType.NothingToGuard, "the same pods for the same users")
            : new(ChangeType.MoreExposure, "a Service whose users may reach other pods");
    }

    private static bool RoutesTheSame(Service before, Service after) =>
        before.IsExternalName == after.IsExternalName
        && before.ExternalName == after.ExternalName
        && before.SelectorText == after.SelectorText
        && before.Ports.SequenceEqual(after.Ports)
        // Dropping a restriction to the node, or hiding pods that are not ready, brings users to no new pods. New addresses may belong to
        // another Service.
        && (before.PublishesNotReady || !after.PublishesNotReady)
        && (before.RoutesLocally || !after.RoutesLocally)
        && after.Addresses.All(before.Addresses.Contains);

    /// <summary>A controller replaces ReplicaSets and Pods that a person deletes, and may replace them with another revision.</summary>
    private static bool IsReplaced(Request request) =>
        request
            is WorkloadRequest
            {
                SubResource: "",
                Before: { } before,
                Requester.IsControlPlane: false,
                Target.Type: { IsReplacedWhenDeleted: true } type
            }
        // A Deployment may be about to adopt a ReplicaSet without an owner.
        && (before.ControllerUid is not null || type.HoldsOneRevision);

    /// <summary>A Deployment replaces pods that are removed from one of its ReplicaSets.</summary>
    private static bool IsOwnedSet(Workload workload) => workload is { Type.HoldsOneRevision: true, ControllerUid: not null };

    /// <summary>
    /// Schedulers and kubelets add fields to a pod's spec, so a Pod is compared by its images. Injectors acted when it was created, so its
    /// annotations add no images any more. For all other kinds the whole template counts; images are compared first, because different
    /// images decide without a hash.
    /// </summary>
    private static bool RunsTheSame(Workload before, Workload after) =>
        after.Type.IsOnePod
            ? InSpec(before.Template.Images).SequenceEqual(InSpec(after.Template.Images))
            : before.Template.Images.SequenceEqual(after.Template.Images) && before.Template.HasHashOf(after.Template);

    private static IEnumerable<ImageUse> InSpec(IReadOnlyList<ImageUse> images) => images.Where(i => i.InjectedBy is null);

    private static Classification NotUnderstood(WorkloadRef target) =>
        target.Type.IsWrittenByControllersAlone
            ? Classification.NotUnderstood(
                Obstacle.ControllerRevision,
                "only controllers write ControllerRevisions: one created by hand can make a StatefulSet run a template that was "
                    + "never evaluated"
            )
            : Classification.NotUnderstood(
                Obstacle.NoTemplatePath,
                $"DeployGuard is registered for {target.Kind} but has no path to its pod template"
            );
}

using DeployGuard.Core.Workloads;
using static DeployGuard.Kubernetes.Webhooks.Cel;

namespace DeployGuard.Kubernetes.Webhooks;

/// <summary>
/// The parts of <see cref="MatchConditions"/> that compare an object before and after an update. The cost of each is bounded for every
/// object.
/// </summary>
internal static class UnchangedObject
{
    private const string Now = "object.spec.template";
    private const string Old = "oldObject.spec.template";

    /// <summary>
    /// Beyond these sizes the webhook is called. They keep every expression below a third of the API server's cost limit.
    /// </summary>
    private const int MaxFields = 64;
    private const int MaxFinalizers = 200;
    private const int MaxAnnotations = 500;
    private const int MaxContainers = 20;
    private const int MaxEnv = 200;
    private const int MaxVolumes = 50;
    private const int MaxItems = 20;

    /// <summary>
    /// They change owners and finalizers of all objects, and must never wait for DeployGuard. Only changes of metadata pass here.
    /// </summary>
    private static readonly string[] s_garbageCollectors =
    [
        "system:serviceaccount:kube-system:generic-garbage-collector",
        "system:serviceaccount:kube-system:namespace-controller",
        "system:kube-controller-manager",
    ];

    /// <summary>
    /// Labels, owners and finalizers are unchanged; finalizers may be removed. Of annotations only those count by which a Deployment scales
    /// its ReplicaSets.
    /// </summary>
    public static string Metadata =>
        $"""
            {Same("object.metadata", "oldObject.metadata", "labels")}
            && (request.userInfo.username in {ListOf(s_garbageCollectors)} || ({Same(
                "object.metadata",
                "oldObject.metadata",
                "ownerReferences"
            )} && {NoFinalizerAdded}))
            && (request.resource.resource != 'replicasets' || ({string.Join(
                " && ",
                Workload.ProportionAnnotations.Select(SameAnnotation)
            )}))
            """;

    /// <summary>The spec is unchanged, apart from fewer replicas or a restart.</summary>
    public static string Spec(TemplateNoise noise) =>
        $"""
            (object.spec == oldObject.spec || (
            size(object.spec) <= {MaxFields} && size(oldObject.spec) <= {MaxFields}
            && object.spec.all(k, k in ['template', 'replicas'] || (k in oldObject.spec && object.spec[k] == oldObject.spec[k]))
            && oldObject.spec.all(k, k in ['template', 'replicas'] || k in object.spec)
            && (has(object.spec.replicas) ? object.spec.replicas : 1) <= (has(oldObject.spec.replicas) ? oldObject.spec.replicas : 1)
            && (has({Now}) ? has({Old}) && ({Now} == {Old} || ({OnlyRestarted(noise)})) : !has({Old}))))
            """;

    private static string NoFinalizerAdded =>
        "(!has(object.metadata.finalizers) || (has(oldObject.metadata.finalizers) && (object.metadata.finalizers == "
        + $"oldObject.metadata.finalizers || (size(object.metadata.finalizers) <= {MaxFinalizers} && "
        + $"size(oldObject.metadata.finalizers) <= {MaxFinalizers} && object.metadata.finalizers.all(f, f in "
        + "oldObject.metadata.finalizers)))))";

    private static string OnlyRestarted(TemplateNoise noise) =>
        $"""
            has({Now}.metadata) && {Same(Now, Old, "spec")}
            && size({Now}.metadata) <= {MaxFields} && {Now}.metadata.all(k, k == 'annotations' || (has({Old}.metadata) && k in {Old}.metadata && {Old}.metadata[k] == {Now}.metadata[k]))
            && size({MapOf(Old, "metadata")}) <= {MaxFields} && {MapOf(Old, "metadata")}.all(k, k == 'annotations' || k in {Now}.metadata)
            && size({NewAnnotations}) <= {MaxAnnotations} && size({OldAnnotations}) <= {MaxAnnotations} && !{ReadsItsAnnotations}
            && {NewAnnotations}.all(k, k in {ListOf(
                noise.Restarts
            )} || (k in {OldAnnotations} && {OldAnnotations}[k] == {NewAnnotations}[k]))
            && {OldAnnotations}.all(k, k in {ListOf(noise.Restarts)} || k in {NewAnnotations})
            """;

    private static string NewAnnotations => AnnotationsOf(Now);

    private static string OldAnnotations => AnnotationsOf(Old);

    /// <summary>A container that reads the template's annotations may behave differently after a restart.</summary>
    private static string ReadsItsAnnotations
    {
        get
        {
            static string IsRead(string source) =>
                $"has({source}.fieldRef) && has({source}.fieldRef.fieldPath) && "
                + $"{source}.fieldRef.fieldPath.startsWith('metadata.annotations')";
            static string InEnvOf(string containers) =>
                MayHave(
                    $"{Now}.spec",
                    containers,
                    MaxContainers,
                    "c",
                    MayHave("c", "env", MaxEnv, "e", $"has(e.valueFrom) && {IsRead("e.valueFrom")}")
                );
            static string InItemsOf(string source) =>
                $"(has({source}.downwardAPI) && {MayHave($"{source}.downwardAPI", "items", MaxItems, "i", IsRead("i"))})";
            var inVolumes = MayHave(
                $"{Now}.spec",
                "volumes",
                MaxVolumes,
                "v",
                $"{InItemsOf("v")} || (has(v.projected) && {MayHave("v.projected", "sources", MaxItems, "s", InItemsOf("s"))})"
            );
            return $"(has({Now}.spec) && ({InEnvOf("containers")} || {InEnvOf("initContainers")} || {inVolumes}))";
        }
    }

    private static string AnnotationsOf(string template) =>
        $"(has({template}.metadata) && has({template}.metadata.annotations) ? {template}.metadata.annotations : {{}})";

    private static string SameAnnotation(string key) =>
        $"{ValueOf("object.metadata", "annotations", key)} == {ValueOf("oldObject.metadata", "annotations", key)}";
}

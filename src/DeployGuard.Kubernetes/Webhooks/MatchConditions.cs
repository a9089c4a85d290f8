using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Workloads;
using static DeployGuard.Kubernetes.Webhooks.Cel;

namespace DeployGuard.Kubernetes.Webhooks;

/// <summary>
/// CEL by which the API server itself skips requests that need no evaluation. They cost no call, and pass while no replica answers. An
/// expression may only skip requests in which <see cref="RequestClassifier"/> finds nothing to guard. An expression that fails or exceeds
/// the API server's cost limit refuses the request under Fail; <see cref="Cel"/> keeps the cost small.
/// </summary>
internal static class MatchConditions
{
    private const string Groups = "(has(request.userInfo.groups) ? request.userInfo.groups : [])";

    /// <summary>Owners of an object that are examined; controllers write one.</summary>
    private const int MaxOwners = 8;

    private static readonly Dictionary<string, string> s_resources = BuiltInKinds.All.ToDictionary(k => k.Name, k => k.Resource);

    /// <summary>Objects that a trusted controller creates were evaluated with the object that it acts on.</summary>
    public static JsonObject NotByItsController(TrustedControllers trusted) =>
        Condition("not-by-its-controller", $"!({ItsController(trusted)})");

    public static JsonObject ByItsController(TrustedControllers trusted) => Condition("by-its-controller", ItsController(trusted));

    private static string ItsController(TrustedControllers trusted)
    {
        var known = trusted
            .All.Select(c =>
                (
                    c.User,
                    Resources: c.Kinds.Where(s_resources.ContainsKey)
                        .Select(k => Quoted(s_resources[k]))
                        .Order(StringComparer.Ordinal)
                        .ToList()
                )
            )
            .Where(c => c.Resources.Count > 0)
            .OrderBy(c => c.User, StringComparer.Ordinal)
            .Select(c =>
                $"(request.userInfo.username == {Quoted(c.User)} && request.resource.resource in [{string.Join(", ", c.Resources)}])"
            );
        var byOwner = trusted
            .ByOwner.Where(t => s_resources.ContainsKey(t.Kind))
            .Select(t =>
                $"(request.userInfo.username == {Quoted(t.User)} && request.resource.resource == {Quoted(s_resources[t.Kind])} "
                + $"&& {IsOf(t.Owner)})"
            )
            .Order(StringComparer.Ordinal);
        var kubelet =
            $"(request.userInfo.username.startsWith('system:node:') && 'system:nodes' in {Groups} && request.resource.resource == 'pods')";
        return string.Join(" || ", [.. known, .. byOwner, kubelet]);
    }

    /// <summary>
    /// The controller of an object is of a given kind. A delete has no object and creates no pods, so it is always skipped. If there are
    /// too many owners to examine, the webhook is called.
    /// </summary>
    private static string IsOf(CustomKind owner) =>
        $"""
            (request.operation == 'DELETE' || (has(object.metadata.ownerReferences) && size(object.metadata.ownerReferences) <= {MaxOwners}
              && object.metadata.ownerReferences.exists(o, has(o.controller) && o.controller && o.kind == {Quoted(
                owner.Kind
            )} && o.apiVersion.startsWith({Quoted($"{owner.ApiGroup}/")}))))
            """;

    /// <summary>
    /// More than a write that keeps spec, labels, owners and finalizers, or that only restarts, scales down or removes finalizers. For
    /// built-in kinds only: CEL does not know where a custom resource keeps its template.
    /// </summary>
    public static JsonObject MoreThanARestart(TemplateNoise noise) =>
        Condition("more-than-a-restart-or-scale-down", IsMoreThanARestart(noise));

    /// <summary>An object that had no pods gets some.</summary>
    public static JsonObject FirstPods => Condition("first-pods", $"{ReplicasOf("oldObject", 1)} == 0 && {ReplicasOf("object", 1)} > 0");

    /// <summary>A Scale object omits a zero.</summary>
    public static JsonObject MoreReplicas => Condition("more-replicas", $"{ReplicasOf("object")} > {ReplicasOf("oldObject")}");

    public static JsonObject ByAnAutoscaler(TrustedControllers trusted) => Condition("by-an-autoscaler", Autoscaler(trusted));

    public static JsonObject NotByAnAutoscaler(TrustedControllers trusted) =>
        Condition("not-by-an-autoscaler", $"!({Autoscaler(trusted)})");

    public static JsonObject OtherLabels =>
        Condition("other-labels", $"request.operation != 'UPDATE' || !{Same("object.metadata", "oldObject.metadata", "labels")}");

    /// <summary>
    /// Metadata that a status write may change: labels can add a pod to a Service, owners and finalizers can hide or hold an object.
    /// </summary>
    public static JsonObject OtherMetadata =>
        Condition("other-metadata", $"request.operation != 'UPDATE' || !({UnchangedObject.Metadata})");

    /// <summary>
    /// A delete, or an update that only removes replicas, which the entries under Fail skip. Those entries cover every other update of a
    /// ReplicaSet.
    /// </summary>
    public static JsonObject FewerPods(TemplateNoise noise) =>
        Condition(
            "fewer-pods",
            $"""
            request.operation == 'DELETE'
            || (has(request.subResource) && request.subResource == 'scale' ? {ReplicasOf("object")} < {ReplicasOf("oldObject")}
              : has(object.spec) && has(oldObject.spec) && {ReplicasOf("object", 1)} < {ReplicasOf(
                "oldObject",
                1
            )} && !({IsMoreThanARestart(noise)}))
            """
        );

    /// <summary>The addresses change. Leader election by annotations of an Endpoints object does not call the webhook.</summary>
    public static JsonObject OtherAddresses =>
        Condition(
            "other-addresses",
            $"""
            request.operation == 'CREATE' ? has(object.endpoints) || has(object.subsets)
              : !({Same("object", "oldObject", "endpoints")} && {Same("object", "oldObject", "subsets")} && {Same(
                "object",
                "oldObject",
                "ports"
            )} && {Same("object.metadata", "oldObject.metadata", "labels")})
            """
        );

    /// <summary>Neither the control plane, which uses service accounts of kube-system, nor a node.</summary>
    public static JsonObject NotByTheControlPlane =>
        Condition(
            "not-by-the-control-plane",
            $"""
            !(request.userInfo.username in ['system:kube-controller-manager', 'system:kube-scheduler', 'system:apiserver']
              || request.userInfo.username.startsWith('system:serviceaccount:kube-system:')
              || (request.userInfo.username.startsWith('system:node:') && 'system:nodes' in {Groups}))
            """
        );

    private static string IsMoreThanARestart(TemplateNoise noise) =>
        $"""
            request.operation != 'UPDATE' || !(request.resource.group in ['', 'apps', 'batch']) || request.resource.resource == 'controllerrevisions' || !has(object.spec) || !has(oldObject.spec) || !(
              {UnchangedObject.Metadata}
              && {UnchangedObject.Spec(noise)})
            """;

    private static string Autoscaler(TrustedControllers trusted) => $"request.userInfo.username in {ListOf(trusted.Autoscalers)}";

    private static string ReplicasOf(string obj, int absent = 0) =>
        $"(has({obj}.spec) && has({obj}.spec.replicas) ? {obj}.spec.replicas : {absent})";
}

using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Workloads;
using static DeployGuard.Kubernetes.Webhooks.Cel;

namespace DeployGuard.Kubernetes.Webhooks;

/// <summary>
/// What the API server can tell by itself, as CEL: requests that need no judgement are dropped there, before they cost a call, and pass when nobody
/// answers. An expression may only drop what <see cref="RequestClassifier"/> calls nothing to guard; a fault in one refuses under Fail, and so does one that is over
/// the API server's budget: <see cref="Cel"/> says how that is kept from happening.
/// </summary>
internal static class MatchConditions
{
    private const string Groups = "(has(request.userInfo.groups) ? request.userInfo.groups : [])";

    /// <summary>How many owners of an object are looked through; controllers write one.</summary>
    private const int MaxOwners = 8;

    private static readonly Dictionary<string, string> s_resources = new()
    {
        ["Deployment"] = "deployments",
        ["StatefulSet"] = "statefulsets",
        ["DaemonSet"] = "daemonsets",
        ["ReplicaSet"] = "replicasets",
        ["ReplicationController"] = "replicationcontrollers",
        ["Job"] = "jobs",
        ["CronJob"] = "cronjobs",
        ["Pod"] = "pods",
        ["ControllerRevision"] = "controllerrevisions",
    };

    /// <summary>What a trusted controller makes was judged when a person wrote what it acts on.</summary>
    public static JsonObject NotByItsController(TrustedControllers trusted)
    {
        var known = trusted.All
            .Select(c => (c.User, Resources: c.Kinds.Where(s_resources.ContainsKey).Select(k => Quoted(s_resources[k])).Order(StringComparer.Ordinal).ToList()))
            .Where(c => c.Resources.Count > 0)
            .OrderBy(c => c.User, StringComparer.Ordinal)
            .Select(c => $"(request.userInfo.username == {Quoted(c.User)} && request.resource.resource in [{string.Join(", ", c.Resources)}])");
        var byOwner = trusted.ByOwner
            .Where(t => s_resources.ContainsKey(t.Kind))
            .Select(t => $"(request.userInfo.username == {Quoted(t.User)} && request.resource.resource == {Quoted(s_resources[t.Kind])} && {IsOf(t.Owner)})")
            .Order(StringComparer.Ordinal);
        var kubelet = $"(request.userInfo.username.startsWith('system:node:') && 'system:nodes' in {Groups} && request.resource.resource == 'pods')";
        return Condition("not-by-its-controller", $"!({string.Join(" || ", [.. known, .. byOwner, kubelet])})");
    }

    /// <summary>
    /// The controller of an object is of a kind; a delete, which has no object and makes no pods, is dropped whatever it is of. Where owners are too many
    /// to walk, it is asked.
    /// </summary>
    private static string IsOf(CustomKind owner) =>
        $"""
        (request.operation == 'DELETE' || (has(object.metadata.ownerReferences) && size(object.metadata.ownerReferences) <= {MaxOwners}
          && object.metadata.ownerReferences.exists(o, has(o.controller) && o.controller && o.kind == {Quoted(owner.Kind)} && o.apiVersion.startsWith({Quoted($"{owner.ApiGroup}/")}))))
        """;

    /// <summary>
    /// Neither a write that leaves spec, labels, owners and finalizers as they were, nor one that only restarts, scales down or removes finalizers. Kinds of our
    /// own knowledge alone: where a custom resource keeps its template is not asked here.
    /// </summary>
    public static JsonObject MoreThanARestart(TemplateNoise noise) => Condition("more-than-a-restart-or-scale-down", IsMoreThanARestart(noise));

    /// <summary>A Scale leaves out a zero.</summary>
    public static JsonObject MoreReplicas => Condition("more-replicas", $"{ReplicasOf("object")} > {ReplicasOf("oldObject")}");

    public static JsonObject ByAnAutoscaler(TrustedControllers trusted) => Condition("by-an-autoscaler", Autoscaler(trusted));

    public static JsonObject NotByAnAutoscaler(TrustedControllers trusted) => Condition("not-by-an-autoscaler", $"!({Autoscaler(trusted)})");

    public static JsonObject OtherLabels => Condition("other-labels", $"request.operation != 'UPDATE' || !{Same("object.metadata", "oldObject.metadata", "labels")}");

    /// <summary>What a write of a status may carry besides the status: labels join a Service, owners and finalizers hide or hold an object.</summary>
    public static JsonObject OtherMetadata => Condition("other-metadata", $"request.operation != 'UPDATE' || !({UnchangedObject.Metadata})");

    /// <summary>
    /// A delete, or an update that only takes replicas away, which the entries under Fail drop. What else a ReplicaSet's update does, those ask for.
    /// </summary>
    public static JsonObject FewerPods(TemplateNoise noise) => Condition(
        "fewer-pods",
        $"""
        request.operation == 'DELETE'
        || (has(request.subResource) && request.subResource == 'scale' ? {ReplicasOf("object")} < {ReplicasOf("oldObject")}
          : has(object.spec) && has(oldObject.spec) && {ReplicasOf("object", 1)} < {ReplicasOf("oldObject", 1)} && !({IsMoreThanARestart(noise)}))
        """);

    /// <summary>Other addresses than before. Who elects a leader by the annotations of an Endpoints object does not wait for us.</summary>
    public static JsonObject OtherAddresses => Condition(
        "other-addresses",
        $"""
        request.operation == 'CREATE' ? has(object.endpoints) || has(object.subsets)
          : !({Same("object", "oldObject", "endpoints")} && {Same("object", "oldObject", "subsets")} && {Same("object", "oldObject", "ports")} && {Same("object.metadata", "oldObject.metadata", "labels")})
        """);

    /// <summary>Neither the control plane, whose service accounts are those of kube-system, nor a node.</summary>
    public static JsonObject NotByTheControlPlane => Condition(
        "not-by-the-control-plane",
        $"""
        !(request.userInfo.username in ['system:kube-controller-manager', 'system:kube-scheduler', 'system:apiserver']
          || request.userInfo.username.startsWith('system:serviceaccount:kube-system:')
          || (request.userInfo.username.startsWith('system:node:') && 'system:nodes' in {Groups}))
        """);

    private static string IsMoreThanARestart(TemplateNoise noise) =>
        $"""
        request.operation != 'UPDATE' || !(request.resource.group in ['', 'apps', 'batch']) || request.resource.resource == 'controllerrevisions' || !has(object.spec) || !has(oldObject.spec) || !(
          {UnchangedObject.Metadata}
          && {UnchangedObject.Spec(noise)})
        """;

    private static string Autoscaler(TrustedControllers trusted) => $"request.userInfo.username in {ListOf(trusted.Autoscalers)}";

    private static string ReplicasOf(string obj, int unsaid = 0) => $"(has({obj}.spec) && has({obj}.spec.replicas) ? {obj}.spec.replicas : {unsaid})";
}

using System.Text.Json.Nodes;
using DeployGuard.Core.Changes;

namespace DeployGuard.Cluster.Webhooks;

/// <summary>
/// What the API server can tell by itself, as CEL: requests that need no judgement are dropped there, before they cost a call, and pass when nobody
/// answers. An expression may only drop what <see cref="Interpreter"/> calls nothing to guard; a fault in one refuses under Fail.
/// </summary>
internal static class MatchConditions
{
    private const string Groups = "(has(request.userInfo.groups) ? request.userInfo.groups : [])";
    private const string RestartedAt = "'kubectl.kubernetes.io/restartedAt'";

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
        var kubelet = $"(request.userInfo.username.startsWith('system:node:') && 'system:nodes' in {Groups} && request.resource.resource == 'pods')";
        return Condition("not-by-its-controller", $"!({string.Join(" || ", known.Append(kubelet))})");
    }

    /// <summary>
    /// Neither a write that leaves spec and labels as they were, nor one that only restarts or scales down. Kinds of our own knowledge alone: where a custom
    /// resource keeps its template is not asked here.
    /// </summary>
    public static JsonObject MoreThanARestart => Condition(
        "more-than-a-restart-or-scale-down",
        $"""
        request.operation != 'UPDATE' || !(request.resource.group in ['', 'apps', 'batch']) || request.resource.resource == 'controllerrevisions' || !has(object.spec) || !has(oldObject.spec) || !(
          {Same("object.metadata", "oldObject.metadata", "labels")}
          && object.spec.all(k, k in ['template', 'replicas'] || (k in oldObject.spec && object.spec[k] == oldObject.spec[k]))
          && oldObject.spec.all(k, k in ['template', 'replicas'] || k in object.spec)
          && (has(object.spec.replicas) ? object.spec.replicas : 1) <= (has(oldObject.spec.replicas) ? oldObject.spec.replicas : 1)
          && (has(object.spec.template) ? (has(oldObject.spec.template)
            && {Same("object.spec.template", "oldObject.spec.template", "spec")}
            && {Same("object.spec.template.metadata", "oldObject.spec.template.metadata", "labels")}
            && ({AnnotationsOf("object")} == {AnnotationsOf("oldObject")} || !{ReadsItsAnnotations})
            && {AnnotationsOf("object")}.all(k, k == {RestartedAt} || (k in {AnnotationsOf("oldObject")} && {AnnotationsOf("oldObject")}[k] == {AnnotationsOf("object")}[k]))
            && {AnnotationsOf("oldObject")}.all(k, k == {RestartedAt} || k in {AnnotationsOf("object")})
          ) : !has(oldObject.spec.template)))
        """);

    /// <summary>A Scale leaves out a zero.</summary>
    public static JsonObject MoreReplicas => Condition("more-replicas", $"{ReplicasOf("object")} > {ReplicasOf("oldObject")}");

    public static JsonObject ByAnAutoscaler(TrustedControllers trusted) => Condition("by-an-autoscaler", Autoscaler(trusted));

    public static JsonObject NotByAnAutoscaler(TrustedControllers trusted) => Condition("not-by-an-autoscaler", $"!({Autoscaler(trusted)})");

    public static JsonObject OtherLabels => Condition("other-labels", $"request.operation != 'UPDATE' || !{Same("object.metadata", "oldObject.metadata", "labels")}");

    private static string Autoscaler(TrustedControllers trusted) => $"request.userInfo.username in [{string.Join(", ", trusted.Autoscalers.Select(Quoted))}]";

    private static string ReplicasOf(string scale) => $"(has({scale}.spec) && has({scale}.spec.replicas) ? {scale}.spec.replicas : 0)";

    private static string AnnotationsOf(string obj) => $"(has({obj}.spec.template.metadata) && has({obj}.spec.template.metadata.annotations) ? {obj}.spec.template.metadata.annotations : {{}})";

    /// <summary>A container that reads the template's annotations runs something else after a restart, if it likes.</summary>
    private static string ReadsItsAnnotations
    {
        get
        {
            const string Spec = "object.spec.template.spec";
            static string InEnvOf(string containers) =>
                $"(has({Spec}.{containers}) && {Spec}.{containers}.exists(c, has(c.env) && c.env.exists(e, has(e.valueFrom) && has(e.valueFrom.fieldRef) && e.valueFrom.fieldRef.fieldPath.startsWith('metadata.annotations'))))";
            static string InItemsOf(string source) => $"(has({source}.downwardAPI) && has({source}.downwardAPI.items) && {source}.downwardAPI.items.exists(i, has(i.fieldRef) && i.fieldRef.fieldPath.startsWith('metadata.annotations')))";
            return $"({InEnvOf("containers")} || {InEnvOf("initContainers")} || (has({Spec}.volumes) && {Spec}.volumes.exists(v, {InItemsOf("v")} || (has(v.projected) && has(v.projected.sources) && v.projected.sources.exists(s, {InItemsOf("s")})))))";
        }
    }

    private static string Same(string left, string right, string field) => $"(has({left}.{field}) ? has({right}.{field}) && {left}.{field} == {right}.{field} : !has({right}.{field}))";

    private static string Quoted(string text) => $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";

    /// <summary>On one line, as it is compared with what the server gives back.</summary>
    private static JsonObject Condition(string name, string expression) =>
        new() { ["name"] = name, ["expression"] = string.Join(' ', expression.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)) };
}

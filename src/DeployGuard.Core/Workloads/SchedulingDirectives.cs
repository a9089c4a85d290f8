using System.Text.Json;
using System.Text.Json.Nodes;

namespace DeployGuard.Core.Workloads;

/// <summary>
/// The scheduling fields that a queue such as Kueue sets in the template of a Job when it starts it, and removes when it suspends it: node
/// placement, scheduling gates and the queue's own labels and annotations. The API server permits any label and annotation of a suspended
/// Job to change; here only those of queues and autoscalers count.
/// </summary>
internal static class SchedulingDirectives
{
    private static readonly string[] s_fields = ["nodeSelector", "tolerations", "schedulingGates"];

    private static readonly string[] s_queueKeys = ["kueue.x-k8s.io/", "autoscaling.x-k8s.io/", "cluster-autoscaler.kubernetes.io/"];

    /// <summary>
    /// Whether two templates differ only in these fields. If the pods read labels or annotations, a queue's entries there count as a
    /// difference.
    /// </summary>
    public static bool AreOnlyDifference(PodTemplate before, PodTemplate after) =>
        before.Canonical is { } old
        && after.Canonical is { } now
        && old.Claims.Span.SequenceEqual(now.Claims.Span)
        && JsonNode.DeepEquals(Without(old), Without(now));

    private static JsonObject? Without(CanonicalTemplate template)
    {
        var node = JsonNode.Parse(template.Json.Span, documentOptions: CanonicalJson.ParseOptions)?.AsObject();
        using var document = JsonDocument.Parse(template.Json, CanonicalJson.ParseOptions);
        if (node?["spec"] is JsonObject spec)
        {
            foreach (var field in s_fields)
            {
                spec.Remove(field);
            }

            // The API server permits changes only to node affinity. Pod affinity stays in the comparison.
            (spec["affinity"] as JsonObject)?.Remove("nodeAffinity");
            RemoveIfEmpty(spec, "affinity");
        }

        if (node?["metadata"] is JsonObject metadata && DownwardReads.Of(document.RootElement) is { Annotations: false, Labels: false })
        {
            RemoveQueueKeys(metadata, "annotations");
            RemoveQueueKeys(metadata, "labels");
            RemoveIfEmpty(node, "metadata");
        }

        return node;
    }

    private static void RemoveQueueKeys(JsonObject metadata, string map)
    {
        if (metadata[map] is JsonObject entries)
        {
            foreach (
                var key in entries.Select(e => e.Key).Where(k => s_queueKeys.Any(m => k.StartsWith(m, StringComparison.Ordinal))).ToList()
            )
            {
                entries.Remove(key);
            }

            RemoveIfEmpty(metadata, map);
        }
    }

    private static void RemoveIfEmpty(JsonObject owner, string name)
    {
        if (owner[name] is JsonObject { Count: 0 })
        {
            owner.Remove(name);
        }
    }
}

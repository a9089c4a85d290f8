using System.Text.Json;
using System.Text.Json.Nodes;

namespace DeployGuard.Core.Workloads;

/// <summary>
/// What a queue writes into the template of a Job that it starts, and takes out again when it suspends it: on which nodes its pods may
/// run, what holds them back until then,
/// and its own marks. The API server lets nothing else of a suspended Job's template be changed, but any label and annotation; here only
/// those of queues and
/// autoscalers are among them.
/// </summary>
internal static class SchedulingDirectives
{
    private static readonly string[] s_fields = ["nodeSelector", "tolerations", "schedulingGates"];

    private static readonly string[] s_marks = ["kueue.x-k8s.io/", "autoscaling.x-k8s.io/", "cluster-autoscaler.kubernetes.io/"];

    /// <summary>
    /// Whether two templates are the same but for these. Not so where the pods read labels or annotations: a mark is input to them.
    /// </summary>
    public static bool AreAllThatDiffers(PodTemplate before, PodTemplate after) =>
        before.Canonical is { } old && after.Canonical is { } now && old.Claims.Span.SequenceEqual(now.Claims.Span)
        && JsonNode.DeepEquals(Without(old), Without(now));

    private static JsonObject? Without(CanonicalTemplate template)
    {
        var node = JsonNode.Parse(template.Json.Span)?.AsObject();
        using var document = JsonDocument.Parse(template.Json);
        if (node?["spec"] is JsonObject spec)
        {
            foreach (var field in s_fields)
            {
                spec.Remove(field);
            }

            // Of affinity the API server takes that to nodes alone; affinity to pods stays as it was.
            (spec["affinity"] as JsonObject)?.Remove("nodeAffinity");
            RemoveIfEmpty(spec, "affinity");
        }

        if (node?["metadata"] is JsonObject metadata && DownwardReads.Of(document.RootElement) is { Annotations: false, Labels: false })
        {
            RemoveMarks(metadata, "annotations");
            RemoveMarks(metadata, "labels");
            RemoveIfEmpty(node, "metadata");
        }

        return node;
    }

    private static void RemoveMarks(JsonObject metadata, string map)
    {
        if (metadata[map] is JsonObject entries)
        {
            foreach (var mark in entries.Select(e => e.Key).Where(k => s_marks.Any(m => k.StartsWith(m, StringComparison.Ordinal))).ToList())
            {
                entries.Remove(mark);
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

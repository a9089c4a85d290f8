using System.Text.Json;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Manifests;

/// <summary>
/// Tells whether an object has the API server's defaults. They are part of the hash, so a file without them has a hash that the cluster
/// never sees.
/// </summary>
internal static class ServerDefaults
{
    /// <summary>Fields of a pod spec that the server always sets. Authors almost never write all three.</summary>
    private static readonly string[] s_defaults = ["terminationGracePeriodSeconds", "dnsPolicy", "schedulerName"];

    public static bool ArePresent(JsonElement workload, WorkloadKinds kinds)
    {
        var (group, kind) = WorkloadReader.TypeOf(workload);
        var path = kinds.TemplatePath(group, kind);
        var template = (path ?? "")
            .Split('.', StringSplitOptions.RemoveEmptyEntries)
            .Aggregate(workload, (owner, name) => owner.GetProperty(name));
        var spec = template.GetProperty("spec");
        return s_defaults.All(name => spec.TryGetProperty(name, out _));
    }
}

using System.Text.Json;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Kubernetes.Files;

/// <summary>
/// Tells an object as the API server hands it out from one as a person writes it. The hash is taken over the server's defaults
/// too, so that the hash of a bare file would be one that no cluster ever sees.
/// </summary>
internal static class ServerDefaults
{
    /// <summary>Fields of a pod spec that the server always sets and hardly anybody writes, never all three.</summary>
    private static readonly string[] s_defaults = ["terminationGracePeriodSeconds", "dnsPolicy", "schedulerName"];

    public static bool ArePresent(JsonElement workload, WorkloadKinds kinds)
    {
        var (group, kind) = WorkloadReader.TypeOf(workload);
        var path = kinds.TemplatePath(group, kind);
        var template = (path ?? "").Split('.', StringSplitOptions.RemoveEmptyEntries).Aggregate(workload, (owner, name) => owner.GetProperty(name));
        var spec = template.GetProperty("spec");
        return s_defaults.All(name => spec.TryGetProperty(name, out _));
    }
}

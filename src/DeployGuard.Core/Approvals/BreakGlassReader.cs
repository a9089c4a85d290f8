using System.Text.Json;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Approvals;

/// <summary>Reads a BreakGlass object.</summary>
public static class BreakGlassReader
{
    public const string Kind = "BreakGlass";

    /// <param name="createdAt">Used if the API server has not set the creationTimestamp yet.</param>
    /// <exception cref="MalformedObjectException">A required field is missing or has the wrong type.</exception>
    public static BreakGlass Read(JsonElement glass, DateTimeOffset createdAt)
    {
        var root = Field.Root(glass).AsObject();
        var metadata = root.RequiredObject("metadata");
        var spec = root.RequiredObject("spec");
        var @namespace = metadata.Text("namespace") ?? "";
        var created = metadata.Time("creationTimestamp") ?? createdAt;
        return new BreakGlass
        {
            Name = metadata.Text("name") ?? metadata.Text("generateName") ?? "",
            Uid = metadata.Text("uid") ?? "",
            Namespace = @namespace,
            Workload = spec.Object("workload")?.Workload(@namespace),
            Waives = spec.Texts("waives"),
            Incident = spec.Text("incident") ?? "",
            Reason = spec.Text("reason") ?? "",
            CreatedAt = created,
            ExpiresAt = spec.Time("expiresAt") ?? created + BreakGlass.DefaultDuration,
            For = spec.Text("for") ?? "",
            RequestedBy = spec.Object("requestedBy").Creator(),
        };
    }
}

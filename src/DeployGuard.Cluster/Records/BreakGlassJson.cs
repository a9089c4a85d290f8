using System.Text.Json;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cluster.Records;

/// <summary>BreakGlasses as the API server hands them out.</summary>
internal static class BreakGlassJson
{
    /// <summary>Null for an object that is no permission we could grant: it was written while nobody checked.</summary>
    public static BreakGlass? ReadOrNull(JsonElement item)
    {
        try
        {
            return BreakGlassReader.Read(item, DateTimeOffset.MinValue);
        }
        catch (MalformedObjectException)
        {
            return null;
        }
    }
}

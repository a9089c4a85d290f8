using System.Text.Json;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cluster.Records;

/// <summary>
/// People's records as the API server hands them out. Null for an object that is none we could count: it was written while nobody checked,
/// fills no seat and opens nothing. Nor for one that is being deleted: it was taken back, whatever still holds it.
/// </summary>
internal static class Stored
{
    // Stored objects have a creationTimestamp; one without would be as old as can be, and count for nothing.
    public static Approval? ApprovalOrNull(JsonElement item) => OrNull(item, () => ApprovalReader.Read(item, DateTimeOffset.MinValue));

    public static BreakGlass? BreakGlassOrNull(JsonElement item) => OrNull(item, () => BreakGlassReader.Read(item, DateTimeOffset.MinValue));

    private static T? OrNull<T>(JsonElement item, Func<T> read)
        where T : class
    {
        if (item.GetProperty("metadata").TryGetProperty("deletionTimestamp", out _))
        {
            return null;
        }

        try
        {
            return read();
        }
        catch (MalformedObjectException)
        {
            return null;
        }
    }
}

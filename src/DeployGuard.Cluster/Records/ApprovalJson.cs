using System.Text.Json;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cluster.Records;

/// <summary>ChangeApprovals as the API server hands them out.</summary>
internal static class ApprovalJson
{
    /// <summary>Null for an object that is no approval we could count: it was written while nobody checked, and fills no seat.</summary>
    public static Approval? ReadOrNull(JsonElement item)
    {
        try
        {
            // Stored objects have a creationTimestamp; one without would be as old as can be, and count for nothing.
            return ApprovalReader.Read(item, DateTimeOffset.MinValue);
        }
        catch (MalformedObjectException)
        {
            return null;
        }
    }
}

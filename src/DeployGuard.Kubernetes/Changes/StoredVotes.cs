using System.Text.Json;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>
/// People's records as the API server hands them out. Null for an object that is none we could count: it was written while nobody checked,
/// fills no seat and opens nothing. Nor for one that is being deleted: it was taken back, whatever still holds it.
/// </summary>
internal static class StoredVotes
{
    // Stored objects have a creationTimestamp; one without would be as old as can be, and count for nothing.
    public static Approval? ApprovalOrNull(JsonElement item) => OrNull(item, Approval);

    public static BreakGlass? BreakGlassOrNull(JsonElement item) => OrNull(item, BreakGlass);

    /// <summary>As <see cref="ApprovalOrNull"/>, for a cache, which names what cannot be read.</summary>
    /// <exception cref="MalformedObjectException">It is none we could count.</exception>
    public static Approval? Approval(JsonElement item) => IsDeleting(item) ? null : ApprovalReader.Read(item, DateTimeOffset.MinValue);

    /// <summary>As <see cref="BreakGlassOrNull"/>, for a cache, which names what cannot be read.</summary>
    /// <exception cref="MalformedObjectException">It is none we could count.</exception>
    public static BreakGlass? BreakGlass(JsonElement item) => IsDeleting(item) ? null : BreakGlassReader.Read(item, DateTimeOffset.MinValue);

    private static bool IsDeleting(JsonElement item) => item.GetProperty("metadata").TryGetProperty("deletionTimestamp", out _);

    private static T? OrNull<T>(JsonElement item, Func<JsonElement, T?> read)
        where T : class
    {
        try
        {
            return read(item);
        }
        catch (MalformedObjectException)
        {
            return null;
        }
    }
}

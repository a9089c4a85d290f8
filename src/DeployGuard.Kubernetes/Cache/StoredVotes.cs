using System.Text.Json;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Kubernetes.Cache;

/// <summary>
/// Reads the stored ChangeApprovals and BreakGlasses. Null for an object that cannot count, because it was written past DeployGuard; and
/// for one that is being deleted, even if a finalizer still holds it: it has been withdrawn.
/// </summary>
internal static class StoredVotes
{
    // Stored objects have a creationTimestamp. One without would be infinitely old, and would not count.
    public static Approval? ApprovalOrNull(JsonElement item) => OrNull(item, Approval);

    public static BreakGlass? BreakGlassOrNull(JsonElement item) => OrNull(item, BreakGlass);

    /// <summary>As <see cref="ApprovalOrNull"/>, for a cache, which logs objects that cannot be read.</summary>
    /// <exception cref="MalformedObjectException">It cannot count.</exception>
    public static Approval? Approval(JsonElement item) => IsDeleting(item) ? null : ApprovalReader.Read(item, DateTimeOffset.MinValue);

    /// <summary>As <see cref="BreakGlassOrNull"/>, for a cache, which logs objects that cannot be read.</summary>
    /// <exception cref="MalformedObjectException">It cannot count.</exception>
    public static BreakGlass? BreakGlass(JsonElement item) =>
        IsDeleting(item) ? null : BreakGlassReader.Read(item, DateTimeOffset.MinValue);

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

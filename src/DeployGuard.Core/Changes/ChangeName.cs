using System.Security.Cryptography;
using System.Text;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Changes;

/// <summary>
/// Names a Change after its workload and revision, so that every replica gives the same revision the same name. The name is
/// for people; decisions compare the full hash.
/// </summary>
public static class ChangeName
{
    private const int MaxWorkloadName = 63;

    /// <summary>
    /// The name of a revision's record: that of the existing record, which another version may have named, else the name for a new one.
    /// </summary>
    public static string Within(IEnumerable<Change> recorded, Workload revision) =>
        recorded.FirstOrDefault(c => c.Workload == revision.Ref && c.TemplateHash == revision.Template.Hash)?.Name
        ?? Of(revision.Ref, revision.Template.Hash);

    /// <summary><c>deployment-web-7f9c2ab41d03e6aa</c>.</summary>
    public static string Of(WorkloadRef workload, string templateHash)
    {
        var identity = $"{workload.ApiGroup}/{workload.Kind}/{workload.Name}/{templateHash}";
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity)).AsSpan(0, 8));
        var name = workload.Name.Length > MaxWorkloadName ? workload.Name[..MaxWorkloadName] : workload.Name;
        // A cut name may end in a character that must not precede the dash.
        return $"{workload.Kind.ToLowerInvariant()}-{name.TrimEnd('-', '.')}-{hash}";
    }
}

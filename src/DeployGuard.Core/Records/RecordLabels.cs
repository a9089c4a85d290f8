using System.Security.Cryptography;
using System.Text;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Records;

/// <summary>
/// Labels by which ChangeApprovals and BreakGlasses are found without reading all of a namespace. Stamped when the record is created. They
/// are only an index: the spec decides. Records of former versions have none.
/// </summary>
public static class RecordLabels
{
    public const string Workload = "deployguard.io/workload";
    public const string Decision = "deployguard.io/decision";
    public const string Creator = "deployguard.io/maker";

    public static IReadOnlyDictionary<string, string> Of(Approval approval) =>
        new Dictionary<string, string>
        {
            [Workload] = Of(approval.Workload),
            [Decision] = approval.Decision.ToString(),
            [Creator] = OfCreator(approval.Approver.Username),
        };

    public static IReadOnlyDictionary<string, string> Of(BreakGlass glass) =>
        new Dictionary<string, string> { [Creator] = OfCreator(glass.RequestedBy.Username) };

    /// <summary>Short, because a label holds 63 characters. A collision only means that one more record is read.</summary>
    public static string Of(WorkloadRef workload) => Short($"{workload.ApiGroup}/{workload.Kind}/{workload.Name}");

    public static string OfCreator(string username) => Short(username);

    /// <summary>Refuses a record with wrong values of these labels: it would not be found.</summary>
    /// <param name="labels">
    /// The labels of the record. A missing one is allowed: records of former versions have none, and are found without.
    /// </param>
    public static Refusal? Refuse(IReadOnlyDictionary<string, string> labels, IReadOnlyDictionary<string, string> own) =>
        own
            .Keys.Append(Workload)
            .Append(Decision)
            .Append(Creator)
            .Distinct()
            .FirstOrDefault(key => labels.TryGetValue(key, out var value) && value != own.GetValueOrDefault(key))
            is { } forged
            ? new Refusal(
                Reasons.IdentityForged,
                $"metadata.labels: {forged} is stamped by DeployGuard and must be {own.GetValueOrDefault(forged) ?? "left out"}"
            )
            : null;

    /// <summary>Refuses an update that removes or changes one of these labels.</summary>
    public static Refusal? RefuseChange(IReadOnlyDictionary<string, string> before, IReadOnlyDictionary<string, string> after) =>
        ((string[])[Workload, Decision, Creator]).FirstOrDefault(key => before.GetValueOrDefault(key) != after.GetValueOrDefault(key))
            is { } changed
            ? new Refusal(Reasons.RecordImmutable, $"metadata.labels: {changed} is stamped by DeployGuard and cannot be changed")
            : null;

    private static string Short(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));
}

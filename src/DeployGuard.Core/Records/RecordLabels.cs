using System.Security.Cryptography;
using System.Text;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Records;

/// <summary>
/// Labels by which ChangeApprovals and BreakGlasses are found without reading all of a namespace. Stamped when the record is made; what a record says stands in
/// its spec, and these only say where to look. Records of former versions have none.
/// </summary>
public static class RecordLabels
{
    public const string Workload = "deployguard.io/workload";
    public const string Decision = "deployguard.io/decision";
    public const string Maker = "deployguard.io/maker";

    public static IReadOnlyDictionary<string, string> Of(Approval approval) => new Dictionary<string, string>
    {
        [Workload] = Of(approval.Workload),
        [Decision] = approval.Decision.ToString(),
        [Maker] = OfMaker(approval.Approver.Username),
    };

    public static IReadOnlyDictionary<string, string> Of(BreakGlass glass) => new Dictionary<string, string> { [Maker] = OfMaker(glass.RequestedBy.Username) };

    /// <summary>Short, because a label holds 63 characters. Who grinds for another with the same finds only that it is read as well.</summary>
    public static string Of(WorkloadRef workload) => Short($"{workload.ApiGroup}/{workload.Kind}/{workload.Name}");

    public static string OfMaker(string username) => Short(username);

    /// <summary>Whether a record carries labels of ours that are not its own: it would be looked for in the wrong place.</summary>
    /// <param name="labels">As the record has them. One that is missing is no lie: records of former versions have none, and are looked for too.</param>
    public static Refusal? Refuse(IReadOnlyDictionary<string, string> labels, IReadOnlyDictionary<string, string> own) =>
        own.Keys.Append(Workload).Append(Decision).Append(Maker).Distinct().FirstOrDefault(key => labels.TryGetValue(key, out var value) && value != own.GetValueOrDefault(key)) is { } forged
            ? new Refusal(Reasons.IdentityForged, $"metadata.labels: {forged} is stamped by DeployGuard and must be {own.GetValueOrDefault(forged) ?? "left out"}")
            : null;

    /// <summary>Whether a change of a record takes a label of ours away, or alters one.</summary>
    public static Refusal? RefuseChange(IReadOnlyDictionary<string, string> before, IReadOnlyDictionary<string, string> after) =>
        ((string[])[Workload, Decision, Maker]).FirstOrDefault(key => before.GetValueOrDefault(key) != after.GetValueOrDefault(key)) is { } changed
            ? new Refusal(Reasons.RecordImmutable, $"metadata.labels: {changed} is stamped by DeployGuard and stays as it is")
            : null;

    private static string Short(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));
}

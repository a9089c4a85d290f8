using System.Text.Json;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Approvals;

/// <summary>Reads a ChangeApproval object.</summary>
public static class ApprovalReader
{
    public const string Kind = "ChangeApproval";

    /// <summary>Annotation with the exact time of the vote, which DeployGuard stamps.</summary>
    public const string CastAtAnnotation = "deployguard.io/cast-at";

    /// <param name="createdAt">Used if the API server has not set the creationTimestamp yet.</param>
    /// <exception cref="MalformedObjectException">A required field is missing or has the wrong type.</exception>
    public static Approval Read(JsonElement approval, DateTimeOffset createdAt)
    {
        var root = Field.Root(approval).AsObject();
        var metadata = root.RequiredObject("metadata");
        var spec = root.RequiredObject("spec");
        return new Approval
        {
            Name = metadata.Text("name") ?? "",
            Uid = metadata.Text("uid") ?? "",
            Workload = spec.RequiredObject("workload").Workload(metadata.Text("namespace") ?? ""),
            TemplateHash = spec.Text("templateHash") is { Length: > 0 } hash ? hash : null,
            Images = spec.Texts("images"),
            Decision = spec.RequiredText("decision") switch
            {
                nameof(Decision.Approve) => Decision.Approve,
                nameof(Decision.Reject) => Decision.Reject,
                nameof(Decision.Withdraw) => Decision.Withdraw,
                var other => throw new MalformedObjectException("spec.decision", $"\"{other}\" is not one of Approve, Reject, Withdraw"),
            },
            Approver = spec.Object("approver").Creator(),
            Reason = spec.Text("reason") ?? "",
            CreatedAt = metadata.Time("creationTimestamp") ?? createdAt,
            StampedAt = StampOf(metadata),
            ExpiresAt = spec.Time("expiresAt"),
        };
    }

    /// <summary>Users may alter annotations, so a wrong one is no error.</summary>
    private static DateTimeOffset? StampOf(Field metadata) =>
        metadata.Object("annotations")?[CastAtAnnotation] is { Element: { ValueKind: JsonValueKind.String } text }
        && text.TryGetDateTimeOffset(out var at)
            ? at
            : null;
}

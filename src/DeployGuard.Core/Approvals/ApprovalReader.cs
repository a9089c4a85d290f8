using System.Text.Json;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Approvals;

/// <summary>Reads a ChangeApproval object.</summary>
public static class ApprovalReader
{
    public const string Kind = "ChangeApproval";

    /// <param name="createdAt">Stands in for a creationTimestamp that the API server has not given yet.</param>
    /// <exception cref="MalformedObjectException">A field that is needed is missing or has the wrong type.</exception>
    public static Approval Read(JsonElement approval, DateTimeOffset createdAt)
    {
        var root = Field.Root(approval).AsObject();
        var metadata = root.RequiredObject("metadata");
        var spec = root.RequiredObject("spec");
        var workload = spec.RequiredObject("workload");
        return new Approval
        {
            Name = metadata.Text("name") ?? "",
            Workload = new WorkloadRef(
                workload.Text("apiGroup") ?? "",
                Required(workload, "kind"),
                metadata.Text("namespace") ?? "",
                Required(workload, "name")),
            TemplateHash = Required(spec, "templateHash"),
            Decision = Required(spec, "decision") switch
            {
                nameof(Decision.Approve) => Decision.Approve,
                nameof(Decision.Reject) => Decision.Reject,
                var other => throw new MalformedObjectException("spec.decision", $"\"{other}\" is not one of Approve, Reject"),
            },
            Approver = ReadApprover(spec.Object("approver")),
            Reason = spec.Text("reason") ?? "",
            CreatedAt = Time(metadata, "creationTimestamp") ?? createdAt,
            ExpiresAt = Time(spec, "expiresAt"),
        };
    }

    private static Requester ReadApprover(Field? approver) => new(
        approver?.Text("username") ?? "",
        approver?.Text("uid") ?? "",
        [.. (approver?.Items("groups") ?? []).Select(g => g.Element.ValueKind is JsonValueKind.String ? g.Element.GetString() ?? "" : throw g.Wrong("a string"))]);

    private static string Required(Field owner, string name) =>
        owner.Text(name) is { Length: > 0 } text ? text : throw new MalformedObjectException($"{owner.Path}.{name}", "is missing");

    private static DateTimeOffset? Time(Field owner, string name) => owner[name] switch
    {
        null => null,
        { Element.ValueKind: JsonValueKind.String } field when field.Element.TryGetDateTimeOffset(out var time) => time,
        { } field => throw field.Wrong("a time"),
    };
}

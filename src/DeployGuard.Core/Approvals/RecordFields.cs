using DeployGuard.Core.Identities;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Approvals;

/// <summary>Fields that ChangeApproval and BreakGlass have in common: the workload and the creator.</summary>
public static class RecordFields
{
    /// <exception cref="MalformedObjectException">Kind or name is missing.</exception>
    public static WorkloadRef Workload(this Field workload, string @namespace) =>
        new(workload.Text("apiGroup") ?? "", workload.RequiredText("kind"), @namespace, workload.RequiredText("name"));

    /// <summary>The stamped identity of the creator; an empty user name if there is none.</summary>
    public static Requester Creator(this Field? maker) =>
        new(maker?.Text("username") ?? "", maker?.Text("uid") ?? "", maker?.Texts("groups") ?? []);

    /// <exception cref="MalformedObjectException">It is missing, empty, or not a string.</exception>
    public static string RequiredText(this Field owner, string name) =>
        owner.Text(name) is { Length: > 0 } text
            ? text
            : throw new MalformedObjectException(new FieldLocation(owner.Place, name).ToString(), "is missing");
}

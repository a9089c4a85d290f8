using DeployGuard.Core.Identities;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Approvals;

/// <summary>The fields that people's records share: a workload, who made it, and times.</summary>
internal static class RecordFields
{
    /// <exception cref="MalformedObjectException">Kind or name is missing.</exception>
    public static WorkloadRef Workload(this Field workload, string @namespace) =>
        new(workload.Text("apiGroup") ?? "", workload.RequiredText("kind"), @namespace, workload.RequiredText("name"));

    /// <summary>Nobody, where nothing is said.</summary>
    public static Requester Maker(this Field? maker) => new(maker?.Text("username") ?? "", maker?.Text("uid") ?? "", maker?.Texts("groups") ?? []);

    /// <exception cref="MalformedObjectException">It is missing, empty, or no text.</exception>
    public static string RequiredText(this Field owner, string name) =>
        owner.Text(name) is { Length: > 0 } text ? text : throw new MalformedObjectException(new FieldLocation(owner.Place, name).ToString(), "is missing");
}

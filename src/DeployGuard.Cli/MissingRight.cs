using System.Net;
using System.Text.RegularExpressions;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Cli;

/// <summary>
/// Names the ClusterRole that gives a right which the API server denied, and the command that binds it: whose permissions are too few can
/// pass it on.
/// </summary>
internal static partial class MissingRight
{
    /// <summary>The resources that ClusterRole viewer reads, with those of other groups than DeployGuard's.</summary>
    private static readonly HashSet<string> s_viewed =
    [
        "safeguardpolicies",
        "changes",
        "changetemplates",
        "changeapprovals",
        "breakglasses",
        "namespaces",
        "services",
        "pods",
        "replicationcontrollers",
        "deployments",
        "statefulsets",
        "daemonsets",
        "replicasets",
        "controllerrevisions",
        "jobs",
        "cronjobs",
    ];

    /// <summary>What the API server said, and how to get the right; only the former where no role of the chart gives it.</summary>
    public static string Explain(ApiException refused) =>
        AdviceOn(refused) is { } advice ? $"{refused.ServerMessage.TrimEnd('.')}. {advice}" : refused.ServerMessage;

    /// <summary>Null where no role of the chart gives the right, or a webhook refused it.</summary>
    public static string? AdviceOn(ApiException refused)
    {
        if (refused.StatusCode is not HttpStatusCode.Forbidden || Denied().Match(refused.ServerMessage) is not { Success: true } denied)
        {
            return null;
        }

        if (RoleFor(denied.Groups["verb"].Value, denied.Groups["resource"].Value) is not { } role)
        {
            return null;
        }

        var (user, space) = (denied.Groups["user"].Value, denied.Groups["namespace"].Value);
        return $"ClusterRole {role} gives this right (where the release is not named deployguard: its full name, then "
            + $"{role["deployguard".Length..]}). Ask a cluster administrator to run: "
            + Binding(role, user, space);
    }

    /// <summary>The command that binds a ClusterRole to a user, under a name of its own.</summary>
    /// <param name="space">The namespace; empty for the whole cluster.</param>
    public static string Binding(string role, string user, string space)
    {
        var name = $"{role}-{string.Concat(user.Select(c => c is '/' or '%' or '\'' ? '-' : c))}";
        var command = space.Length > 0 ? $"kubectl -n {space} create rolebinding" : "kubectl create clusterrolebinding";
        return $"{command} {ShellText.Argument(name)} --clusterrole={role} --user={ShellText.Quoted(user)}";
    }

    private static string? RoleFor(string verb, string resource) =>
        (verb, resource) switch
        {
            ("create" or "delete", "changeapprovals") => "deployguard-approver",
            ("create" or "delete", "breakglasses") => "deployguard-breakglass",
            ("get" or "list" or "watch", _) when s_viewed.Contains(resource) => "deployguard-viewer",
            _ => null,
        };

    [GeneratedRegex(
        "User \"(?<user>[^\"]+)\" cannot (?<verb>[a-z-]+) resource \"(?<resource>[a-z]+)\" in API group \"[^\"]*\" "
            + "(in the namespace \"(?<namespace>[^\"]+)\"|at the cluster scope)"
    )]
    private static partial Regex Denied();
}

using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Rig;

namespace DeployGuard.EndToEnd;

/// <summary>
/// The chart's roles are sufficient and minimal: every permission was used in this run, and no request lacked one. The test needs the
/// audit log of the whole run. Fixtures that do not run in parallel run last, by name, and this one is the last of them. It fails in a
/// partial run.
/// </summary>
public class UnusedPermissionsTests
{
    [Test]
    public async Task EveryPermissionIsUsedAndNoneIsMissing()
    {
        await SendRareRequestsAsync();
        var here = UsedPermissions.Read(TestCluster.Rig.Plane.AuditLog);
        var used = here.Allowed.Concat(TestCluster.UsedInOwnClusters).ToHashSet();
        var granted = (await GrantedAsync("clusterrole", "deployguard"))
            .Concat(await GrantedAsync("role", "deployguard", "-n", "deployguard-system"))
            .ToHashSet();

        // As text, because a list is cut in the message.
        Assert.That(string.Join(", ", here.Forbidden), Is.Empty, "the roles are enough");
        // Only the deletion of a pod reads its node, and servers without matchConditions do not call DeployGuard for deletions. They also
        // log a watch once it has ended, which that of the Secrets may not have: no policy names one before the last fixtures.
        string[] never = Server.HasMatchConditions ? [] : ["get nodes", "watch secrets"];
        Assert.That(string.Join(", ", granted.Except(used).Except(never)), Is.Empty, "every granted permission is used");
    }

    /// <summary>
    /// Reads that happen only if a cache lags: the parent of a <c>/scale</c>, a new namespace, the nodes for a DaemonSet without
    /// a status. The requests go directly to a replica and name objects that do not exist.
    /// </summary>
    private static async Task SendRareRequestsAsync()
    {
        var sandbox = await Sandbox.GuardedAsync("canary");
        var replica = TestCluster.Rig.Installation?.Replicas[0] ?? throw new InvalidOperationException("not installed");
        using var call = new DirectCall();
        foreach (
            var (group, resource) in ((string, string)[])
                [("apps", "deployments"), ("apps", "statefulsets"), ("apps", "replicasets"), ("", "replicationcontrollers")]
        )
        {
            await call.SendAsync(replica, Request(sandbox.Namespace, group, resource, "Scale", "UPDATE", Scale(1), Scale(2), "scale"));
        }

        var daemons = Sandbox.Parse(
            """
            {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "seldom"},
             "spec": {"selector": {"matchLabels": {"app": "seldom"}}, "template": {"metadata": {"labels": {"app": "seldom"}}, "spec": {"containers": [{"name": "a", "image": "a:1"}]}}}}
            """
        );
        await call.SendAsync(replica, Request(sandbox.Namespace, "apps", "daemonsets", "DaemonSet", "CREATE", null, daemons));
        await call.SendAsync(replica, Request("made-a-moment-ago", "apps", "daemonsets", "DaemonSet", "CREATE", null, daemons));
    }

    private static JsonObject Scale(int replicas) =>
        Sandbox.Parse(
            $$"""{"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "seldom", "resourceVersion": "1"}, "spec": {"replicas": {{replicas}} } }"""
        );

    private static JsonObject Request(
        string @namespace,
        string group,
        string resource,
        string kind,
        string operation,
        JsonObject? before,
        JsonObject after,
        string subResource = ""
    ) =>
        new()
        {
            ["kind"] = new JsonObject
            {
                ["group"] = kind == "Scale" ? "autoscaling" : group,
                ["version"] = "v1",
                ["kind"] = kind,
            },
            ["resource"] = new JsonObject
            {
                ["group"] = group,
                ["version"] = "v1",
                ["resource"] = resource,
            },
            ["subResource"] = subResource,
            ["name"] = "seldom",
            ["namespace"] = @namespace,
            ["operation"] = operation,
            ["userInfo"] = new JsonObject { ["username"] = "dana", ["groups"] = new JsonArray("system:authenticated") },
            ["object"] = after.DeepClone(),
            ["oldObject"] = before?.DeepClone(),
        };

    private static async Task<IEnumerable<string>> GrantedAsync(params string[] role)
    {
        var rules = JsonDocument
            .Parse((await TestCluster.Rig.Plane.KubectlAsync("admin", ["get", .. role, "-o", "json"])).OrFail().Output)
            .RootElement.GetProperty("rules");
        return from rule in rules.EnumerateArray()
            from verb in rule.GetProperty("verbs").EnumerateArray()
            from @group in rule.GetProperty("apiGroups").EnumerateArray()
            from resource in rule.GetProperty("resources").EnumerateArray()
            select UsedPermissions.Name(verb.GetString() ?? "", @group.GetString() ?? "", resource.GetString() ?? "");
    }
}

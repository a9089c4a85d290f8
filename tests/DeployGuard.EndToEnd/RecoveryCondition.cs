namespace DeployGuard.EndToEnd;

/// <summary>A condition under which recovery actions must still pass.</summary>
public sealed class RecoveryCondition
{
    private readonly string _name;
    private readonly Func<Sandbox, Task> _apply;
    private readonly Func<Sandbox, Task> _end;

    private RecoveryCondition(string name, Func<Sandbox, Task> apply, Func<Sandbox, Task>? end = null) =>
        (_name, _apply, _end) = (name, apply, end ?? (_ => Task.CompletedTask));

    public static IEnumerable<RecoveryCondition> ForOneNamespace =>
        [
            new("nothing special", _ => Task.CompletedTask),
            new("vetoes on record", VetoAsync),
            new("a policy tightened since", TightenAsync, LoosenAsync),
            new("records deleted", async s => (await s.KubectlAsync("deployguard", "delete", "changes", "--all")).OrFail()),
            new("a freeze is on", FreezeAsync, s => NoLongerAsync(s, "freeze")),
            new("the budget is spent", SpendAsync, s => NoLongerAsync(s, "budget")),
        ];

    public static IEnumerable<RecoveryCondition> ForAllNamespaces => [new("both replicas just restarted", RestartAsync)];

    internal Task ApplyAsync(Sandbox sandbox) => _apply(sandbox);

    internal Task EndAsync(Sandbox sandbox) => _end(sandbox);

    public override string ToString() => _name;

    private static async Task VetoAsync(Sandbox sandbox)
    {
        foreach (
            var change in (await sandbox.KubectlAsync("alice", "get", "changes", "-o", "jsonpath={.items[*].metadata.name}"))
                .OrFail()
                .Output.Split(' ')
        )
        {
            (await sandbox.KubectlAsync("alice", "deployguard", "reject", change, "--reason", "wrong prices", "--yes")).OrFail();
        }
    }

    private static async Task TightenAsync(Sandbox sandbox)
    {
        (await TestCluster.Rig.Plane.KubectlAsync("admin", "label", "namespace", sandbox.Namespace, $"tight={sandbox.Namespace}")).OrFail();
        var policy = $$$"""
            {"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"name": "tight-{{{sandbox.Namespace}}}"},
             "spec": {"mode": "Enforce", "match": {"namespaceSelector": {"matchLabels": {"tight": "{{{sandbox.Namespace}}}"} } }, "images": {"pin": "Digest"},
              "approval": {"required": "Always", "quorum": [{"groups": ["directors"], "count": 2}]}, "canary": {"required": "Always", "covers": "Template", "steps": [1]} } }
            """;
        (await TestCluster.Rig.Plane.KubectlAsync("admin", policy, ["create", "-f", "-"])).OrFail();
        await Rig.Wait.UntilAsync(
            () => sandbox.SetImageAsync(Sandbox.V3),
            run => run.Output.Contains($"tight-{sandbox.Namespace}", StringComparison.Ordinal),
            "the tighter policy to refuse"
        );
    }

    private static async Task LoosenAsync(Sandbox sandbox) =>
        (await TestCluster.Rig.Plane.KubectlAsync("admin", "delete", "safeguardpolicy", $"tight-{sandbox.Namespace}")).OrFail();

    private static async Task FreezeAsync(Sandbox sandbox)
    {
        await UnderAsync(
            sandbox,
            "freeze",
            """ "active": {"from": "2020-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z"}, "freeze": {"message": "Peak week."} """
        );
        await RefusesAsync(sandbox, "Frozen");
    }

    /// <summary>Another policy for this namespace alone.</summary>
    private static async Task UnderAsync(Sandbox sandbox, string name, string spec)
    {
        (
            await TestCluster.Rig.Plane.KubectlAsync("admin", "label", "namespace", sandbox.Namespace, $"{name}={sandbox.Namespace}")
        ).OrFail();
        var policy = $$$"""
            {"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"name": "{{{name}}}-{{{sandbox.Namespace}}}"},
             "spec": {"mode": "Enforce", "match": {"namespaceSelector": {"matchLabels": {"{{{name}}}": "{{{sandbox.Namespace}}}"} } }, {{{spec}}} } }
            """;
        (await TestCluster.Rig.Plane.KubectlAsync("admin", policy, ["create", "-f", "-"])).OrFail();
        await Sandbox.EveryReplicaKnowsAsync($"{name}-{sandbox.Namespace}");
    }

    /// <summary>Another rollout has the one place, and never completes.</summary>
    private static async Task SpendAsync(Sandbox sandbox)
    {
        await UnderAsync(sandbox, "budget", """ "budget": {"maxConcurrentRollouts": 1} """);
        var busy = Sandbox.Web(Sandbox.V3, 1);
        busy["metadata"]!["name"] = "busy";
        busy["spec"]!["selector"]!["matchLabels"]!["app"] = "busy";
        busy["spec"]!["template"]!["metadata"]!["labels"] = new System.Text.Json.Nodes.JsonObject
        {
            ["app"] = "busy",
            ["rig/hold"] = "yes",
        };
        (
            await sandbox.KubectlAsync(
                "olga",
                "deployguard",
                "breakglass",
                "deployment/busy",
                "--to-be-created",
                "--incident",
                "INC-1",
                "--reason",
                "a test",
                "--waive",
                "Approval"
            )
        ).OrFail();
        (await sandbox.ApplyAsync("olga", busy)).OrFail();
        await RefusesAsync(sandbox, "BudgetExhausted");
    }

    private static Task<Rig.Run> RefusesAsync(Sandbox sandbox, string reason) =>
        Rig.Wait.UntilAsync(
            () => sandbox.SetImageAsync(Sandbox.V3),
            run => run.Output.Contains(reason, StringComparison.Ordinal),
            $"{reason} in a refusal"
        );

    private static async Task NoLongerAsync(Sandbox sandbox, string name) =>
        (await TestCluster.Rig.Plane.KubectlAsync("admin", "delete", "safeguardpolicy", $"{name}-{sandbox.Namespace}")).OrFail();

    private static async Task RestartAsync(Sandbox sandbox)
    {
        var installation = TestCluster.Rig.Installation ?? throw new InvalidOperationException("not installed");
        foreach (var replica in installation.Replicas)
        {
            replica.Daemon.Kill();
        }

        await installation.RestartAsync(0);
        await installation.RestartAsync(1);
        // Haproxy finds them by its health checks; the refusal of a new image shows that they answer.
        await Rig.Wait.UntilAsync(
            () => sandbox.SetImageAsync(Sandbox.V3),
            run => run.Output.Contains("ApprovalMissing", StringComparison.Ordinal),
            "the replicas to answer again"
        );
    }
}

using System.Diagnostics;
using System.Text.Json.Nodes;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>Records of others must not slow down a decision until it is refused as EvaluationIncomplete.</summary>
[Parallelizable(ParallelScope.Self)]
[Heavy]
public class ManyRecordsTests
{
    /// <summary>A person may have two hundred votes, created here in lists of a hundred.</summary>
    private const int Lists = 2;
    private const int Each = 100;

    [Test]
    public async Task DecisionIsInTimeBesideOneApproversMaximumOfVotes()
    {
        var sandbox = await WithWebRunningAsync();
        for (var i = 0; i < Lists; i++)
        {
            (
                await TestCluster.Rig.Plane.KubectlAsync(
                    "admin",
                    Approvals($"a{i}"),
                    ["create", "-f", "-", "-n", sandbox.Namespace, "--as=approver", "--as-group=senior-engineers"]
                )
            ).OrFail();
        }

        var waited = Stopwatch.StartNew();
        var refused = await sandbox.SetImageOnceAsync();
        TestContext.Out.WriteLine(
            $"beside {Lists * Each} of the largest approvals of another workload the refusal took {waited.ElapsedMilliseconds} ms"
        );
        Assert.That(refused.Output, Does.Contain("ApprovalMissing").And.Not.Contain("EvaluationIncomplete"));
        (await sandbox.ApproveAsync("alice", await sandbox.ChangeInPhaseAsync("Pending"))).OrFail();
        waited.Restart();
        (await sandbox.SetImageAsync()).OrFail();
        TestContext.Out.WriteLine($"and the allow {waited.ElapsedMilliseconds} ms");
    }

    [Test]
    public async Task ApproverWithTheMaximumOfVotesIsToldToWithdrawSome()
    {
        var sandbox = await GuardedAsync();
        string[] asBulky = ["--as=bulky", "--as-group=senior-engineers"];
        for (var i = 0; i < 2; i++)
        {
            (
                await TestCluster.Rig.Plane.KubectlAsync(
                    "admin",
                    Approvals($"b{i}"),
                    ["create", "-f", "-", "-n", sandbox.Namespace, .. asBulky]
                )
            ).OrFail();
        }

        var refused = await TestCluster.Rig.Plane.KubectlAsync(
            "admin",
            Approvals("more", 1),
            ["create", "-f", "-", "-n", sandbox.Namespace, .. asBulky]
        );

        Assert.That(refused.Output, Does.Contain($"TooManyRecords: you have 200 changeapprovals in {sandbox.Namespace}; the limit is 200"));
        (
            await sandbox.KubectlAsync(
                "admin",
                [
                    "delete",
                    "changeapproval",
                    .. asBulky,
                    (await sandbox.KubectlAsync("admin", "get", "changeapprovals", "-o", "jsonpath={.items[0].metadata.name}")).Output,
                ]
            )
        ).OrFail();
        (
            await TestCluster.Rig.Plane.KubectlAsync(
                "admin",
                Approvals("more", 1),
                ["create", "-f", "-", "-n", sandbox.Namespace, .. asBulky]
            )
        ).OrFail();
    }

    /// <summary>Approvals of the largest permitted size. They have names, because generated names would often collide.</summary>
    private static string Approvals(string prefix, int count = Each)
    {
        var images = new JsonArray([.. Enumerable.Range(0, 42).Select(i => (JsonNode)$"r.example.com/o{i:000}@sha256:{i:x64}")]);
        var items = Enumerable
            .Range(0, count)
            .Select(i =>
                (JsonNode)
                    new JsonObject
                    {
                        ["apiVersion"] = "deployguard.io/v1alpha1",
                        ["kind"] = "ChangeApproval",
                        ["metadata"] = new JsonObject { ["name"] = $"{prefix}-{i}" },
                        ["spec"] = new JsonObject
                        {
                            ["workload"] = new JsonObject
                            {
                                ["apiGroup"] = "apps",
                                ["kind"] = "Deployment",
                                ["name"] = "other",
                            },
                            ["templateHash"] = $"v1:{i:x64}",
                            ["images"] = images.DeepClone(),
                            ["decision"] = "Approve",
                            ["reason"] = new string('x', 2048),
                        },
                    }
            );
        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "List",
            ["items"] = new JsonArray([.. items]),
        }.ToJsonString();
    }
}

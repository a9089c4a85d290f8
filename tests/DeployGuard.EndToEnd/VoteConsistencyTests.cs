using DeployGuard.Kubernetes.Api;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>Five hundred votes created and withdrawn, each checked on a replica right afterwards, without a wait.</summary>
[Parallelizable(ParallelScope.Self)]
[Heavy]
public class VoteConsistencyTests
{
    private static IReadOnlyList<Rig.Replica> Replicas => TestCluster.Rig.Installation?.Replicas ?? [];

    [Test]
    public async Task VetoAndItsWithdrawalTakeEffectAtOnceOnBothReplicas()
    {
        var sandbox = await WithWebRunningAsync();
        Assert.That((await sandbox.SetImageAsync()).Succeeded, Is.False);
        var change = await sandbox.ChangeInPhaseAsync("Pending");
        (await sandbox.ApproveAsync("carol", change)).OrFail();
        var veto = (await Approvals.OfAsync(sandbox, change, "Reject")).ToJsonString();
        var (before, after) = await DirectCall.WebAsync(sandbox, V2);
        using var call = new DirectCall();
        using var alice = ApiConnection.Open(new FileInfo(TestCluster.Rig.Plane.Kubeconfig("alice")));
        var votes = $"apis/deployguard.io/v1alpha1/namespaces/{sandbox.Namespace}/changeapprovals";

        for (var i = 0; i < 250; i++)
        {
            using var made = await alice.WriteAsync(HttpMethod.Post, votes, veto, CancellationToken.None);
            Assert.That(
                await call.SendAsync(Replicas[i % 2], "dana", before, after),
                Does.Contain("ApprovalRejected: alice rejected it"),
                $"stale allow at veto {i}"
            );
            await alice.DeleteAsync(
                $"{votes}/{made.RootElement.GetProperty("metadata").GetProperty("name").GetString()}",
                CancellationToken.None
            );
            Assert.That(await call.SendAsync(Replicas[i / 2 % 2], "dana", before, after), Is.Null, $"stale refusal at withdrawal {i}");
        }
    }

    [Test]
    public async Task ApprovalAndItsWithdrawalTakeEffectAtOnceOnBothReplicas()
    {
        var sandbox = await WithWebRunningAsync();
        Assert.That((await sandbox.SetImageAsync()).Succeeded, Is.False);
        var approval = (await Approvals.OfAsync(sandbox, await sandbox.ChangeInPhaseAsync("Pending"))).ToJsonString();
        var (before, after) = await DirectCall.WebAsync(sandbox, V2);
        using var call = new DirectCall();
        using var alice = ApiConnection.Open(new FileInfo(TestCluster.Rig.Plane.Kubeconfig("alice")));
        var votes = $"apis/deployguard.io/v1alpha1/namespaces/{sandbox.Namespace}/changeapprovals";

        for (var i = 0; i < 250; i++)
        {
            using var made = await alice.WriteAsync(HttpMethod.Post, votes, approval, CancellationToken.None);
            Assert.That(await call.SendAsync(Replicas[i % 2], "dana", before, after), Is.Null, $"stale refusal at approval {i}");
            await alice.DeleteAsync(
                $"{votes}/{made.RootElement.GetProperty("metadata").GetProperty("name").GetString()}",
                CancellationToken.None
            );
            Assert.That(
                await call.SendAsync(Replicas[i / 2 % 2], "dana", before, after),
                Does.Contain("ApprovalMissing"),
                $"stale allow at withdrawal {i}"
            );
        }
    }
}

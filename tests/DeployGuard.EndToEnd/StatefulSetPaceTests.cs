using System.Globalization;
using static DeployGuard.EndToEnd.NewerServer;
using static DeployGuard.EndToEnd.Pools;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>
/// How many pods a StatefulSet replaces at once: the field is behind a feature gate, off by default up to 1.36, and the real controller
/// obeys it.
/// </summary>
public class StatefulSetPaceTests : OwnCluster
{
    private const string Asked = "jsonpath={.spec.updateStrategy.rollingUpdate.maxUnavailable} {.spec.minReadySeconds}";

    protected override string FeatureGates => "MaxUnavailableStatefulSet=true";

    protected override void Require() =>
        Server.SkipIf(Server.Version < new Version(1, 25), "maxUnavailable and minReadySeconds of a StatefulSet");

    [Test]
    public async Task StatefulSetRollsOutNoFasterThanTheSuggestedPatch()
    {
        await PolicyAsync("paced-alone", Paced);
        var sandbox = await UnguardedAsync();
        (await sandbox.ApplyAsync("admin", StatefulSetOfEight(V1))).OrFail();
        (await sandbox.KubectlAsync("admin", "rollout", "status", "statefulset/db", "--timeout=600s")).OrFail();
        await sandbox.GuardAsync("paced-alone");
        Task<Rig.Run> RequestAsync() => sandbox.KubectlAsync("dana", "set", "image", "statefulset/db", $"db={V2}");

        var refused = await RequestAsync();
        Assert.That(
            refused.Output,
            Does.Contain("PaceTooFast: ")
                .And.Contain("8 of 8 pods (100%) of StatefulSet db would be unproven, 4 at once")
                .And.Contain("In place, policy allows 2 at once: maxUnavailable 50% replaces 4; minReadySeconds 0 is below 2")
        );
        (await sandbox.KubectlAsync("dana", Patch(refused.Output))).OrFail();
        Assert.That((await sandbox.KubectlAsync("admin", "get", "statefulset/db", "-o", Asked)).Output, Is.EqualTo("2 2"));
        (await RequestAsync()).OrFail();
        const string Faster = """{"spec":{"updateStrategy":{"rollingUpdate":{"maxUnavailable":8}}}}""";
        Assert.That(
            (await sandbox.PatchAsync("dana", "statefulset/db", Faster)).Output,
            Does.Contain("PaceTooFast"),
            "the pace cannot be raised after the admission"
        );

        (await sandbox.KubectlAsync("dana", "rollout", "status", "statefulset/db", "--timeout=600s")).OrFail();
        var pods = await PodsAsync(sandbox);
        await TestContext.Out.WriteLineAsync(string.Join('\n', pods.Select(p => $"made {p.Made:HH:mm:ss}, ready {p.Ready:HH:mm:ss}")));
        Assert.That(pods, Has.Count.EqualTo(8));
        var (made, ready) = (pods.Select(p => p.Made).Order().ToList(), pods.Select(p => p.Ready).Order().ToList());
        foreach (var i in Enumerable.Range(2, 6))
        {
            var why = $"pod {i + 1} of the new revision waits until all but one before it were ready for two seconds";
            Assert.That(made[i], Is.GreaterThanOrEqualTo(ready[i - 2].AddSeconds(2)), why);
        }
    }

    /// <summary>
    /// When each pod was created and since when it is ready, to the second, by the API server's and the kubelet's timestamps.
    /// </summary>
    private static async Task<IReadOnlyList<(DateTimeOffset Made, DateTimeOffset Ready)>> PodsAsync(Sandbox sandbox)
    {
        const string Times =
            """jsonpath={range .items[*]}{.metadata.creationTimestamp} {.status.conditions[?(@.type=="Ready")].lastTransitionTime}{"\n"}{end}""";
        var run = (await sandbox.KubectlAsync("admin", "get", "pods", "-l", "app=db", "-o", Times)).OrFail();
        static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
        return
        [
            .. run
                .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(l => l.Split(' '))
                .Select(l => (Time(l[0]), Time(l[1]))),
        ];
    }
}

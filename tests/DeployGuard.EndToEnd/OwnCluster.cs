using DeployGuard.Rig;
using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;

namespace DeployGuard.EndToEnd;

/// <summary>
/// Tests that would damage a shared cluster: the fixture has one of its own, and other tests run at the same time. After a failed test the
/// next test gets a new cluster, because the state of the old one is unknown.
/// </summary>
[Parallelizable(ParallelScope.Self)]
[RunsFirst]
public abstract class OwnCluster
{
    private TestCluster.OwnedCluster? _cluster;
    private string? _whyReplaced;

    /// <summary>DeployGuard in this cluster.</summary>
    protected static Installation Installation => TestCluster.Rig.Installation ?? throw new InvalidOperationException("not installed");

    protected static ControlPlane Plane => TestCluster.Rig.Plane;

    /// <summary>Replicas of DeployGuard; none if the tests install it.</summary>
    protected virtual int Replicas => 2;

    /// <summary>A chart other than that of this repository.</summary>
    protected virtual string? Chart => null;

    /// <summary>Feature gates of its control plane that are off by default.</summary>
    protected virtual string FeatureGates => "";

    /// <summary>
    /// Whether the tests are one sequence, in which each continues from the state that the previous step left. Steps after a failed step
    /// fail for that reason.
    /// </summary>
    protected virtual bool IsSequence => false;

    [OneTimeSetUp]
    public async Task StartClusterAsync()
    {
        Require();
        _cluster = await TestCluster.StartOwnAsync(Replicas, Chart, FeatureGates);
        using var slot = await TestSlots.TakeAsync(first: true, HeavyAttribute.SlotsOf(TestExecutionContext.CurrentContext.CurrentTest));
        await PrepareAsync();
    }

    [OneTimeTearDown]
    public async Task StopClusterAsync()
    {
        await CleanUpAsync();
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }
    }

    [SetUp]
    public async Task ReplaceDamagedClusterAsync()
    {
        if (_whyReplaced is null || _cluster is null)
        {
            return;
        }

        if (IsSequence && IsStep)
        {
            Assert.Fail($"an earlier step failed: {_whyReplaced}");
        }
        else if (IsSequence)
        {
            return;
        }

        await TestContext.Progress.WriteLineAsync($"{GetType().Name}: new cluster, because {_whyReplaced}");
        await CleanUpAsync();
        await _cluster.ReplaceAsync();
        await PrepareAsync();
        _whyReplaced = null;
    }

    [TearDown]
    public void NoteFailure()
    {
        if (TestContext.CurrentContext.Result.Outcome.Status == TestStatus.Failed)
        {
            _whyReplaced = $"{TestContext.CurrentContext.Test.Name} failed in the old one";
        }
    }

    private static bool IsStep => TestContext.CurrentContext.Test.Properties.ContainsKey(PropertyNames.Order);

    /// <summary>Marks the cluster as unusable for the next test.</summary>
    protected void MarkClusterUnusable() => _whyReplaced = $"{TestContext.CurrentContext.Test.Name} destroyed the old one";

    /// <summary>
    /// Skips all tests by <see cref="Server.SkipIf"/> before a cluster is started, where the server lacks the tested feature.
    /// </summary>
    protected virtual void Require() { }

    /// <summary>Prepares the cluster for the tests.</summary>
    protected virtual Task PrepareAsync() => Task.CompletedTask;

    /// <summary>Ends additional resources of the tests before the cluster stops.</summary>
    protected virtual Task CleanUpAsync() => Task.CompletedTask;

    /// <summary>Kills all replicas.</summary>
    protected static void KillReplicas()
    {
        foreach (var replica in Installation.Replicas)
        {
            replica.Daemon.Kill();
        }
    }

    protected static async Task RestartReplicasAsync()
    {
        for (var i = 0; i < Installation.Replicas.Count; i++)
        {
            await Installation.RestartAsync(i);
        }
    }
}

using DeployGuard.Rig;
using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;

namespace DeployGuard.EndToEnd;

/// <summary>
/// Tests that break what others would share: a world of their own, for all of them. Others go on beside it. After a test that failed the
/// next finds another world, because nobody knows what that one left.
/// </summary>
[Parallelizable(ParallelScope.Self)]
[RunsFirst]
public abstract class OwnCluster
{
    private TestCluster.OwnedCluster? _cluster;
    private string? _whyReplaced;

    /// <summary>DeployGuard in this world.</summary>
    protected static Installation Installation => TestCluster.Rig.Installation ?? throw new InvalidOperationException("not installed");

    protected static ControlPlane Plane => TestCluster.Rig.Plane;

    /// <summary>Of DeployGuard; none where the tests install it.</summary>
    protected virtual int Replicas => 2;

    /// <summary>Another chart than that of this repository.</summary>
    protected virtual string? Chart => null;

    /// <summary>Feature gates of its control plane that are off by default.</summary>
    protected virtual string FeatureGates => "";

    /// <summary>
    /// Whether the tests are one story, in which each goes on from what the one before it left, in the order of their chapters. Chapters after one
    /// that failed fail for that reason.
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
            Assert.Fail($"the story ended before this: {_whyReplaced}");
        }
        else if (IsSequence)
        {
            return;
        }

        await TestContext.Progress.WriteLineAsync($"{GetType().Name}: another world, because {_whyReplaced}");
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
            _whyReplaced = $"{TestContext.CurrentContext.Test.Name} failed in this one";
        }
    }

    private static bool IsStep => TestContext.CurrentContext.Test.Properties.ContainsKey(PropertyNames.Order);

    /// <summary>Says that a test leaves nothing that the next could use.</summary>
    protected void MarkClusterUnusable() => _whyReplaced = $"{TestContext.CurrentContext.Test.Name} left nothing of this one";

    /// <summary>Skips all of the tests before a world is made, by <see cref="Server.SkipIf"/>, where the server cannot have what they are about.</summary>
    protected virtual void Require()
    {
    }

    /// <summary>What the tests find in their world.</summary>
    protected virtual Task PrepareAsync() => Task.CompletedTask;

    /// <summary>What they have besides their world ends before it.</summary>
    protected virtual Task CleanUpAsync() => Task.CompletedTask;

    /// <summary>No replica answers any more.</summary>
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

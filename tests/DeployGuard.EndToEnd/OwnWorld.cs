using DeployGuard.Rig;
using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;

namespace DeployGuard.EndToEnd;

/// <summary>
/// Tests that break what others would share: a world of their own, for all of them. Others go on beside it. After a test that failed the
/// next finds another world, because nobody knows what that one left.
/// </summary>
[Parallelizable(ParallelScope.Self)]
[BeginsFirst]
public abstract class OwnWorld
{
    private World.OwnedWorld? _world;
    private string? _whyAnother;

    /// <summary>DeployGuard in this world.</summary>
    protected static Installation Installation => World.Rig.Installation ?? throw new InvalidOperationException("not installed");

    protected static ControlPlane Plane => World.Rig.Plane;

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
    protected virtual bool IsOneStory => false;

    [OneTimeSetUp]
    public async Task BeginWorldAsync()
    {
        Require();
        _world = await World.OfItsOwnAsync(Replicas, Chart, FeatureGates);
        using var turn = await Turns.TakeAsync(first: true, HeavyAttribute.TurnsOf(TestExecutionContext.CurrentContext.CurrentTest));
        await PrepareAsync();
    }

    [OneTimeTearDown]
    public async Task EndWorldAsync()
    {
        await TidyUpAsync();
        if (_world is not null)
        {
            await _world.DisposeAsync();
        }
    }

    [SetUp]
    public async Task FindAWholeWorldAsync()
    {
        if (_whyAnother is null || _world is null)
        {
            return;
        }

        if (IsOneStory && IsAChapter)
        {
            Assert.Fail($"the story ended before this: {_whyAnother}");
        }
        else if (IsOneStory)
        {
            return;
        }

        await TestContext.Progress.WriteLineAsync($"{GetType().Name}: another world, because {_whyAnother}");
        await TidyUpAsync();
        await _world.MakeAgainAsync();
        await PrepareAsync();
        _whyAnother = null;
    }

    [TearDown]
    public void LeaveTheWorld()
    {
        if (TestContext.CurrentContext.Result.Outcome.Status == TestStatus.Failed)
        {
            _whyAnother = $"{TestContext.CurrentContext.Test.Name} failed in this one";
        }
    }

    private static bool IsAChapter => TestContext.CurrentContext.Test.Properties.ContainsKey(PropertyNames.Order);

    /// <summary>Says that a test leaves nothing that the next could use.</summary>
    protected void Spend() => _whyAnother = $"{TestContext.CurrentContext.Test.Name} left nothing of this one";

    /// <summary>Skips all of the tests before a world is made, by <see cref="Server.Lacks"/>, where the server cannot have what they are about.</summary>
    protected virtual void Require()
    {
    }

    /// <summary>What the tests find in their world.</summary>
    protected virtual Task PrepareAsync() => Task.CompletedTask;

    /// <summary>What they have besides their world ends before it.</summary>
    protected virtual Task TidyUpAsync() => Task.CompletedTask;

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

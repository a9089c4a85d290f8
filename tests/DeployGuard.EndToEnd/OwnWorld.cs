using DeployGuard.Rig;

namespace DeployGuard.EndToEnd;

/// <summary>Tests that break what others would share: a world of their own, for all of them. Other fixtures go on beside it.</summary>
[Parallelizable(ParallelScope.Self)]
public abstract class OwnWorld
{
    private IAsyncDisposable? _world;

    /// <summary>DeployGuard in this world.</summary>
    protected static Installation Installation => World.Rig.Installation ?? throw new InvalidOperationException("not installed");

    protected static ControlPlane Plane => World.Rig.Plane;

    [OneTimeSetUp]
    public async Task BeginWorldAsync() => _world = await World.OfItsOwnAsync();

    [OneTimeTearDown]
    public async Task EndWorldAsync()
    {
        if (_world is not null)
        {
            await _world.DisposeAsync();
        }
    }

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

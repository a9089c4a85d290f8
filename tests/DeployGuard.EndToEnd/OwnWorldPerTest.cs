namespace DeployGuard.EndToEnd;

/// <summary>Tests that leave nothing that the next could use: a world for each.</summary>
[Parallelizable(ParallelScope.Self)]
public abstract class OwnWorldPerTest
{
    private IAsyncDisposable? _world;

    protected virtual int Replicas => 2;

    [SetUp]
    public async Task BeginWorldAsync() => _world = await World.OfItsOwnAsync(Replicas);

    [TearDown]
    public async Task EndWorldAsync()
    {
        if (_world is not null)
        {
            await _world.DisposeAsync();
        }
    }
}

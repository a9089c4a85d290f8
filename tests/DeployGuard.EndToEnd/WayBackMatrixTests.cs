namespace DeployGuard.EndToEnd;

/// <summary>Every way back, under everything that could close it. Nobody approves anything here.</summary>
[TestFixtureSource(typeof(WayBackCondition), nameof(WayBackCondition.All))]
public class WayBackMatrixTests(WayBackCondition condition)
{
    private Sandbox? _sandbox;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _sandbox = await WayBackWorkloads.StartAsync();
        await condition.ApplyAsync(_sandbox);
    }

    [OneTimeTearDown]
    public Task StopAsync() => _sandbox is null ? Task.CompletedTask : condition.EndAsync(_sandbox);

    /// <summary>The cases run in this order, on one namespace: each leaves to the next what it needs.</summary>
    [TestCaseSource(typeof(WayBackWays), nameof(WayBackWays.InOrder))]
    public async Task IsOpen(WayBackWay way) => await way.GoAsync(_sandbox ?? throw new InvalidOperationException("no sandbox"));
}

namespace DeployGuard.EndToEnd;

/// <summary>Every way back, under everything that could close it. Nobody approves anything here.</summary>
public abstract class WayBackMatrix(WayBackCondition condition)
{
    private Sandbox? _sandbox;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        using var turn = await Turns.TakeAsync(first: true);
        _sandbox = await WayBackWorkloads.StartAsync();
        await condition.ApplyAsync(_sandbox);
    }

    [OneTimeTearDown]
    public Task StopAsync() => _sandbox is null ? Task.CompletedTask : condition.EndAsync(_sandbox);

    /// <summary>The cases run in this order, on one namespace: each leaves to the next what it needs.</summary>
    [TestCaseSource(typeof(WayBackWays), nameof(WayBackWays.InOrder))]
    public async Task IsOpen(WayBackWay way) => await way.GoAsync(_sandbox ?? throw new InvalidOperationException("no sandbox"));
}

/// <summary>What concerns one namespace alone. Others go on beside it.</summary>
[TestFixtureSource(typeof(WayBackCondition), nameof(WayBackCondition.OfANamespace))]
[Parallelizable(ParallelScope.Self)]
[BeginsFirst]
public class WayBackMatrixTests(WayBackCondition condition) : WayBackMatrix(condition);

/// <summary>What concerns everybody in the shared world: so nobody else is there.</summary>
[TestFixtureSource(typeof(WayBackCondition), nameof(WayBackCondition.OfEverybody))]
[Parallelizable(ParallelScope.None)]
public class WayBackMatrixAloneTests(WayBackCondition condition) : WayBackMatrix(condition);

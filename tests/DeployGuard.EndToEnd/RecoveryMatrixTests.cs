namespace DeployGuard.EndToEnd;

/// <summary>Every way back, under everything that could close it. Nobody approves anything here.</summary>
public abstract class RecoveryMatrix(RecoveryCondition condition)
{
    private Sandbox? _sandbox;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        using var slot = await TestSlots.TakeAsync(first: true);
        _sandbox = await RecoveryWorkloads.StartAsync();
        await condition.ApplyAsync(_sandbox);
    }

    [OneTimeTearDown]
    public Task StopAsync() => _sandbox is null ? Task.CompletedTask : condition.EndAsync(_sandbox);

    /// <summary>The cases run in this order, on one namespace: each leaves to the next what it needs.</summary>
    [TestCaseSource(typeof(RecoveryActions), nameof(RecoveryActions.InOrder))]
    public async Task Passes(RecoveryAction way) => await way.GoAsync(_sandbox ?? throw new InvalidOperationException("no sandbox"));
}

/// <summary>What concerns one namespace alone. Others go on beside it.</summary>
[TestFixtureSource(typeof(RecoveryCondition), nameof(RecoveryCondition.ForOneNamespace))]
[Parallelizable(ParallelScope.Self)]
[RunsFirst]
public class RecoveryMatrixTests(RecoveryCondition condition) : RecoveryMatrix(condition);

/// <summary>What concerns everybody in the shared world: so nobody else is there.</summary>
[TestFixtureSource(typeof(RecoveryCondition), nameof(RecoveryCondition.ForAllNamespaces))]
[Parallelizable(ParallelScope.None)]
public class RecoveryMatrixSerialTests(RecoveryCondition condition) : RecoveryMatrix(condition);

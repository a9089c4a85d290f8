namespace DeployGuard.EndToEnd;

/// <summary>Every recovery action, under every condition that could block it, without any approval.</summary>
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

    /// <summary>The cases run in this order in one namespace: each prepares the state for the next.</summary>
    [TestCaseSource(typeof(RecoveryActions), nameof(RecoveryActions.InOrder))]
    public async Task Passes(RecoveryAction way) => await way.GoAsync(_sandbox ?? throw new InvalidOperationException("no sandbox"));
}

/// <summary>Conditions of one namespace. Other tests run at the same time.</summary>
[TestFixtureSource(typeof(RecoveryCondition), nameof(RecoveryCondition.ForOneNamespace))]
[Parallelizable(ParallelScope.Self)]
[RunsFirst]
public class RecoveryMatrixTests(RecoveryCondition condition) : RecoveryMatrix(condition);

/// <summary>Conditions of the whole shared cluster. No other test runs at the same time.</summary>
[TestFixtureSource(typeof(RecoveryCondition), nameof(RecoveryCondition.ForAllNamespaces))]
[Parallelizable(ParallelScope.None)]
public class RecoveryMatrixSerialTests(RecoveryCondition condition) : RecoveryMatrix(condition);

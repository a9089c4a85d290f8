using DeployGuard.Rig;

namespace DeployGuard.EndToEnd;

/// <summary>The waiting helper of the other tests.</summary>
[Parallelizable(ParallelScope.All)]
public class WaitTests
{
    [Test]
    public async Task WaitEndsAtTheLimitIfNothingChanges()
    {
        var vain = await Assert.ThrowsAsync<TimeoutException>(() =>
            Wait.UntilAsync(() => Task.FromResult("the same"), _ => false, "something to come", seconds: 1)
        );

        Assert.That(vain?.Message, Does.StartWith("something to come: not after ").And.EndWith("last seen:\nthe same"));
    }

    [Test]
    public async Task ProgressExtendsTheWait()
    {
        var began = TimeProvider.System.GetTimestamp();

        await Wait.UntilAsync(
            () => Task.FromResult(TimeProvider.System.GetElapsedTime(began).TotalSeconds),
            seconds => seconds > 2,
            "two seconds to pass",
            seconds: 1
        );
    }

    [Test]
    public async Task ProgressDoesNotExtendTheWaitForEver()
    {
        var looks = 0;

        await Assert.ThrowsAsync<TimeoutException>(() =>
            Wait.UntilAsync(() => Task.FromResult(looks++), _ => false, "a number that always grows to be accepted", seconds: 1)
        );

        Assert.That(looks, Is.GreaterThan(5));
    }
}

namespace DeployGuard.Kubernetes.Api;

/// <summary>Waits longer after every fault in a row, with full jitter, so that replicas do not come back in step.</summary>
public sealed class Backoff(TimeProvider time)
{
    private static readonly TimeSpan s_least = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_maxDelay = TimeSpan.FromSeconds(4);

    private int _faults;

    public void Reset() => _faults = 0;

    public Task WaitAsync(CancellationToken cancel)
    {
        var ceiling = Math.Min(s_maxDelay.TotalMilliseconds, s_least.TotalMilliseconds * Math.Pow(2, Math.Min(_faults++, 10)));
        return Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.NextDouble() * ceiling), time, cancel);
    }
}

using System.Runtime.InteropServices;

namespace DeployGuard.Webhook.Hosting;

/// <summary>
/// Leaves in good order. After SIGTERM the replica says that it is not ready and goes on answering until its Service has stopped sending anybody: whoever
/// stops at once is still called for a moment, and every such call is somebody's failed deploy. A second signal, or Ctrl-C, ends it at once.
/// </summary>
internal sealed class Shutdown(TimeProvider time) : IHostLifetime, IDisposable
{
    /// <summary>Endpoints reach every node well within it; a pod is given 30 seconds in all.</summary>
    private static readonly TimeSpan s_drain = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource _stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<PosixSignalRegistration> _signals = [];

    /// <summary>Not ready any more; and who is answered now is asked to come by another connection, or he would send one more as it is closed.</summary>
    public bool IsDraining { get; private set; }

    /// <summary>Completes when it is time to stop.</summary>
    public Task Requested => _stop.Task;

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => OnSignal(signal, drains: true)));
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => OnSignal(signal, drains: false)));
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGQUIT, signal => OnSignal(signal, drains: false)));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _signals.ForEach(s => s.Dispose());

    /// <summary>Completes when it is time to stop.</summary>
    public async Task DrainAsync()
    {
        IsDraining = true;
        await Task.Delay(s_drain, time);
        _stop.TrySetResult();
    }

    private void OnSignal(PosixSignalContext signal, bool drains)
    {
        // The default would end the process here and now.
        signal.Cancel = true;
        if (!drains || IsDraining)
        {
            _stop.TrySetResult();
            return;
        }

        _ = DrainAsync();
    }
}

using System.Runtime.InteropServices;

namespace DeployGuard.Webhook.Hosting;

/// <summary>
/// Graceful shutdown. After SIGTERM the replica reports that it is not ready, and answers until its Service sends it no more calls. A
/// replica that stops at once still gets calls for a few seconds, and each of them is a failed deploy. A second signal, or Ctrl-C, ends it
/// at once.
/// </summary>
internal sealed class Shutdown(TimeProvider time) : IHostLifetime, IDisposable
{
    /// <summary>Every node has the new endpoints well before that; Kubernetes gives a pod 30 seconds.</summary>
    private static readonly TimeSpan s_drain = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource _stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<PosixSignalRegistration> _signals = [];

    /// <summary>
    /// The replica is not ready, and each answer closes its connection. Otherwise a caller could send one more request while the connection
    /// closes.
    /// </summary>
    public bool IsDraining { get; private set; }

    /// <summary>Completes when the program should stop.</summary>
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

    /// <summary>Starts to drain; completes when the program should stop.</summary>
    public async Task DrainAsync()
    {
        IsDraining = true;
        await Task.Delay(s_drain, time);
        _stop.TrySetResult();
    }

    private void OnSignal(PosixSignalContext signal, bool drains)
    {
        // The default handler would end the process at once.
        signal.Cancel = true;
        if (!drains || IsDraining)
        {
            _stop.TrySetResult();
            return;
        }

        _ = DrainAsync();
    }
}

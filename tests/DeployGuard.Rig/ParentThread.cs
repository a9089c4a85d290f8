using System.Collections.Concurrent;
using System.Diagnostics;

namespace DeployGuard.Rig;

/// <summary>
/// The one thread that starts daemons. The kernel's parent death signal refers to the parent thread, and threads of the pool
/// come and go.
/// </summary>
internal sealed class ParentThread
{
    private readonly BlockingCollection<Action> _work = [];

    public ParentThread() => new Thread(Run) { IsBackground = true, Name = "parent of daemons" }.Start();

    public Process? Start(ProcessStartInfo start)
    {
        var started = new TaskCompletionSource<Process?>();
        _work.Add(() =>
        {
            try
            {
                started.SetResult(Process.Start(start));
            }
            catch (Exception fault) when (fault is System.ComponentModel.Win32Exception or InvalidOperationException)
            {
                started.SetException(fault);
            }
        });
        return started.Task.GetAwaiter().GetResult();
    }

    private void Run()
    {
        foreach (var work in _work.GetConsumingEnumerable())
        {
            work();
        }
    }
}

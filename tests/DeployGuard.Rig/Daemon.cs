using System.Diagnostics;

namespace DeployGuard.Rig;

/// <summary>A server process with its log in a file. It ends with us, also if we are killed.</summary>
public sealed class Daemon : IDisposable
{
    private static readonly ParentThread s_parent = new();

    private readonly Process _process;
    private readonly string _log;

    private Daemon(string name, string log, Process process) => (Name, _log, _process) = (name, log, process);

    public string Name { get; }

    public int Id => _process.Id;

    public static Daemon Start(string name, string folder, string program, params IEnumerable<string> arguments)
    {
        var log = Path.Combine(folder, $"{name}.log");
        // setpriv has the kernel kill the program when we die; the shell in between only opens the log.
        var start = new ProcessStartInfo("setpriv", ["--pdeathsig", "KILL", "/bin/sh", "-c", $"exec \"$0\" \"$@\" >>'{log}' 2>&1", program, .. arguments])
        {
            WorkingDirectory = folder,
        };
        return new Daemon(name, log, s_parent.Start(start) ?? throw new InvalidOperationException($"{name} did not start"));
    }

    /// <summary>Waits until a condition holds; fails at once if the process ends, and with its log if time is up.</summary>
    public async Task WaitUntilAsync(Func<Task<bool>> condition, TimeSpan atMost)
    {
        var waited = Stopwatch.StartNew();
        while (waited.Elapsed < atMost)
        {
            if (_process.HasExited)
            {
                throw new InvalidOperationException($"{Name} ended with {_process.ExitCode}:\n{LogTail()}");
            }

            if (await condition())
            {
                return;
            }

            await Task.Delay(50);
        }

        throw new TimeoutException($"{Name} was not up after {atMost.TotalSeconds} s:\n{LogTail()}");
    }

    public string LogTail() => File.Exists(_log) ? string.Join('\n', File.ReadLines(_log).TakeLast(30)) : "(no log)";

    public bool HasExited => _process.HasExited;

    /// <summary>Resident memory, bytes.</summary>
    public long Memory
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>Sends a signal by name: TERM, STOP, CONT.</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{Id}"]);
        kill.WaitForExit();
    }

    /// <summary>Asks it to end, as a kubelet does, and waits until it has.</summary>
    public async Task EndAsync()
    {
        Signal("TERM");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await _process.WaitForExitAsync(limit.Token);
    }

    public void Kill()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit(TimeSpan.FromSeconds(10));
        }
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }
}

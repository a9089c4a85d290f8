using System.Diagnostics;

namespace DeployGuard.Rig;

/// <summary>A server process with its log in a file. It ends with us, also if we are killed.</summary>
public sealed class Daemon : IDisposable
{
    private static readonly ParentThread s_parent = new();

    private readonly Func<Process> _start;
    private readonly string _log;
    private Process _process;
    private bool _isEnded;
    private bool _isDisposed;

    private Daemon(string name, string log, Func<Process> start) => (Name, _log, _start, _process) = (name, log, start, start());

    public string Name { get; }

    public int Id => _process.Id;

    /// <summary>The process ended unexpectedly.</summary>
    public bool HasEndedUnexpectedly => !_isEnded && _process.HasExited;

    public static Daemon Start(string name, string folder, string program, params IEnumerable<string> arguments)
    {
        var log = Path.Combine(folder, $"{name}.log");
        // setpriv has the kernel kill the program when we die; the shell in between only opens the log.
        var start = new ProcessStartInfo("setpriv", ["--pdeathsig", "KILL", "/bin/sh", "-c", $"exec \"$0\" \"$@\" >>'{log}' 2>&1", program, .. arguments])
        {
            WorkingDirectory = folder,
        };
        // Ours are compiled ahead. Compiling what runs often a second time takes more than half of their CPU in the minutes that a world lives.
        start.Environment["DOTNET_TieredCompilation"] = "0";
        // Those of the control plane are Go: they collect less often, within what a world may have.
        start.Environment["GOGC"] = "400";
        start.Environment["GOMEMLIMIT"] = "1GiB";
        return new Daemon(name, log, () => s_parent.Start(start) ?? throw new InvalidOperationException($"{name} did not start"));
    }

    /// <summary>Starts it again, as it was started.</summary>
    public void Restart()
    {
        Dispose();
        (_process, _isEnded, _isDisposed) = (_start(), false, false);
    }

    /// <summary>Waits until a condition holds; fails at once if the process ends, and with its log if it neither comes up nor says anything more.</summary>
    public async Task WaitUntilAsync(Func<Task<bool>> condition, TimeSpan atMost)
    {
        var timeout = new ProgressTimeout(atMost);
        while (!await condition())
        {
            if (_process.HasExited)
            {
                throw new InvalidOperationException($"{Name} ended with {_process.ExitCode}:\n{LogTail()}");
            }

            timeout.Observe($"{LogLength}");
            if (timeout.IsExpired)
            {
                throw new TimeoutException($"{Name} is not up: {timeout.Waited}:\n{LogTail()}");
            }

            await timeout.PauseAsync();
        }
    }

    public string LogTail() => File.Exists(_log) ? string.Join('\n', File.ReadLines(_log).TakeLast(30)) : "(no log)";

    private long LogLength => File.Exists(_log) ? new FileInfo(_log).Length : 0;

    /// <summary>How it ended, and the last it said.</summary>
    public string ExitReport => $"{Name} ended with {_process.ExitCode}; the last it said:\n{LogTail()}";

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
        _isEnded = true;
        Signal("TERM");
        var timeout = new ProgressTimeout(TimeSpan.FromSeconds(60));
        while (!_process.HasExited)
        {
            timeout.Observe($"{LogLength}");
            if (timeout.IsExpired)
            {
                throw new TimeoutException($"{Name} was asked to end, and did not: {timeout.Waited}:\n{LogTail()}");
            }

            await timeout.PauseAsync();
        }
    }

    public void Kill()
    {
        _isEnded = true;
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit(TimeSpan.FromSeconds(10));
        }
    }

    public void Dispose()
    {
        if (!_isDisposed)
        {
            Kill();
            _process.Dispose();
            _isDisposed = true;
        }
    }
}

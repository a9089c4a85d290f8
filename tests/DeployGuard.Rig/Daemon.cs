using System.Diagnostics;

namespace DeployGuard.Rig;

/// <summary>A server process with its log in a file. The kernel ends it with this process, also if this process is killed.</summary>
public sealed class Daemon : IDisposable
{
    private static readonly ParentThread s_parent = new();

    private readonly Func<Process> _start;
    private Process _process;
    private bool _isEnded;
    private bool _isDisposed;

    private Daemon(string name, string log, Func<Process> start) => (Name, Log, _start, _process) = (name, log, start, start());

    public string Name { get; }

    /// <summary>The file with what it printed.</summary>
    public string Log { get; }

    public int Id => _process.Id;

    /// <summary>The process ended unexpectedly.</summary>
    public bool HasEndedUnexpectedly => !_isEnded && _process.HasExited;

    public static Daemon Start(string name, string folder, string program, params IEnumerable<string> arguments) =>
        Start(name, folder, new Dictionary<string, string>(), program, arguments);

    /// <param name="environment">Variables in addition to those of this process.</param>
    public static Daemon Start(
        string name,
        string folder,
        IReadOnlyDictionary<string, string> environment,
        string program,
        IEnumerable<string> arguments
    )
    {
        var log = Path.Combine(folder, $"{name}.log");
        // setpriv has the kernel kill the program when this process ends; the shell only opens the log.
        var start = new ProcessStartInfo(
            "setpriv",
            ["--pdeathsig", "KILL", "/bin/sh", "-c", $"exec \"$0\" \"$@\" >>'{log}' 2>&1", program, .. arguments]
        )
        {
            WorkingDirectory = folder,
        };
        // The webhook is compiled ahead of time. Tiered compilation would take more than half of its CPU in the few minutes of a test
        // cluster.
        start.Environment["DOTNET_TieredCompilation"] = "0";
        // The control plane is written in Go: less garbage collection, within the memory of a test cluster.
        start.Environment["GOGC"] = "400";
        start.Environment["GOMEMLIMIT"] = "1GiB";
        foreach (var (variable, value) in environment)
        {
            start.Environment[variable] = value;
        }

        return new Daemon(name, log, () => s_parent.Start(start) ?? throw new InvalidOperationException($"{name} did not start"));
    }

    /// <summary>Starts it again, as it was started.</summary>
    public void Restart()
    {
        Dispose();
        (_process, _isEnded, _isDisposed) = (_start(), false, false);
    }

    /// <summary>Waits until a condition holds; fails at once if the process ends, and on a timeout if its log shows no progress.</summary>
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

    public string LogTail() => File.Exists(Log) ? string.Join('\n', File.ReadLines(Log).TakeLast(30)) : "(no log)";

    private long LogLength => File.Exists(Log) ? new FileInfo(Log).Length : 0;

    /// <summary>The exit code and the end of the log.</summary>
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

    /// <summary>Sends SIGTERM, as a kubelet does, and waits for the end of the process.</summary>
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
                throw new TimeoutException($"{Name} did not end after SIGTERM: {timeout.Waited}:\n{LogTail()}");
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

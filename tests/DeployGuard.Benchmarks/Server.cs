using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using DeployGuard.Rig;

namespace DeployGuard.Benchmarks;

/// <summary>A server process on loopback; disposal ends it.</summary>
internal sealed class Server : IDisposable
{
    private readonly Process _process;

    private Server(string name, int port, Process process)
    {
        Name = name;
        Url = new Uri($"https://127.0.0.1:{port}/admit/workloads?timeout=3s");
        _process = process;
    }

    public string Name { get; }

    public Uri Url { get; }

    /// <summary>Resident memory now, in MB.</summary>
    public double ResidentMegabytes =>
        double.Parse(
            File.ReadLines($"/proc/{_process.Id}/status")
                .First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture
        ) / 1024;

    /// <summary>Of all its threads since its start.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>From the start of the process until it listened.</summary>
    public TimeSpan Started { get; private set; }

    public static async Task<Server> StartAsync(string name, string program, Func<int, IEnumerable<string>> arguments)
    {
        var port = Ports.Free();
        // Its decision log is discarded, so that reading it costs no CPU.
        var start = new ProcessStartInfo("/bin/sh", ["-c", "exec \"$0\" \"$@\" >/dev/null", program, .. arguments(port)]);
        var began = Stopwatch.GetTimestamp();
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
        var server = new Server(name, port, process);
        await server.WaitUntilItListensAsync(port);
        server.Started = Stopwatch.GetElapsedTime(began);
        return server;
    }

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }

    private async Task WaitUntilItListensAsync(int port)
    {
        var waited = Stopwatch.StartNew();
        while (waited.Elapsed < TimeSpan.FromSeconds(20) && !_process.HasExited)
        {
            if (await Ports.ListensAsync(port))
            {
                return;
            }

            await Task.Delay(10);
        }

        throw new InvalidOperationException($"{Name} does not listen on {port}");
    }
}

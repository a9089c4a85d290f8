using System.Diagnostics;
using System.Globalization;
using System.Net;
using DeployGuard.Rig;

namespace DeployGuard.Benchmarks;

/// <summary>The published webhook as in a cluster, with an API server of its own; disposal ends it.</summary>
internal sealed class Replica : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private readonly SocketsHttpHandler _handler;

    private Replica(Process process, SocketsHttpHandler handler, int port)
    {
        (_process, _handler) = (process, handler);
        Address = new Uri($"https://127.0.0.1:{port}");
    }

    public Uri Address { get; }

    /// <summary>From the start of the process until it was ready.</summary>
    public TimeSpan Ready { get; private set; }

    /// <summary>From the start of the process until it also watched all pods that it needs.</summary>
    public TimeSpan Complete { get; private set; }

    /// <summary>Megabytes at the moment when it was ready.</summary>
    public double AtReady { get; private set; }

    public double Resident => Status("VmRSS:");

    /// <summary>Of that, pages of files such as the program itself, which the kernel can drop, and shares between replicas of a
    /// node.</summary>
    public double ResidentOfFiles => Status("RssFile:");

    public double Peak => Status("VmHWM:");

    /// <param name="variables">Environment variables for the process.</param>
    public static async Task<Replica> StartAsync(
        string webhook,
        SimulatedApi api,
        TlsPair tls,
        IReadOnlyDictionary<string, string> variables
    )
    {
        var port = Ports.Free();
        var start = new ProcessStartInfo("/bin/sh", ["-c", "exec \"$0\" \"$@\" >/dev/null", webhook, .. Arguments(port, api, tls)]);
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        var watched = api.Expected;
        var began = Stopwatch.GetTimestamp();
        var replica = new Replica(
            Process.Start(start) ?? throw new InvalidOperationException($"{webhook} did not start"),
            tls.Handler(),
            port
        );
        try
        {
            await replica.UntilAsync(replica.IsReadyAsync, began);
            (replica.Ready, replica.AtReady) = (Stopwatch.GetElapsedTime(began), replica.Resident);
            await replica.UntilAsync(() => Task.FromResult(api.Watches >= watched), began);
            replica.Complete = Stopwatch.GetElapsedTime(began);
            return replica;
        }
        catch
        {
            replica.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        _handler.Dispose();
    }

    private static string[] Arguments(int port, SimulatedApi api, TlsPair tls) =>
        [
            $"--kubeconfig={api.Kubeconfig}",
            $"--listen=127.0.0.1:{port}",
            $"--metrics-listen=127.0.0.1:{Ports.Free()}",
            $"--tls-cert={tls.Certificate}",
            $"--tls-key={tls.Key}",
            $"--tls-ca={tls.Ca}",
            "--log-level=Error",
        ];

    private async Task UntilAsync(Func<Task<bool>> condition, long began)
    {
        while (!await condition())
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(began) > s_limit)
            {
                throw new InvalidOperationException("the webhook did not become ready");
            }

            await Task.Delay(5);
        }
    }

    private async Task<bool> IsReadyAsync()
    {
        using var client = new HttpClient(_handler, disposeHandler: false);
        try
        {
            using var answer = await client.GetAsync(new Uri(Address, "/readyz"));
            return answer.StatusCode is HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private double Status(string field) =>
        double.Parse(
            File.ReadLines($"/proc/{_process.Id}/status")
                .First(l => l.StartsWith(field, StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture
        ) / 1024;
}

using System.Collections.Concurrent;
using System.Net;
using DeployGuard.Kubernetes.Api;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>
/// A steady load of writes of one developer through the API server, each with a known result: an unapproved revision is refused, a
/// restart passes. The load is bounded: each writer sends one write at a time.
/// </summary>
internal sealed class WriteLoad : IAsyncDisposable
{
    public const int Writers = 6;

    private const int MaxWrites = 20_000;
    private const string Restart = """{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"AT"}}}}}""";
    private const string NewRevision = """{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"IMAGE"}]}}}}""";

    /// <summary>Three of each kind, with this pause after every write: 30 a second where the machine has nothing else to do.</summary>
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(180);

    private readonly CancellationTokenSource _stop = new();
    private readonly ApiConnection _api = ApiConnection.Open(new FileInfo(TestCluster.Rig.Plane.Kubeconfig("dana")));
    private readonly string _path;
    private readonly Task _running;
    private readonly long _started = TimeProvider.System.GetTimestamp();
    private int _refused;
    private int _passed;

    public WriteLoad(Sandbox sandbox)
    {
        _path = $"apis/apps/v1/namespaces/{sandbox.Namespace}/deployments/web";
        _running = Task.WhenAll(
            Enumerable
                .Range(0, Writers)
                .Select(w =>
                    w % 2 == 0
                        ? WriteAsync(_ => NewRevision.Replace("IMAGE", V3, StringComparison.Ordinal), mayPass: false)
                        : WriteAsync(i => Restart.Replace("AT", $"{w}-{i}", StringComparison.Ordinal), mayPass: true)
                )
        );
    }

    /// <summary>Allowed requests that had to be refused, or the other way around.</summary>
    public ConcurrentQueue<string> Wrong { get; } = [];

    /// <summary>Requests without an answer of DeployGuard.</summary>
    public ConcurrentQueue<string> Failed { get; } = [];

    public int Written => _refused + _passed;

    public double PerSecond => Written / TimeProvider.System.GetElapsedTime(_started).TotalSeconds;

    /// <summary>Waits for some more answered writes.</summary>
    public Task WaitForWritesAsync(int more = 40)
    {
        var until = Written + more;
        return Rig.Wait.UntilAsync(() => Task.FromResult(Written), written => written >= until, "more writes to be answered");
    }

    /// <summary>Ends the load, and fails if a request had a wrong answer or none.</summary>
    public async Task AssertNoFailuresAsync()
    {
        await StopAsync();
        Assert.That(Wrong, Is.Empty);
        Assert.That(Failed, Is.Empty);
        Assert.That(_refused, Is.GreaterThan(10));
        Assert.That(_passed, Is.GreaterThan(10));
        TestContext.Out.WriteLine($"{_refused} refused and {_passed} passed, {PerSecond:0} a second");
    }

    /// <summary>Ends the load; its results can be read afterwards.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _api.Dispose();
        _stop.Dispose();
    }

    private async Task WriteAsync(Func<int, string> patch, bool mayPass)
    {
        for (var i = 0; i < MaxWrites && !_stop.IsCancellationRequested; i++)
        {
            await SendAsync(patch(i), mayPass);
            await Task.Delay(s_pause, TimeProvider.System);
        }
    }

    private async Task SendAsync(string patch, bool mayPass)
    {
        try
        {
            using var written = await _api.WriteAsync(
                HttpMethod.Patch,
                _path,
                patch,
                CancellationToken.None,
                "application/strategic-merge-patch+json"
            );
            Interlocked.Increment(ref _passed);
            if (!mayPass)
            {
                Wrong.Enqueue("an unapproved revision passed");
            }
        }
        catch (ApiException conflict) when (conflict.StatusCode is HttpStatusCode.Conflict)
        {
            // The Deployment's controller wrote first, so DeployGuard was not called.
        }
        catch (ApiException refused)
            when (refused.ServerMessage.Contains("refused by policy", StringComparison.Ordinal)
                && !refused.ServerMessage.Contains("EvaluationIncomplete", StringComparison.Ordinal)
            )
        {
            Interlocked.Increment(ref _refused);
            if (mayPass)
            {
                Wrong.Enqueue($"a restart was refused: {refused.ServerMessage}");
            }
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException)
        {
            Failed.Enqueue($"{TimeProvider.System.GetElapsedTime(_started).TotalSeconds:0.00} s: {fault.Message}");
        }
    }
}

using System.Text.Json.Nodes;
using System.Threading.Channels;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using k8s.LeaderElection;
using k8s.LeaderElection.ResourceLock;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.Leader;

/// <summary>
/// Elects one replica by a Lease. It runs the leader's tasks whenever a cache changes, and every few seconds for changes that no cache
/// shows. A task that fails is logged and retried in the next round; it does not delay the others.
/// </summary>
internal sealed class LeaderLoop(
    ApiConnection api,
    ClusterCaches caches,
    ClusterOptions options,
    IReadOnlyList<ILeaderTask> tasks,
    TimeProvider time,
    ILogger logger
)
{
    private static readonly TimeSpan s_settle = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_release = TimeSpan.FromSeconds(2);

    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite }
    );
    private readonly string _identity = $"{Environment.MachineName}-{Guid.NewGuid():N}";

    public bool IsLeading { get; private set; }

    public async Task RunAsync(CancellationToken cancel)
    {
        caches.OnChange(Wake);
        var @lock = new LeaseLock(api.Client, options.Namespace, options.Lease, _identity);
        using var elector = new LeaderElector(
            new LeaderElectionConfig(@lock)
            {
                LeaseDuration = TimeSpan.FromSeconds(15),
                RenewDeadline = TimeSpan.FromSeconds(10),
                RetryPeriod = TimeSpan.FromSeconds(2),
            }
        );
        elector.OnError += fault => logger.LogWarning("leader election: {Fault}", fault.Message);
        try
        {
            await ElectAsync(elector, cancel);
        }
        finally
        {
            await ReleaseAsync();
        }
    }

    private async Task ElectAsync(LeaderElector elector, CancellationToken cancel)
    {
        var backoff = new Backoff(time);
        while (!cancel.IsCancellationRequested)
        {
            using var term = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            Task? leading = null;
            void Start() => leading = LeadAsync(term.Token);
            elector.OnStartedLeading += Start;
            try
            {
                await elector.RunUntilLeadershipLostAsync(cancel);
                backoff.Reset();
            }
            catch (Exception fault) when (!cancel.IsCancellationRequested)
            {
                // It gives up when the API server cannot be reached.
                logger.LogWarning("leader election: {Fault}; retrying", fault.Message);
            }
            finally
            {
                elector.OnStartedLeading -= Start;
                await term.CancelAsync();
                await (leading ?? Task.CompletedTask);
            }

            await backoff.WaitAsync(cancel);
        }
    }

    /// <summary>Releases the Lease at the end, so that the next leader need not wait until it expires.</summary>
    private async Task ReleaseAsync()
    {
        using var cap = new CancellationTokenSource(s_release, time);
        var path = ApiPaths.One(ApiPaths.Leases(options.Namespace), options.Lease);
        try
        {
            using var lease = await api.GetAsync(path, cap.Token);
            if (
                JsonNode.Parse(lease.RootElement.GetRawText()) is JsonObject document
                && document["spec"] is JsonObject spec
                && (string?)spec["holderIdentity"] == _identity
            )
            {
                spec["holderIdentity"] = "";
                spec["leaseDurationSeconds"] = 1;
                using var written = await api.WriteAsync(HttpMethod.Put, path, document.ToJsonString(), cap.Token);
                logger.LogInformation("released the Lease");
            }
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException or OperationCanceledException)
        {
            logger.LogInformation("the Lease was not released, and will expire: {Fault}", fault.Message);
        }
    }

    private async Task LeadAsync(CancellationToken cancel)
    {
        logger.LogInformation("leading");
        IsLeading = true;
        try
        {
            while (!cancel.IsCancellationRequested)
            {
                foreach (var task in tasks)
                {
                    await RunAsync(task, cancel);
                }

                await Task.WhenAny(
                    _changed.Reader.WaitToReadAsync(cancel).AsTask(),
                    Task.Delay(tasks.Min(t => t.RunsAgainIn), time, cancel)
                );
                _changed.Reader.TryRead(out _);
                // Changes that come together are handled together.
                await Task.Delay(s_settle, time, cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            logger.LogInformation("no longer leading");
        }
        finally
        {
            IsLeading = false;
        }
    }

    private async Task RunAsync(ILeaderTask task, CancellationToken cancel)
    {
        try
        {
            await task.RunAsync(cancel);
        }
        catch (Exception fault)
            when (!cancel.IsCancellationRequested && fault is ApiException or HttpRequestException or OperationCanceledException)
        {
            logger.LogWarning("{Task}: {Fault}; retrying", task.Name, fault.Message);
        }
        catch (Exception bug) when (!cancel.IsCancellationRequested)
        {
            // The leader keeps the Lease. If one task could end the others, their work would not be done, and no other replica would take
            // over.
            logger.LogError(bug, "{Task}: unexpected error, which is a bug; retrying", task.Name);
        }
        catch (Exception) when (cancel.IsCancellationRequested)
        {
            // The term is over, and so is the task.
            throw new OperationCanceledException(cancel);
        }
    }

    /// <summary>If the channel is full, a round is due already.</summary>
    private void Wake() => _changed.Writer.TryWrite(true);
}

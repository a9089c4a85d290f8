using System.Text.Json.Nodes;
using System.Threading.Channels;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Cache;
using Microsoft.Extensions.Logging;
using k8s.LeaderElection;
using k8s.LeaderElection.ResourceLock;

namespace DeployGuard.Kubernetes.Leader;

/// <summary>
/// Chooses one replica by a Lease and lets it run the leader's tasks: whenever something changed, and every few seconds for what no
/// cache shows. A task that fails is logged and tried again in the next round; it does not hold up the others.
/// </summary>
internal sealed class LeaderLoop(ApiConnection api, ClusterCaches caches, ClusterOptions options, IReadOnlyList<ILeaderTask> tasks, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan s_settle = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_release = TimeSpan.FromSeconds(2);

    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly string _identity = $"{Environment.MachineName}-{Guid.NewGuid():N}";

    public bool IsLeading { get; private set; }

    public async Task RunAsync(CancellationToken cancel)
    {
        caches.OnChange(Wake);
        var @lock = new LeaseLock(api.Client, options.Namespace, options.Lease, _identity);
        using var elector = new LeaderElector(new LeaderElectionConfig(@lock)
        {
            LeaseDuration = TimeSpan.FromSeconds(15),
            RenewDeadline = TimeSpan.FromSeconds(10),
            RetryPeriod = TimeSpan.FromSeconds(2),
        });
        elector.OnError += fault => logger.LogWarning("leader election: {Fault}", fault.Message);
        try
        {
            await StandAsync(elector, cancel);
        }
        finally
        {
            await ReleaseAsync();
        }
    }

    private async Task StandAsync(LeaderElector elector, CancellationToken cancel)
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
                // It gives up where the API server is away; we stand again when it is back.
                logger.LogWarning("leader election: {Fault}; trying again", fault.Message);
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

    /// <summary>Gives the Lease back, so that nobody has to wait until it runs out. Done at the end, when nothing more is led.</summary>
    private async Task ReleaseAsync()
    {
        using var cap = new CancellationTokenSource(s_release, time);
        var path = $"apis/coordination.k8s.io/v1/namespaces/{options.Namespace}/leases/{options.Lease}";
        try
        {
            using var lease = await api.GetAsync(path, cap.Token);
            if (JsonNode.Parse(lease.RootElement.GetRawText()) is JsonObject document && document["spec"] is JsonObject spec && (string?)spec["holderIdentity"] == _identity)
            {
                spec["holderIdentity"] = "";
                spec["leaseDurationSeconds"] = 1;
                using var written = await api.WriteAsync(HttpMethod.Put, path, document.ToJsonString(), cap.Token);
                logger.LogInformation("gave the Lease back");
            }
        }
        catch (Exception fault) when (fault is ApiException or HttpRequestException or OperationCanceledException)
        {
            logger.LogInformation("the Lease was not given back, and runs out by itself: {Fault}", fault.Message);
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

                await Task.WhenAny(_changed.Reader.WaitToReadAsync(cancel).AsTask(), Task.Delay(tasks.Min(t => t.RunsAgainIn), time, cancel));
                _changed.Reader.TryRead(out _);
                // What changes together is looked at together.
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
        catch (Exception fault) when (!cancel.IsCancellationRequested && fault is ApiException or HttpRequestException or OperationCanceledException)
        {
            logger.LogWarning("{Task}: {Fault}; trying again", task.Name, fault.Message);
        }
        catch (Exception bug) when (!cancel.IsCancellationRequested)
        {
            // Whoever leads keeps the Lease: if one task could end the others, nobody would do their work, and nobody would take over.
            logger.LogError(bug, "{Task}: a bug; trying again", task.Name);
        }
        catch (Exception) when (cancel.IsCancellationRequested)
        {
            // The term is over, and whatever was under way with it.
            throw new OperationCanceledException(cancel);
        }
    }

    /// <summary>A full channel means that a round is due already.</summary>
    private void Wake() => _changed.Writer.TryWrite(true);
}

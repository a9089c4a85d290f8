using System.Text.Json;
using DeployGuard.Rig;

namespace DeployGuard.EndToEnd;

/// <summary>
/// Watches the Deployments of a namespace, each with one pod, and keeps the largest number that was unavailable at the same time.
/// </summary>
internal sealed class RolloutTracker : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<string, bool> _available = [];
    private readonly Lock _lock = new();
    private readonly Task _following;
    private int _maxInFlight;

    public RolloutTracker(JsonApiClient api, string deployments) => _following = api.FollowAsync(deployments, See, See, _stop.Token);

    public int MaxInFlight
    {
        get
        {
            lock (_lock)
            {
                return _maxInFlight;
            }
        }
    }

    public int Completed
    {
        get
        {
            lock (_lock)
            {
                return _available.Count(d => d.Value);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _following;
        _stop.Dispose();
    }

    /// <summary>One list, which is one instant.</summary>
    private void See(IReadOnlyList<JsonElement> deployments)
    {
        lock (_lock)
        {
            _available.Clear();
            deployments.ToList().ForEach(Note);
            Count();
        }
    }

    private void See(string type, JsonElement deployment)
    {
        lock (_lock)
        {
            Note(deployment);
            Count();
        }
    }

    private void Note(JsonElement deployment) =>
        _available[deployment.GetProperty("metadata").GetProperty("name").GetString() ?? ""] =
            deployment.GetProperty("status").TryGetProperty("availableReplicas", out var available) && available.GetInt32() == 1;

    private void Count() => _maxInFlight = Math.Max(_maxInFlight, _available.Count(d => !d.Value));
}

using System.Collections.Concurrent;
using DeployGuard.Core.Evaluation;

namespace DeployGuard.Webhook.Telemetry;

/// <summary>
/// Tells the second of two calls that are one refusal. An API server that updated from its cache takes a refusal as a sign that the
/// cache may be stale: it reads the object again and asks again at once, with another uid. What says something else of its origin is asked by somebody, however fast.
/// </summary>
internal sealed class RetryDeduplicator(TimeProvider time)
{
    private const int MaxRemembered = 4096;
    private static readonly TimeSpan s_window = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<string, long> _refusals = new();

    /// <summary>Whether the same refusal was given a moment ago; remembers it if not.</summary>
    public bool IsRepeated(Verdict refused)
    {
        var request = refused.Evaluated.Request;
        var claims = refused.Evaluated.Origin.Evidence.Where(e => !e.IsCarried).Select(e => $"{e.Source} {e.Key}={e.Value}");
        var key = $"{request.Requester.Username}\n{request.Operation}\n{request.Target}\n{refused.Evaluated.Name}\n{string.Join('\n', claims)}";
        var now = time.GetTimestamp();
        if (_refusals.TryRemove(key, out var before) && time.GetElapsedTime(before, now) < s_window)
        {
            return true;
        }

        if (_refusals.Count >= MaxRemembered)
        {
            _refusals.Clear();
        }

        _refusals[key] = now;
        return false;
    }
}

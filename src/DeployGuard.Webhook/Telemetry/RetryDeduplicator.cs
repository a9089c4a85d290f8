using System.Collections.Concurrent;
using DeployGuard.Core.Evaluation;

namespace DeployGuard.Webhook.Telemetry;

/// <summary>
/// Recognizes the retries of an API server, so that one refusal is counted once. An API server that updated from its cache takes a refusal
/// as a sign of a stale cache: it reads the object and retries at once, with another uid. A request with other claims about its origin is
/// no retry, however fast it comes.
/// </summary>
internal sealed class RetryDeduplicator(TimeProvider time)
{
    private const int MaxRemembered = 4096;
    private static readonly TimeSpan s_window = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<string, long> _refusals = new();

    /// <summary>Whether the same refusal was given within the last 250 ms; remembers it if not.</summary>
    public bool IsRepeated(Verdict refused)
    {
        var request = refused.Evaluated.Request;
        var claims = refused.Evaluated.Origin.Evidence.Where(e => !e.IsCarried).Select(e => $"{e.Source} {e.Key}={e.Value}");
        var key =
            $"{request.Requester.Username}\n{request.Operation}\n{request.Target}\n{refused.Evaluated.Name}\n{string.Join('\n', claims)}";
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

using DeployGuard.Kubernetes.Api;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.Webhooks;

/// <summary>
/// Whether the API server has matchConditions. It is asked, and not guessed from its version: a server without them drops the field, and one may be
/// upgraded while we run.
/// </summary>
internal sealed class Capability(ApiConnection api, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan s_fresh = TimeSpan.FromMinutes(10);

    private DateTimeOffset _asked = DateTimeOffset.MinValue;

    /// <summary>As of the last answer; null before the first.</summary>
    public bool? HasMatchConditions { get; private set; }

    /// <param name="path">Of the configuration, which is written to without anything being stored.</param>
    /// <param name="patch">As it would be written, with matchConditions.</param>
    /// <exception cref="ApiException">The server did not take it, for another reason than these.</exception>
    public async Task<bool> AskAsync(string path, string patch, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        if (HasMatchConditions is { } known && now - _asked < s_fresh && now >= _asked)
        {
            return known;
        }

        var has = await TryAsync(path, patch, cancel);
        if (has != HasMatchConditions)
        {
            logger.LogInformation("the API server {Has} matchConditions", has ? "has" : "has no");
        }

        (HasMatchConditions, _asked) = (has, now);
        return has;
    }

    private async Task<bool> TryAsync(string path, string patch, CancellationToken cancel)
    {
        try
        {
            using var answer = await api.WriteAsync(HttpMethod.Patch, $"{path}?dryRun=All", patch, cancel, "application/merge-patch+json");
            return answer.RootElement.GetProperty("webhooks").EnumerateArray().Any(w => w.TryGetProperty("matchConditions", out _));
        }
        catch (ApiException refused) when (refused.ServerMessage.Contains("matchConditions", StringComparison.Ordinal))
        {
            logger.LogInformation("matchConditions are not used: {Why}", refused.ServerMessage);
            return false;
        }
    }
}

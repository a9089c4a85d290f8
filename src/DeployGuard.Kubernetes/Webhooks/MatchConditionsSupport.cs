using DeployGuard.Kubernetes.Api;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.Webhooks;

/// <summary>
/// Whether the API server supports matchConditions. Detected by a dry run, not guessed from its version: a server without them drops the
/// field, and it may be upgraded while DeployGuard runs.
/// </summary>
internal sealed class MatchConditionsSupport(ApiConnection api, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan s_fresh = TimeSpan.FromMinutes(10);

    private DateTimeOffset _detectedAt = DateTimeOffset.MinValue;

    /// <summary>As last detected; null before that.</summary>
    public bool? IsSupported { get; private set; }

    /// <param name="path">Of the configuration, to which the dry run writes.</param>
    /// <param name="patch">The patch to write, with matchConditions.</param>
    /// <exception cref="ApiException">The server refused the patch for another reason.</exception>
    public async Task<bool> DetectAsync(string path, string patch, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        if (IsSupported is { } known && now - _detectedAt < s_fresh && now >= _detectedAt)
        {
            return known;
        }

        var has = await TryAsync(path, patch, cancel);
        if (has != IsSupported)
        {
            logger.LogInformation("the API server {Supports} matchConditions", has ? "supports" : "does not support");
        }

        (IsSupported, _detectedAt) = (has, now);
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

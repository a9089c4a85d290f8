using System.Net;
using System.Text.Json;

namespace DeployGuard.Kubernetes.Api;

/// <summary>Writes an object only as it was read: of all who write at once, one does, and the others look again.</summary>
internal static class CompareAndSwap
{
    /// <param name="folder">The path of the objects of its kind, without a slash at the end.</param>
    /// <param name="next">What to write, made of what is stored (null where nothing is) and with its resourceVersion; null to leave it as it is.</param>
    /// <exception cref="OperationCanceledException">Time was up before it was written.</exception>
    public static async Task SwapAsync(this ApiConnection api, string folder, string name, Func<JsonElement?, Task<string?>> next, CancellationToken cancel)
    {
        while (true)
        {
            using var stored = await api.FindAsync($"{folder}/{name}", cancel);
            if (await next(stored?.RootElement) is not { } document)
            {
                return;
            }

            try
            {
                using var written = stored is null
                    ? await api.WriteAsync(HttpMethod.Post, folder, document, cancel)
                    : await api.WriteAsync(HttpMethod.Put, $"{folder}/{name}", document, cancel);
                return;
            }
            catch (ApiException lost) when (lost.StatusCode is HttpStatusCode.Conflict)
            {
                // Somebody else wrote meanwhile. The deadline bounds it.
                await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(5, 25)), cancel);
            }
        }
    }
}

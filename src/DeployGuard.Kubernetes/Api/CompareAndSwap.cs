using System.Net;
using System.Text.Json;

namespace DeployGuard.Kubernetes.Api;

/// <summary>
/// Writes an object only if it is as it was read. Of several that write at once one succeeds; the others read it again. A PUT with the
/// resourceVersion that was read, and a POST of an object that somebody else has created since, both end in a Conflict.
/// </summary>
internal static class CompareAndSwap
{
    /// <summary>Tries until it is written.</summary>
    /// <param name="collection">The path of the objects of its kind, without a slash at the end.</param>
    /// <param name="next">
    /// Returns the document to write, from the stored one (null where there is none) and with its resourceVersion; or null to leave it as
    /// it is.
    /// </param>
    /// <exception cref="ApiException">The API server refused it.</exception>
    /// <exception cref="HttpRequestException">It could not be reached.</exception>
    /// <exception cref="OperationCanceledException">Time was up before it was written.</exception>
    public static async Task SwapAsync(
        this ApiConnection api,
        string collection,
        string name,
        Func<JsonElement?, Task<string?>> next,
        CancellationToken cancel
    )
    {
        using var written = await api.SwapAndReadAsync(collection, name, next, WriteTurn.First, cancel);
    }

    /// <summary>The same.</summary>
    /// <param name="turn">Who goes first after a conflict.</param>
    /// <returns>The object as stored; null where nothing was written.</returns>
    /// <inheritdoc cref="SwapAsync"/>
    public static async Task<JsonDocument?> SwapAndReadAsync(
        this ApiConnection api,
        string collection,
        string name,
        Func<JsonElement?, Task<string?>> next,
        WriteTurn turn,
        CancellationToken cancel
    )
    {
        while (true)
        {
            try
            {
                return await api.SwapOnceAsync(collection, name, next, cancel);
            }
            catch (ApiException lost) when (lost.StatusCode is HttpStatusCode.Conflict)
            {
                // The deadline bounds it.
                await Task.Delay(PauseOf(turn), cancel);
            }
        }
    }

    /// <summary>As <see cref="SwapAsync"/>, tried once: for callers with a retry policy of their own.</summary>
    /// <returns>The object as stored; null where nothing was written.</returns>
    /// <exception cref="ApiException">
    /// The API server refused it; with <see cref="HttpStatusCode.Conflict"/> where somebody else wrote first.
    /// </exception>
    /// <exception cref="HttpRequestException">It could not be reached.</exception>
    public static async Task<JsonDocument?> SwapOnceAsync(
        this ApiConnection api,
        string collection,
        string name,
        Func<JsonElement?, Task<string?>> next,
        CancellationToken cancel
    )
    {
        using var stored = await api.FindAsync(ApiPaths.One(collection, name), cancel);
        return await next(stored?.RootElement) is not { } document ? null
            : stored is null ? await api.WriteAsync(HttpMethod.Post, collection, document, cancel)
            : await api.WriteAsync(HttpMethod.Put, ApiPaths.One(collection, name), document, cancel);
    }

    private static TimeSpan PauseOf(WriteTurn turn) =>
        TimeSpan.FromMilliseconds(turn is WriteTurn.First ? Random.Shared.Next(5, 25) : Random.Shared.Next(80, 240));
}

/// <summary>Whose turn it is when several write one object at once.</summary>
internal enum WriteTurn
{
    /// <summary>Somebody waits for the answer: after a conflict it tries again at once.</summary>
    First,

    /// <summary>Nobody waits: after a conflict it leaves time for those for whom somebody does.</summary>
    Background,
}

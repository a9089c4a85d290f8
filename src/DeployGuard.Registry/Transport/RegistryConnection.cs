using System.Net;
using System.Net.Http.Headers;
using DeployGuard.Registry.Access;
using Polly;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace DeployGuard.Registry.Transport;

/// <summary>Sends requests to one registry, and to the hosts that it may send its clients to.</summary>
internal sealed class RegistryConnection : IDisposable
{
    private readonly HttpClient _http;
    private readonly LookupLimits _limits;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _places;
    private readonly CircuitBreakerStateProvider _state = new();
    private readonly ResiliencePipeline<Reply> _pipeline;
    private long _restsUntil;

    public RegistryConnection(RegistrySettings settings, RegistryOptions options, TimeProvider time)
    {
        (Settings, _limits, _time) = (settings, options.Limits, time);
        _places = new SemaphoreSlim(_limits.RequestsPerRegistry);
        _pipeline = Resilience.Of(_limits, time, _state);
        _http = new HttpClient(Handler(settings, options)) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue(options.UserAgent, null));
    }

    public RegistrySettings Settings { get; }

    /// <summary>It failed so often, or asked for a pause, that it is not called now.</summary>
    public bool IsResting => _state.CircuitState is CircuitState.Open or CircuitState.Isolated || RestLeft > TimeSpan.Zero;

    private TimeSpan RestLeft => new DateTimeOffset(Interlocked.Read(ref _restsUntil), TimeSpan.Zero) - _time.GetUtcNow();

    public Uri Url(string path) => new($"{Settings.Scheme}://{Settings.Authority}{path}");

    /// <exception cref="RegistryException">There is no usable answer.</exception>
    public async Task<Reply> SendAsync(Ask ask, CancellationToken cancel)
    {
        if (RestLeft is { Ticks: > 0 } left)
        {
            throw Resting(left);
        }

        // Outside of the timeout: to wait for a place is no failure of the registry.
        await TakePlaceAsync(ask.Holder, cancel);
        ask.Sent?.Invoke();
        try
        {
            var reply = await _pipeline.ExecuteAsync(async inner => await AttemptAsync(ask, inner, cancel), cancel);
            ask.Holder?.Add(reply.Body.Length);
            RestIfAsked(reply);
            return reply;
        }
        catch (BrokenCircuitException e)
        {
            var last = e.InnerException is RegistryException { Message: var why } ? $" ({why})" : "";
            throw new RegistryException(FailureCause.CircuitOpen, $"{Settings.Name} keeps failing{last}, and is left alone for a moment", e)
            {
                RetryAfter = e.RetryAfter,
            };
        }
        catch (TimeoutRejectedException e)
        {
            throw new RegistryException(
                FailureCause.Timeout,
                $"{ask.Url.Authority} did not answer within {_limits.Attempt.TotalSeconds:0.#} s",
                e
            );
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>
    /// A place, and then room for what is read: who waits for a place would otherwise read on, however much is held by then. The place is
    /// given back while there is no room, because the holder that reads on may need it.
    /// </summary>
    private async Task TakePlaceAsync(ContentInFlight.Account? holder, CancellationToken cancel)
    {
        await _places.WaitAsync(cancel);
        while (holder?.Wait() is { } wait)
        {
            _places.Release();
            await wait.WaitAsync(cancel);
            await _places.WaitAsync(cancel);
        }
    }

    private RegistryException Resting(TimeSpan left) =>
        new(FailureCause.RateLimited, $"{Settings.Name} asked not to be called for {Math.Ceiling(left.TotalSeconds):0} s")
        {
            RetryAfter = left,
        };

    private void RestIfAsked(Reply reply)
    {
        if (reply is { Status: 429 or 503, RetryAfter: { } asked })
        {
            var rest = asked < _limits.LongestRest ? asked : _limits.LongestRest;
            Interlocked.Exchange(ref _restsUntil, (_time.GetUtcNow() + rest).UtcTicks);
        }
    }

    /// <param name="cancel">Also at the end of the attempt's time.</param>
    /// <param name="caller">Only when nobody wants the answer any more.</param>
    private async Task<Reply> AttemptAsync(Ask ask, CancellationToken cancel, CancellationToken caller)
    {
        try
        {
            for (var hops = 0; hops <= Redirects.Most; hops++)
            {
                using var request = NewRequest(ask);
                using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
                if (Redirects.Next(response, ask, Settings) is not { } next)
                {
                    return await ReadInTimeAsync(response, ask, cancel, caller);
                }

                ask = next;
            }

            throw new RegistryException(FailureCause.Unexpected, $"{Settings.Name} redirects more than {Redirects.Most} times");
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new RegistryException(FailureCause.Timeout, $"{ask.Url.Authority} could not be connected to in time", e);
        }
        catch (HttpRequestException e)
        {
            throw Failure(e, ask);
        }
        catch (IOException e)
        {
            throw new RegistryException(FailureCause.Network, $"{ask.Url.Authority} ended its answer early: {e.Message}", e);
        }
    }

    private static HttpRequestMessage NewRequest(Ask ask)
    {
        var request = new HttpRequestMessage(ask.EffectiveMethod, ask.Url);
        request.Headers.Authorization = ask.Authorization;
        request.Headers.TryAddWithoutValidation("Accept", ask.Accept);
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        request.Content = ContentOf(ask);
        return request;
    }

    private static HttpContent? ContentOf(Ask ask)
    {
        if (ask.Form is not null)
        {
            return new FormUrlEncodedContent(ask.Form);
        }

        if (ask.Body is not { } body)
        {
            return null;
        }

        var content = new ReadOnlyMemoryContent(body.Content);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(body.MediaType);
        return content;
    }

    /// <summary>
    /// The breaker counts registries that do not answer. Large contents that one image brings may take too long without saying that.
    /// </summary>
    private async Task<Reply> ReadInTimeAsync(HttpResponseMessage response, Ask ask, CancellationToken cancel, CancellationToken caller)
    {
        try
        {
            return await ReadAsync(response, ask, cancel);
        }
        catch (OperationCanceledException e) when (cancel.IsCancellationRequested && !caller.IsCancellationRequested)
        {
            throw new RegistryException(
                FailureCause.Timeout,
                $"{ask.Url.Authority} did not send its whole answer within {_limits.Attempt.TotalSeconds:0.#} s",
                e
            )
            {
                IsOfBody = true,
            };
        }
    }

    private async Task<Reply> ReadAsync(HttpResponseMessage response, Ask ask, CancellationToken cancel) =>
        new(
            (int)response.StatusCode,
            ask.Url,
            response.StatusCode == HttpStatusCode.OK ? await BodyReader.ReadAsync(response, ask.MaxBytes, cancel) : [],
            response.Content.Headers.ContentType?.MediaType ?? "",
            response.Headers.TryGetValues("Link", out var links) ? string.Join(',', links) : null,
            response.Headers.TryGetValues("WWW-Authenticate", out var challenges) ? [.. challenges] : [],
            RetryAfter(response.Headers.RetryAfter)
        )
        {
            Location = response.Headers.TryGetValues("Location", out var locations) ? locations.FirstOrDefault() : null,
            HasSubject = response.Headers.Contains("OCI-Subject"),
        };

    private TimeSpan? RetryAfter(RetryConditionHeaderValue? header)
    {
        var asked = header?.Delta ?? header?.Date - _time.GetUtcNow();
        return asked < TimeSpan.Zero ? TimeSpan.Zero : asked;
    }

    private static RegistryException Failure(HttpRequestException e, Ask ask)
    {
        var why = e.InnerException?.Message ?? e.Message;
        return e.HttpRequestError == HttpRequestError.SecureConnectionError
            ? new RegistryException(
                FailureCause.Tls,
                $"no TLS with {ask.Url.Authority}: {why.TrimEnd('.')}; its authority may be private, or it may speak plain HTTP alone",
                e
            )
            : new RegistryException(FailureCause.Network, $"{ask.Url.Authority} cannot be reached: {why}", e);
    }

    private static SocketsHttpHandler Handler(RegistrySettings settings, RegistryOptions options) =>
        new()
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            Credentials = null,
            Proxy = options.Proxy is null ? null : new ListedProxy(options.Proxy, options.NoProxy),
            UseProxy = options.Proxy is not null,
            SslOptions = Trust.Of(settings.CaBundle),
            ConnectTimeout = options.Limits.Attempt,
            MaxConnectionsPerServer = options.Limits.RequestsPerRegistry,
            MaxResponseHeadersLength = 64,
            // The rest of an answer that is not wanted is not read to the end just to keep a connection.
            MaxResponseDrainSize = 64 * 1024,
            // Addresses of registries change.
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
        };
}

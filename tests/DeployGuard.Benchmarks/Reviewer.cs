using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;

namespace DeployGuard.Benchmarks;

/// <summary>Sends reviews over a number of connections, each answer before the next review, and times the answers.</summary>
internal sealed class Reviewer : IDisposable
{
    private readonly List<HttpClient> _connections;
    private readonly Uri _url;
    private int _next;

    public Reviewer(Uri address, TlsPair tls, int connections)
    {
        _url = new Uri(address, "/admit/workloads?timeout=10s");
        _connections = [.. Enumerable.Range(0, connections).Select(_ => new HttpClient(tls.Handler()))];
    }

    /// <summary>Opens the connections, so that no answer includes a handshake.</summary>
    public Task ConnectAsync(string path) => Task.WhenAll(_connections.Select(c => c.GetAsync(new Uri(_url, path))));

    /// <returns>Milliseconds of every answer.</returns>
    public async Task<IReadOnlyList<double>> SendAsync(IReadOnlyList<VariedReview> reviews, int count)
    {
        var took = new ConcurrentBag<double>();
        var left = count;
        await Task.WhenAll(
            _connections.Select(
                async (client, i) =>
                {
                    // A review is changed in place, so each connection has its own.
                    var own = reviews.Where((_, place) => place % _connections.Count == i).ToList();
                    for (var at = 0; Interlocked.Decrement(ref left) >= 0; at = (at + 1) % own.Count)
                    {
                        took.Add(await SendAsync(client, own[at].Next(Interlocked.Increment(ref _next))));
                    }
                }
            )
        );
        return [.. took];
    }

    public static double Percentile(IEnumerable<double> times, double share)
    {
        var sorted = times.Order().ToList();
        return sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * share))];
    }

    public void Dispose() => _connections.ForEach(c => c.Dispose());

    private async Task<double> SendAsync(HttpClient client, byte[] body)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var began = Stopwatch.GetTimestamp();
        using var answer = await client.PostAsync(_url, content);
        answer.EnsureSuccessStatusCode();
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }
}

using System.Net;
using System.Net.Sockets;

namespace DeployGuard.Registry.Tests.Content;

/// <summary>Answers one request with a body that never ends. On a bare socket: it notices at once when the client goes.</summary>
internal sealed class EndlessServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task<long> _sent;

    public EndlessServer()
    {
        _listener.Start();
        Host = $"{_listener.LocalEndpoint}";
        _sent = Task.Run(SendAsync);
    }

    public string Host { get; }

    /// <summary>Bytes until the client closed the connection.</summary>
    public Task<long> SentAsync() => _sent.WaitAsync(TimeSpan.FromMinutes(1));

    public void Dispose() => _listener.Dispose();

    private async Task<long> SendAsync()
    {
        using var client = await _listener.AcceptTcpClientAsync();
        await using var stream = client.GetStream();
        var (sent, chunk) = (0L, new byte[64 * 1024]);
        await stream.ReadAtLeastAsync(chunk, 1);
        try
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"u8.ToArray());
            while (true)
            {
                await stream.WriteAsync(chunk);
                sent += chunk.Length;
            }
        }
        catch (IOException)
        {
            return sent;
        }
    }
}

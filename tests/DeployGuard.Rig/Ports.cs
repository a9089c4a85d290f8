using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace DeployGuard.Rig;

/// <summary>Ports for the daemons of the tests.</summary>
public static class Ports
{
    // Below the kernel's range for outgoing connections: none of these can take a port before its daemon listens, or while it is restarted.
    private const int First = 10_000;
    private const int Last = 32_000;

    private static readonly ConcurrentDictionary<int, bool> s_given = [];

    /// <summary>A free loopback port, given to one caller only.</summary>
    public static int Free()
    {
        while (true)
        {
            var port = Random.Shared.Next(First, Last);
            if (s_given.TryAdd(port, true) && IsFree(port))
            {
                return port;
            }
        }
    }

    /// <summary>Whether a daemon listens on that loopback port.</summary>
    public static async Task<bool> ListensAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}

using System.Net;
using System.Net.Sockets;

namespace DeployGuard.Rig;

/// <summary>Debian's tinyproxy on loopback: an HTTP proxy that asks for a user and a password.</summary>
public sealed class ForwardProxy : IDisposable
{
    private static readonly TimeSpan s_startUp = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _folder;
    private readonly int _port;
    private readonly Daemon _daemon;

    private ForwardProxy(DirectoryInfo folder, int port, Daemon daemon) => (_folder, _port, _daemon) = (folder, port, daemon);

    public static async Task<ForwardProxy> StartAsync(Toolbox tools, string user, string password)
    {
        var folder = Directory.CreateTempSubdirectory("deployguard-proxy-");
        var port = Ports.Free();
        var settings = Path.Combine(folder.FullName, "tinyproxy.conf");
        await File.WriteAllTextAsync(
            settings,
            $"""
            Port {port}
            Listen 127.0.0.1
            BasicAuth {user} {password}
            LogLevel Connect

            """
        );
        var proxy = new ForwardProxy(folder, port, Daemon.Start("tinyproxy", folder.FullName, tools["tinyproxy"], "-d", "-c", settings));
        await proxy.IsUpAsync();
        return proxy;
    }

    /// <summary>With this user and password.</summary>
    public Uri Url(string user, string password) => new($"http://{user}:{password}@127.0.0.1:{_port}");

    /// <summary>Each host, with its port, that a client asked for.</summary>
    public IReadOnlySet<string> Asked =>
        File.ReadLines(_daemon.Log)
            .Select(line => line.Split(" CONNECT "))
            .Where(parts => parts.Length > 1)
            .Select(parts => parts[1].Split(' ')[0])
            .ToHashSet();

    /// <summary>Stops it during an action.</summary>
    public async Task WhileStoppedAsync(Func<Task> act)
    {
        _daemon.Kill();
        try
        {
            await act();
        }
        finally
        {
            _daemon.Restart();
            await IsUpAsync();
        }
    }

    public void Dispose()
    {
        _daemon.Dispose();
        _folder.Delete(recursive: true);
    }

    private Task IsUpAsync() => _daemon.WaitUntilAsync(() => Ports.ListensAsync(_port), s_startUp);
}

using System.Security.Cryptography.X509Certificates;

namespace DeployGuard.Rig;

/// <summary>Debian's docker-registry on loopback. It has no referrers API.</summary>
public sealed class ImageRegistry : IDisposable
{
    private static readonly TimeSpan s_startUp = TimeSpan.FromSeconds(60);

    private readonly Daemon _daemon;
    private readonly string _folder;

    private ImageRegistry(Daemon daemon, string folder, string host) => (_daemon, _folder, Host) = (daemon, folder, host);

    /// <summary>As image references name it.</summary>
    public string Host { get; }

    /// <param name="certificate">With its key; null for plain HTTP.</param>
    /// <param name="htpasswd">A line of a name and a bcrypt hash; null if everybody may read and write.</param>
    public static async Task<ImageRegistry> StartAsync(Toolbox tools, X509Certificate2? certificate = null, string? htpasswd = null)
    {
        var folder = Directory.CreateTempSubdirectory("deployguard-registry-").FullName;
        var port = Ports.Free();
        var settings = Path.Combine(folder, "config.yml");
        await File.WriteAllTextAsync(settings, Settings(folder, port, certificate is not null, htpasswd is not null));
        await File.WriteAllTextAsync(Path.Combine(folder, "htpasswd"), $"{htpasswd}\n");
        if (certificate is not null)
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "tls.crt"), certificate.ExportCertificatePem());
            using var key = certificate.GetECDsaPrivateKey() ?? throw new ArgumentException("no ECDSA key", nameof(certificate));
            await File.WriteAllTextAsync(Path.Combine(folder, "tls.key"), key.ExportPkcs8PrivateKeyPem());
        }

        var daemon = Daemon.Start("docker-registry", folder, tools["docker-registry"], "serve", settings);
        await daemon.WaitUntilAsync(() => Ports.ListensAsync(port), s_startUp);
        return new ImageRegistry(daemon, folder, $"127.0.0.1:{port}");
    }

    public void Dispose()
    {
        _daemon.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Settings(string folder, int port, bool hasTls, bool hasUsers) =>
        $"""
            version: 0.1
            storage:
              filesystem: {"{"}rootdirectory: {folder}/images{"}"}
            http:
              addr: 127.0.0.1:{port}
              {(hasTls ? $"tls: {{certificate: {folder}/tls.crt, key: {folder}/tls.key}}" : "")}
            {(hasUsers ? $"auth: {{htpasswd: {{realm: registry, path: {folder}/htpasswd}}}}" : "")}

            """;
}

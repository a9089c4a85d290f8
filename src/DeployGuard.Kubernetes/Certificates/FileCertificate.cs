using System.Net.Security;
using System.Text;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.Certificates;

/// <summary>
/// A certificate from given files, read again when their content changes. The content is compared, not the times, because a mounted Secret
/// changes by a symbolic link. If the new version is not usable, that is logged and the old one kept.
/// </summary>
public sealed class FileCertificate : ICertificateSource, IDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(2);

    private readonly (string Certificate, string Key, string Ca) _files;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private string _content;

    /// <exception cref="CertificateProblemException">The files are not usable; the message names the file.</exception>
    public FileCertificate(string certificate, string key, string ca, TimeProvider time, ILogger logger)
    {
        (_files, _time, _logger) = ((certificate, key, ca), time, logger);
        (_content, Current, CaBundle) = Load();
    }

    public SslStreamCertificateContext? Current { get; private set; }

    public byte[]? CaBundle { get; private set; }

    public string? Problem { get; private set; }

    public async Task RunAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(s_interval, _time);
        while (await timer.WaitForNextTickAsync(cancel))
        {
            Reload();
        }
    }

    public void Dispose() => Current?.TargetCertificate.Dispose();

    private void Reload()
    {
        try
        {
            if (Content() == _content)
            {
                Problem = null;
                return;
            }

            // The old certificate is not disposed: handshakes in progress may use it.
            (_content, Current, CaBundle) = Load();
            Problem = null;
            _logger.LogInformation("reloaded the certificate from {File}", _files.Certificate);
        }
        catch (CertificateProblemException problem) when (problem.Message == Problem)
        {
            // Logged already, and nothing has changed since.
        }
        catch (CertificateProblemException problem)
        {
            Problem = problem.Message;
            _logger.LogError("the new certificate is not used, the old one stays: {Problem}", problem.Message);
        }
    }

    private (string Content, SslStreamCertificateContext Certificate, byte[] Ca) Load()
    {
        var (certificate, key, ca) = (Read(_files.Certificate), Read(_files.Key), Read(_files.Ca));
        return (
            Joined(certificate, key, ca),
            CertificatePair.LoadToServe(certificate, key, ca, _files, _time.GetUtcNow()),
            Encoding.UTF8.GetBytes(ca)
        );
    }

    private string Content() => Joined(Read(_files.Certificate), Read(_files.Key), Read(_files.Ca));

    private static string Joined(string certificate, string key, string ca) => $"{certificate}\0{key}\0{ca}";

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CertificateProblemException($"{file}: cannot be read: {fault.Message}", fault);
        }
    }
}

using DeployGuard.Kubernetes.Certificates;
using DeployGuard.Kubernetes.Leader;
using DeployGuard.Kubernetes.Webhooks;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.LeaderTasks;

/// <summary>Renews the certificate that DeployGuard manages, long before it expires, or when an annotation requests it.</summary>
internal sealed class CertificateRenewal(ManagedCertificate certificate, Registration registration, TimeProvider time, ILogger logger)
    : ILeaderTask
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(5);

    private DateTimeOffset _last;

    public string Name => "renewal of the certificate";

    public async Task RunAsync(CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        if (now - _last < s_interval && now >= _last)
        {
            return;
        }

        _last = now;
        try
        {
            await certificate.RenewAsync(registration.PublishedFor, cancel);
        }
        catch (CertificateProblemException problem)
        {
            logger.LogError("{Task}: {Problem}", Name, problem.Message);
        }
    }
}

using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>A real Kestrel on a real socket; the test defines its answers.</summary>
internal static class Loopback
{
    /// <param name="certificate">Called at every handshake; null for plain HTTP.</param>
    public static async Task<WebApplication> ServeAsync(RequestDelegate answer, Func<X509Certificate2>? certificate = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(
                IPAddress.Loopback,
                0,
                listen =>
                {
                    if (certificate is not null)
                    {
                        listen.UseHttps(https => https.ServerCertificateSelector = (_, _) => certificate());
                    }
                }
            )
        );
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync();
        return app;
    }
}

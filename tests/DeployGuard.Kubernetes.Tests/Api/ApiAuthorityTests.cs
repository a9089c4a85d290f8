using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Certificates;
using k8s;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>A cluster changes its CA while DeployGuard runs.</summary>
public class ApiAuthorityTests
{
    private string _file = "";
    private NewCertificate _served = NewCertificate.For(["localhost"], TimeProvider.System.GetUtcNow());

    [SetUp]
    public void Write()
    {
        _file = Path.GetTempFileName();
        File.WriteAllText(_file, _served.CaCertificate);
    }

    [TearDown]
    public void Delete() => File.Delete(_file);

    [Test]
    public async Task AnotherCaIsFollowedWithoutARestart()
    {
        await using var server = await ServeAsync();
        using var connection = Connect(server);
        Assert.That(await ConnectsAsync(connection), Is.True);

        _served = NewCertificate.For(["localhost"], TimeProvider.System.GetUtcNow());
        Assert.That(await ConnectsAsync(connection), Is.False, "this CA is not known yet");

        await File.WriteAllTextAsync(_file, _served.CaCertificate);
        Assert.That(await ConnectsAsync(connection), Is.True);
    }

    [Test]
    public async Task AnotherNameIsNotTheApiServer()
    {
        _served = NewCertificate.For(["elsewhere"], TimeProvider.System.GetUtcNow());
        await File.WriteAllTextAsync(_file, _served.CaCertificate);
        await using var server = await ServeAsync();
        using var connection = Connect(server);

        Assert.That(await ConnectsAsync(connection), Is.False);
    }

    private ApiConnection Connect(WebApplication server) =>
        ApiConnection.Open(new KubernetesClientConfiguration { Host = $"https://localhost:{new Uri(server.Urls.Single()).Port}" }, _file);

    /// <summary>A connection of its own for every call, and so a handshake.</summary>
    private Task<WebApplication> ServeAsync() =>
        Loopback.ServeAsync(
            context =>
            {
                context.Response.Headers.Connection = "close";
                return context.Response.WriteAsync("{}");
            },
            () => _served.Load(TimeProvider.System.GetUtcNow())
        );

    private static async Task<bool> ConnectsAsync(ApiConnection connection)
    {
        try
        {
            using var answer = await connection.GetAsync("api", CancellationToken.None);
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}

using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using DeployGuard.Registry.Access;
using DeployGuard.Registry.References;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Registry.Tests;

/// <summary>A registry over a real socket, with faults at the test's command.</summary>
internal sealed class FakeRegistry : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeRegistry(WebApplication app) => (_app, Host) = (app, new Uri(app.Urls.Single()).Authority);

    /// <summary>As image references name it.</summary>
    public string Host { get; }

    /// <summary>It is listed like this, and no other registry is.</summary>
    public RegistrySettings Settings => new(Host) { PlainHttp = true };

    /// <summary>Manifests by <c>repository/manifests/reference</c>, blobs by <c>repository/blobs/digest</c>.</summary>
    public ConcurrentDictionary<string, (string MediaType, byte[] Content)> Contents { get; } = [];

    /// <summary>The lists of the referrers API, by <c>repository/referrers/digest</c>; null for a registry without it.</summary>
    public ConcurrentDictionary<string, List<string>>? Referrers { get; set; } = [];

    /// <summary>Called first; if it returns false, the request is answered as usual.</summary>
    public Func<HttpContext, Task<bool>>? Own { get; set; }

    /// <summary>Every request.</summary>
    public ConcurrentQueue<Call> Calls { get; } = [];

    /// <param name="certificate">Null for plain HTTP.</param>
    public static async Task<FakeRegistry> StartAsync(X509Certificate2? certificate = null)
    {
        FakeRegistry? registry = null;
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
                        listen.UseHttps(certificate);
                    }
                }
            )
        );
        var app = builder.Build();
        app.Run(context => registry?.AnswerAsync(context) ?? Task.CompletedTask);
        await app.StartAsync();
        return registry = new FakeRegistry(app);
    }

    public PinnedImage Image(string repository, Digest digest) => new(new RepositoryName(Host, repository), digest);

    public IEnumerable<string> Paths => Calls.Select(c => c.Path);

    /// <summary>The next so many requests that fit are answered by this.</summary>
    public void Misbehave(Func<HttpContext, bool> when, Func<HttpContext, Task> answer, int times = int.MaxValue)
    {
        var left = times;
        Own = async context =>
        {
            if (!when(context) || Interlocked.Decrement(ref left) < 0)
            {
                return false;
            }

            await answer(context);
            return true;
        };
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var request = context.Request;
        Calls.Enqueue(
            new Call(request.Method, request.Path, $"{request.QueryString}", $"{request.Headers.Authorization}", $"{request.Host}")
        );
        if (Own is { } own && await own(context))
        {
            return;
        }

        if (await FakeUploads.TakeAsync(this, context))
        {
            return;
        }

        var key = request.Path.Value?["/v2/".Length..] ?? "";
        if (key.Contains("/referrers/", StringComparison.Ordinal) && Referrers is { } referrers)
        {
            await WriteAsync(context, MediaTypesOf.Index, Documents.Index(referrers.GetValueOrDefault(key, [])));
        }
        else if (Contents.TryGetValue(key, out var content))
        {
            await WriteAsync(context, content.MediaType, content.Content);
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            await context.Response.WriteAsync("""{"errors": [{"code": "MANIFEST_UNKNOWN"}]}""");
        }
    }

    private static async Task WriteAsync(HttpContext context, string mediaType, byte[] content)
    {
        context.Response.ContentType = mediaType;
        context.Response.ContentLength = content.Length;
        await context.Response.Body.WriteAsync(content, context.RequestAborted);
    }
}

/// <summary>A request that a registry received.</summary>
internal sealed record Call(string Method, string Path, string Query, string Authorization, string Host);

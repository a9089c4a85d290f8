using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DeployGuard.EndToEnd;

/// <summary>The receiver to which Alertmanager posts its alerts, in place of a pager.</summary>
internal sealed class AlertReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<JsonElement> _alerts = [];

    private AlertReceiver(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.Single());

    public static async Task<AlertReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var receiver = new AlertReceiver(builder.Build());
        receiver._app.MapPost("/", receiver.TakeAsync);
        await receiver._app.StartAsync();
        return receiver;
    }

    /// <summary>Waits for a firing alert, and returns its labels and annotations.</summary>
    public async Task<(JsonElement Labels, JsonElement Annotations)> ReceivedAsync(string name, string? @namespace = null)
    {
        var received = await Rig.Wait.UntilAsync(
            () => Task.FromResult(_alerts.ToArray()),
            alerts => alerts.Any(Matches),
            $"the alert {name}{(@namespace is null ? "" : $" for {@namespace}")} to reach the receiver"
        );
        var alert = received.First(Matches);
        return (alert.GetProperty("labels"), alert.GetProperty("annotations"));

        bool Matches(JsonElement alert) =>
            alert.GetProperty("status").GetString() == "firing"
            && alert.GetProperty("labels").GetProperty("alertname").GetString() == name
            && (
                @namespace is null
                || (alert.GetProperty("labels").TryGetProperty("namespace", out var where) && where.GetString() == @namespace)
            );
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        using var posted = await JsonDocument.ParseAsync(context.Request.Body);
        foreach (var alert in posted.RootElement.GetProperty("alerts").EnumerateArray())
        {
            _alerts.Enqueue(alert.Clone());
        }
    }
}

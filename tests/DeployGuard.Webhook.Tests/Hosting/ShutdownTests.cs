using System.Net;
using DeployGuard.Webhook.Admission;
using DeployGuard.Webhook.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Webhook.Tests;

/// <summary>How a replica shuts down.</summary>
public class ShutdownTests
{
    [Test]
    public async Task AnswersCloseTheirConnectionWhileTheReplicaDrains()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        using var shutdown = new Shutdown(time);
        await using var webhook = await RunningWebhook.StartAsync(new StandaloneAccess(() => []), shutdown: shutdown);

        using var before = await webhook.GetAsync("/readyz");
        Assert.That((before.StatusCode, before.Headers.ConnectionClose), Is.EqualTo((HttpStatusCode.OK, (bool?)null)));

        var drained = shutdown.DrainAsync();
        using var ready = await webhook.GetAsync("/readyz");
        Assert.That((ready.StatusCode, ready.Headers.ConnectionClose), Is.EqualTo((HttpStatusCode.ServiceUnavailable, (bool?)true)));
        using var answered = await webhook.PostAsync("/admit/workloads", Reviews.Scale(3, 2, "7"));
        Assert.That(
            (answered.StatusCode, answered.Headers.ConnectionClose),
            Is.EqualTo((HttpStatusCode.OK, (bool?)true)),
            "still answered"
        );
        Assert.That(shutdown.Requested.IsCompleted, Is.False);

        time.Advance(TimeSpan.FromSeconds(5));
        await drained;
        Assert.That(shutdown.Requested.IsCompleted);
    }
}

using System.Collections.Concurrent;
using System.Net;
using System.Text;
using DeployGuard.Core.Policies;
using DeployGuard.Webhook.Admission;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Webhook.Tests;

/// <summary>Traces and metrics as a collector receives them.</summary>
public class TraceTests
{
    private readonly ConcurrentQueue<(string Path, string Body)> _received = [];

    [Test]
    public async Task EveryAdmissionIsASpanWithItsDecision()
    {
        await using var collector = await CollectAsync();
        var policy = new SafeguardPolicy
        {
            Name = "tier-1",
            Approval = new ApprovalRules { Quorum = [new QuorumLine(["a"], 1)] },
        };
        await using (
            var webhook = await RunningWebhook.StartAsync(new StandaloneAccess(() => [policy]), otlp: new Uri(collector.Urls.Single()))
        )
        {
            await webhook.SendAsync("/admit/workloads", Reviews.Update());
        }

        // The end of the program sends the pending spans.
        var span = _received.Single(r => r.Path == "/v1/traces").Body;
        Assert.That(
            span,
            Does.Contain("deployguard.decision").And.Contain("denied").And.Contain("ApprovalMissing").And.Contain("k8s.namespace.name")
        );
        Assert.That(span, Does.Not.Contain("dana"), "no names of people");
        Assert.That(_received.Where(r => r.Path == "/v1/metrics").Select(r => r.Body), Has.Some.Contains("deployguard_rollouts_denied"));
    }

    private async Task<WebApplication> CollectAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            _received.Enqueue((context.Request.Path.Value ?? "", Encoding.UTF8.GetString(body.ToArray())));
        });
        await app.StartAsync();
        return app;
    }
}

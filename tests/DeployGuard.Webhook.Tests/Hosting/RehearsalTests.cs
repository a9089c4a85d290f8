using System.Diagnostics.Metrics;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Admission;
using DeployGuard.Webhook.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace DeployGuard.Webhook.Tests;

/// <summary>The reviews before readiness go the way of real ones, and leave nothing behind.</summary>
[NonParallelizable]
public class RehearsalTests
{
    [TestCase(0, true)]
    [TestCase(1, false)]
    [TestCase(2, false)]
    public async Task EachReviewIsDecidedInFull(int review, bool isAllowed)
    {
        await using var webhook = await RunningWebhook.StartAsync(new SnapshotAccess(RehearsalReviews.Snapshot(WorkloadReader.Default)));

        var answer = await webhook.SendAsync("/admit/workloads", RehearsalReviews.All[review]);

        Assert.That(answer.GetProperty("allowed").GetBoolean(), Is.EqualTo(isAllowed), answer.GetRawText());
        if (!isAllowed)
        {
            Assert.That(answer.GetProperty("status").GetProperty("message").GetString(), Does.Contain("ApprovalMissing"));
        }
    }

    [Test]
    public async Task NothingOfItIsCounted()
    {
        var counted = new List<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == "deployguard")
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, _, _, _) => counted.Add(instrument.Name));
        listener.Start();
        var rehearsal = new Rehearsal(Options, TimeProvider.System, NullLogger.Instance);
        Assert.That(rehearsal.IsDone, Is.False);

        await rehearsal.RunAsync(CancellationToken.None);

        Assert.That(rehearsal.IsDone, Is.True);
        Assert.That(counted, Is.Empty);
    }

    private static WebhookOptions Options { get; } =
        new()
        {
            Listen = new(System.Net.IPAddress.Loopback, 1),
            MetricsListen = new(System.Net.IPAddress.Loopback, 1),
            Namespace = "deployguard-system",
            ServiceAccount = "deployguard",
            Service = "deployguard",
            Secret = "deployguard-tls",
            WebhookConfiguration = "deployguard",
            Lease = "deployguard-leader",
            TrustedControllers = [],
        };
}

using System.Text;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Telemetry;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Webhook.Tests;

/// <summary>A line for every decision; under load fewer lines for allowed requests, and always one for every refusal.</summary>
public class DecisionLogTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 25, 8, 0, 0, TimeSpan.Zero);

    [Test]
    public async Task UnderLoadOnlyAllowedRequestsAreLeftOutAndCounted()
    {
        var time = new FakeTimeProvider(s_now);
        using var output = new MemoryStream();
        using var log = new DecisionLog(output, time);
        for (var i = 0; i < 1000; i++)
        {
            log.Write(Decided(allowed: true));
            log.Write(Decided(allowed: false));
        }

        time.Advance(TimeSpan.FromSeconds(1));
        log.Write(Decided(allowed: true));
        await log.StartAsync(CancellationToken.None);
        await log.StopAsync(CancellationToken.None);

        var lines = Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(lines.Count(l => l.Contains("\"denied\"", StringComparison.Ordinal)), Is.EqualTo(1000));
        Assert.That(
            lines.Count(l => l.Contains("\"allowed\"", StringComparison.Ordinal)),
            Is.EqualTo(201),
            "200 of the first second, and the one of the next"
        );
        Assert.That((log.SampledOut, log.Lost), Is.EqualTo((800L, 0L)));
    }

    [Test]
    public async Task ASlowReaderLeavesTheLastPlacesForRefusals()
    {
        using var output = new MemoryStream();
        using var log = new DecisionLog(output, new FakeTimeProvider(s_now));
        for (var i = 0; i < 3000; i++)
        {
            log.Write(Decided(allowed: false));
        }

        log.Write(Decided(allowed: true));
        await log.StartAsync(CancellationToken.None);
        await log.StopAsync(CancellationToken.None);

        Assert.That((log.SampledOut, log.Lost), Is.EqualTo((1L, 0L)), "half of the places are for refusals");
    }

    private static Verdict Decided(bool allowed)
    {
        var target = new WorkloadRef("apps", "Deployment", "shop", "web");
        var request = new WorkloadRequest
        {
            Operation = Operation.Update,
            Requester = new Requester("dana", "", []),
            Target = target,
        };
        return new Verdict
        {
            Evaluated = new EvaluatedRequest
            {
                Request = request,
                Classification = new Classification(ChangeType.NewRevision, "another template"),
            },
            Findings = allowed
                ? []
                : [new Violation("tier-1", Mode.Enforce, "Approval", new Finding(Reasons.ApprovalMissing, "", "0 of 1", "ask"))],
        };
    }
}

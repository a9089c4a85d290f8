using System.Text;
using System.Text.Json;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
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

    [Test]
    public void ALineSaysOfAnAllowedChangeWhichSignedReviewStoodInForAnApproval()
    {
        var review = new SignedReview("github:2002", s_now, [new string('a', 64)], ["forge"])
        {
            Person = "erin",
            Counts = "senior-engineers",
        };
        var allowed = Decided(allowed: true) with
        {
            Basis = [$"{review}"],
            Backing = [new SignedBacking("tier-1", IsHuman: false, [review], [])],
        };

        using var line = JsonDocument.Parse(DecisionLine.Of(allowed, s_now));
        Assert.That(line.RootElement.GetProperty("basis")[0].GetString(), Does.StartWith("github:2002 (signed review, key forge"));
        Assert.That(
            line.RootElement.GetProperty("signedReviews")[0].GetRawText(),
            Is.EqualTo(
                """{"policy":"tier-1","approver":"github:2002","person":"erin","counts":"senior-engineers","at":"2026-11-25T08:00:00+00:00" """.TrimEnd()
                    + $$""","statements":["{{new string('a', 64)}}"],"keys":["forge"]}"""
            )
        );
    }

    [Test]
    public void ALineWithoutSignedEvidenceHasNoFieldForIt()
    {
        using var line = JsonDocument.Parse(DecisionLine.Of(Decided(allowed: true), s_now));

        Assert.That(line.RootElement.TryGetProperty("basis", out _), Is.False);
        Assert.That(line.RootElement.TryGetProperty("signedReviews", out _), Is.False);
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

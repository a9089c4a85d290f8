using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Policies;
using DeployGuard.Kubernetes.Cache;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>What the list of policies shows of a policy.</summary>
public class PolicySummaryTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 25, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset s_before = s_now.AddDays(-3);

    [TestCase("{}", "always")]
    [TestCase("""{"from": "2026-12-01T00:00:00Z"}""", "from 2026-12-01T00:00Z")]
    [TestCase("""{"from": "2026-11-01T00:00:00Z"}""", "since 2026-11-01T00:00Z")]
    [TestCase("""{"until": "2026-12-01T00:00:00Z"}""", "until 2026-12-01T00:00Z")]
    [TestCase("""{"from": "2026-10-01T00:00:00Z", "until": "2026-11-01T00:00:00Z"}""", "ended 2026-11-01T00:00Z")]
    public void ThePeriodSaysWhatComesNext(string active, string expected) =>
        Assert.That(Of($$"""{"mode": "Enforce", "active": {{active}} }""").Period, Is.EqualTo(expected));

    [TestCase("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", "on")]
    [TestCase("2026-11-26T00:00:00Z", "2026-12-01T00:00:00Z", "announced")]
    [TestCase("2026-11-29T00:00:00Z", "2026-12-01T00:00:00Z", "planned")]
    [TestCase("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", "over")]
    public void AFreezeIsNamedByItsState(string from, string until, string expected) =>
        Assert.That(
            Of($$"""{"mode": "Enforce", "active": {"from": "{{from}}", "until": "{{until}}"}, "freeze": {} }""").Freeze,
            Is.EqualTo(expected)
        );

    [Test]
    public void ABudgetIsShownWithItsScope() =>
        Assert.That(Of("""{"mode": "Warn", "budget": {"maxConcurrentRollouts": 3} }""").Budget, Is.EqualTo("3 per Namespace"));

    [TestCase("""{"mode": "Enforce"}""", true)]
    [TestCase("{}", true, Description = "a stored policy without a mode enforces")]
    [TestCase("""{"mode": "Warn"}""", false)]
    [TestCase("""{"mode": "Enforce", "active": {"from": "2026-12-01T00:00:00Z"} }""", false)]
    public void OnlyAPolicyThatEnforcesNowHasATimeSinceWhich(string spec, bool enforces)
    {
        Assert.That(Of(spec, s_before).EnforcedSince, Is.EqualTo(enforces ? s_before : null));
        Assert.That(Of(spec).EnforcedSince, Is.EqualTo(enforces ? s_now : null));
    }

    [Test]
    public void WhatIsWrittenIsReadBack()
    {
        var summary = Of(
            """{"mode": "Enforce", "active": {"until": "2026-12-01T00:00:00Z"}, "freeze": {}, "budget": {"maxConcurrentRollouts": 3} }"""
        );
        var status = new JsonObject();
        summary.Write(status);

        Assert.That(PolicySummary.Read(JsonSerializer.SerializeToElement(status)), Is.EqualTo(summary));
    }

    [Test]
    public void WhatNoLongerAppliesIsRemoved()
    {
        var status = new JsonObject
        {
            ["freeze"] = "on",
            ["enforcedSince"] = "2026-11-01T00:00:00Z",
            ["adopted"] = new JsonArray(),
        };
        Of("""{"mode": "Audit"}""").Write(status);

        Assert.That(status.Select(m => m.Key), Is.EquivalentTo(new[] { "namespaces", "period", "adopted" }));
    }

    private static PolicySummary Of(string spec, DateTimeOffset? since = null) =>
        PolicySummary.Of(
            PolicyReader.Read(JsonDocument.Parse($$"""{"metadata": {"name": "p"}, "spec": {{spec}} }""").RootElement),
            2,
            since,
            s_now
        );
}

using System.Text.Json.Nodes;
using DeployGuard.Cluster.Records;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Origins;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cluster.Tests;

/// <summary>What accumulates on a Change, and what never goes back.</summary>
public class ChangeDocumentTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    private static readonly ChangeEntry s_asked = new()
    {
        Name = "deployment-web-1",
        Workload = new WorkloadRef("apps", "Deployment", "shop", "web"),
        TemplateHash = "v1:0",
        Phase = Phase.Pending,
        Images = [new ImageChange("spec.template.spec.containers[0].image", "web:1", "web:2")],
        Origin = new Origin(OriginKind.AiAssisted, "claude-code", ["zoe"], [new Evidence("annotation", "deployguard.io/ai-tool", "claude-code")]),
        Requester = "dana",
    };

    [Test]
    public void WhatIsWrittenIsReadBack()
    {
        var change = Read(ChangeDocument.Merge(null, s_asked, s_now));

        Assert.That(change?.Workload, Is.EqualTo(s_asked.Workload));
        Assert.That(change?.Requesters, Is.EqualTo(new[] { "dana" }));
        Assert.That(change?.Evidence, Is.EqualTo(s_asked.Origin.Evidence));
        Assert.That(change?.Images, Is.EqualTo(new[] { "web:2" }));
        Assert.That(change?.Phase, Is.EqualTo(Phase.Pending));
    }

    [Test]
    public void RequestersAndEvidenceAccumulate()
    {
        var document = ChangeDocument.Merge(null, s_asked, s_now);
        ChangeDocument.Merge(document, s_asked with { Requester = "erin", Origin = Origin.NothingKnown with { Evidence = s_asked.Origin.Evidence } }, s_now);
        ChangeDocument.Merge(document, s_asked, s_now.AddMinutes(1));

        Assert.That(Read(document)?.Requesters, Is.EqualTo(new[] { "dana", "erin" }));
        Assert.That(Read(document)?.Evidence, Has.Count.EqualTo(1));
        Assert.That((int?)document["status"]?["requesters"]?[0]?["count"], Is.EqualTo(2));
    }

    [TestCase(Phase.Pending, Phase.Admitted, Phase.Admitted)]
    [TestCase(Phase.Admitted, Phase.Pending, Phase.Admitted)]
    [TestCase(Phase.Completed, Phase.Admitted, Phase.Completed)]
    [TestCase(Phase.Running, Phase.Completed, Phase.Completed)]
    [TestCase(Phase.Proven, Phase.Completed, Phase.Proven)]
    public void APhaseOnlyAdvances(Phase stored, Phase asked, Phase expected)
    {
        var document = ChangeDocument.Merge(null, s_asked with { Phase = stored }, s_now);
        ChangeDocument.Merge(document, s_asked with { Phase = asked }, s_now);

        Assert.That(Read(document)?.Phase, Is.EqualTo(expected));
    }

    [Test]
    public void AFloodOfRequestersIsCapped()
    {
        var document = ChangeDocument.Merge(null, s_asked, s_now);
        for (var i = 0; i < 100; i++)
        {
            ChangeDocument.Merge(document, s_asked with { Requester = $"user{i}" }, s_now);
        }

        Assert.That(Read(document)?.Requesters, Has.Count.EqualTo(20));
    }

    [Test]
    public void NoEmptyTextIsWritten() =>
        Assert.That(ChangeDocument.Merge(null, s_asked with { Workload = s_asked.Workload with { ApiGroup = "" }, Requester = "" }, s_now).ToJsonString(), Does.Not.Contain(":\"\""));

    private static RecordedChange? Read(JsonObject document) => ChangeJson.ReadOrNull(System.Text.Json.JsonSerializer.SerializeToElement(document));
}

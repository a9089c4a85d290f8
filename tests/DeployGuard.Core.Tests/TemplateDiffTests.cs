using System.Text.Json.Nodes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>What an approver is shown of a change.</summary>
public class TemplateDiffTests
{
    [Test]
    public void WhatChangedIsNamedByItsPath() => Assert.That(
        Between(Some.Deployment(), Some.Deployment(Some.OtherImage)),
        Is.EqualTo(new[] { $"spec.containers[0].image: {Some.Image[..60]}... -> {Some.OtherImage[..60]}..." }));

    [Test]
    public void OfSomethingNewEverythingIsNew()
    {
        var lines = Between(null, Some.Deployment().With("spec/template/spec/containers/0/command", """["sh", "-c"]"""));

        Assert.That(lines, Does.Contain("spec.containers[0].command[0]: (absent) -> sh").And.Contain("metadata.labels.app: (absent) -> web"));
    }

    [Test]
    public void TwentyLabelsDoNotHideAnotherCommand()
    {
        var labels = new JsonObject(Enumerable.Range(0, 30).Select(i => KeyValuePair.Create($"a{i}", (JsonNode?)"x")));

        var lines = Between(Some.Deployment(), Some.Deployment().With("spec/template/metadata/labels", labels.ToJsonString()).With("spec/template/spec/containers/0/command", """["sh"]"""));

        Assert.That(lines[0], Is.EqualTo("spec.containers[0].command[0]: (absent) -> sh"));
        Assert.That(lines[^1], Is.EqualTo("... and 12 more"));
    }

    [Test]
    public void AnotherClaimIsShown()
    {
        JsonObject Set(string size) => Some.Parse(Some.Deployment().ToJsonString()).With("kind", "\"StatefulSet\"").With(
            "spec/volumeClaimTemplates", $$$"""[{"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "{{{size}}}"} } } }]""");

        Assert.That(
            Between(Set("1Gi"), Set("2Gi")), Is.EqualTo(new[] { "volumeClaimTemplates[0].spec.resources.requests.storage: 1Gi -> 2Gi" }));
    }

    private static IReadOnlyList<string> Between(JsonObject? before, JsonObject after) => TemplateDiff.Between(before?.Read().Template.Canonical, after.Read().Template.Canonical);
}

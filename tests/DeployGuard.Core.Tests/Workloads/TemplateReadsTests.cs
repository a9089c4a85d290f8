using System.Text.Json.Nodes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>Metadata that a pod reads can change its behaviour, so it is part of the hash whatever its key is for.</summary>
public class TemplateReadsTests
{
    private const string RestartedAt = "kubectl.kubernetes.io/restartedAt";
    private const string Time = "2026-11-23T10:00:00Z";

    [TestCase("metadata.annotations", TestName = "{m}(the whole map)")]
    [TestCase("metadata.annotations['deployguard.io/run']", TestName = "{m}(this key)")]
    [TestCase("metadata.annotations['another']", TestName = "{m}(another key)")]
    [TestCase("metadata.annotations[\\\"deployguard.io/run\\\"]", TestName = "{m}(double quotes)")]
    [TestCase(" metadata.Annotations", TestName = "{m}(in another spelling)")]
    public void OneReadOfAnnotationsMakesAllOfThemCount(string fieldPath)
    {
        foreach (var reader in Readers(fieldPath))
        {
            string Hash(string key, string value) => Annotated(reader, key, value).Read().Template.Hash;

            Assert.Multiple(() =>
            {
                Assert.That(Hash("deployguard.io/run", "this"), Is.Not.EqualTo(Hash("deployguard.io/run", "that")), reader.Key);
                Assert.That(Hash(RestartedAt, "sh -c this"), Is.Not.EqualTo(Hash(RestartedAt, "sh -c that")), reader.Key);
                Assert.That(
                    Hash(RestartedAt, "2026-11-23T10:00:00Z"),
                    Is.EqualTo(Hash(RestartedAt, "2026-11-24T11:00:00+01:00")),
                    $"{reader.Key}: a restart stays one"
                );
            });
        }
    }

    [TestCase("metadata.labels")]
    [TestCase("metadata.labels['app']")]
    public void OneReadOfLabelsMakesAllOfThemCount(string fieldPath)
    {
        foreach (var reader in Readers(fieldPath))
        {
            string Hash(string key, string value) =>
                Some.Deployment()
                    .With(reader.Key, reader.Value)
                    .With("spec/template/metadata/labels", $$"""{"app": "web", "{{key}}": "{{value}}"}""")
                    .Read()
                    .Template.Hash;

            Assert.Multiple(() =>
            {
                Assert.That(Hash("helm.sh/chart", "web-1"), Is.Not.EqualTo(Hash("helm.sh/chart", "web-2")), reader.Key);
                Assert.That(Hash("app.kubernetes.io/version", "1"), Is.Not.EqualTo(Hash("app.kubernetes.io/version", "2")), reader.Key);
            });
        }
    }

    [Test]
    public void ReadOfLabelsDoesNotMakeAnnotationsCount()
    {
        string Hash(string value) => Annotated(Readers("metadata.labels").First(), "deployguard.io/ai-tool", value).Read().Template.Hash;

        Assert.That(Hash("this"), Is.EqualTo(Hash("that")));
    }

    [TestCase("metadata.name")]
    [TestCase("status.podIP")]
    public void ReadOfOtherFieldsKeepsNoiseOutOfTheHash(string fieldPath)
    {
        string Hash(string value) => Annotated(Readers(fieldPath).First(), "deployguard.io/ai-tool", value).Read().Template.Hash;

        Assert.That(Hash("this"), Is.EqualTo(Hash("that")));
    }

    [TestCase("2026-11-23T10:00:00Z", true)]
    [TestCase("2026-11-23T10:00:00.123456789+05:30", true)]
    [TestCase("2026-11-23T10:00:00.1234567890Z", false)]
    [TestCase("2026-11-23 10:00:00Z", false)]
    [TestCase("2026-11-23T10:00:00", false)]
    [TestCase("2026-13-23T10:00:00Z", false)]
    [TestCase("2026-11-23T10:00:00Z\n", false)]
    [TestCase("$(date)", false)]
    [TestCase("", false)]
    public void RestartTimeMustBeATime(string value, bool expected) => Assert.That(RestartTime.IsTime(value), Is.EqualTo(expected));

    [TestCase(-11, false)]
    [TestCase(-9, true)]
    [TestCase(0, true)]
    [TestCase(9, true)]
    [TestCase(11, false)]
    public void ATimeIsCloseWithinTenMinutes(int minutes, bool expected) =>
        Assert.That(
            RestartTime.IsClose(Some.Now.AddMinutes(minutes).ToString("yyyy-MM-ddTHH:mm:ssZ", null), Some.Now),
            Is.EqualTo(expected)
        );

    [Test]
    public void InvalidTimeIsNotClose() => Assert.That(RestartTime.IsClose("now", Some.Now), Is.False);

    [Test]
    public void ATemplateSaysWhetherItsAnnotationsAreReadAndWhenItWasRestarted()
    {
        var reads = Annotated(Readers("metadata.annotations").Last(), RestartedAt, Time).Read();
        var doesNot = Some.Deployment().With("spec/template/metadata/annotations", $$"""{"{{RestartedAt}}": "{{Time}}"}""").Read();

        Assert.Multiple(() =>
        {
            Assert.That(reads.Template.ReadsAnnotations);
            Assert.That(reads.Template.RestartTimes, Is.EqualTo(new Dictionary<string, string> { [RestartedAt] = Time }));
            Assert.That(reads.WithoutDocument().Template.RestartTimes, Has.Count.EqualTo(1), "the compact form still knows the time");
            Assert.That(doesNot.Template.ReadsAnnotations, Is.False);
            Assert.That(doesNot.WithoutDocument().Template.RestartTimes, Is.Empty, "not needed");
        });
    }

    /// <summary>The ways in which a pod template can read its metadata.</summary>
    private static IEnumerable<KeyValuePair<string, string>> Readers(string fieldPath)
    {
        var env = $$$"""[{"name": "A", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "{{{fieldPath}}}"} } }]""";
        var container = $$"""[{"name": "x", "image": "{{Some.Image}}", "env": {{env}} }]""";
        var item = $$$"""{"items": [{"path": "a", "fieldRef": {"fieldPath": "{{{fieldPath}}}"} }]}""";
        yield return new("spec/template/spec/containers/0/env", env);
        yield return new("spec/template/spec/initContainers", container);
        yield return new("spec/template/spec/ephemeralContainers", container);
        yield return new("spec/template/spec/volumes", $$"""[{"name": "v", "downwardAPI": {{item}} }]""");
        yield return new("spec/template/spec/volumes", $$"""[{"name": "v", "projected": {"sources": [{"downwardAPI": {{item}} }] } }]""");
    }

    private static JsonObject Annotated(KeyValuePair<string, string> reader, string key, string value) =>
        Some.Deployment().With(reader.Key, reader.Value).With("spec/template/metadata/annotations", $$"""{"{{key}}": "{{value}}"}""");
}

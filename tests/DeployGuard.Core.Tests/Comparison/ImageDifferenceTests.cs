using System.Text.Json;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>Signed reviews speak for images alone, so everything else that a template changes must show.</summary>
public class ImageDifferenceTests
{
    private const string Sidecar = """{"name": "log", "image": "log:1"}""";

    [Test]
    public void ChangedImagesAreNamedInTheirPlaces()
    {
        var changed = Between(
            $$"""
            {"metadata": {"labels": {"app": "web"} },
             "spec": {"initContainers": [{"name": "init", "image": "init:1"}], "containers": [{"name": "web", "image": "web:1"}, {{Sidecar}}],
                      "volumes": [{"name": "m", "image": {"reference": "model:1", "pullPolicy": "Always"} }] } }
            """,
            $$"""
            {"metadata": {"labels": {"app": "web"} },
             "spec": {"volumes": [{"name": "m", "image": {"pullPolicy": "Always", "reference": "model:2"} }],
                      "containers": [{"image": "web:2", "name": "web"}, {{Sidecar}}], "initContainers": [{"name": "init", "image": "init:2"}] } }
            """
        );

        Assert.That(
            changed?.Select(c => (c.From, c.To)),
            Is.EquivalentTo([("web:1", "web:2"), ("init:1", "init:2"), ("model:1", "model:2")]),
            "the order of fields does not matter"
        );
    }

    [Test]
    public void TheSameTemplateHasNoChangedImage() =>
        Assert.That(Between(Pod($$"""{"containers": [{{Sidecar}}]}"""), Pod($$"""{"containers": [{{Sidecar}}]}""")), Is.Empty);

    [TestCase("""{"containers": [{"name": "web", "image": "web:2", "args": ["x"]}]}""", TestName = "{m}(a further field)")]
    [TestCase("""{"containers": [{"name": "other", "image": "web:1"}]}""", TestName = "{m}(another name)")]
    [TestCase("""{"containers": [{"name": "web"}]}""", TestName = "{m}(no image)")]
    [TestCase("""{"containers": [{"name": "web", "image": ["web:1"]}]}""", TestName = "{m}(an image that is no text)")]
    [TestCase("""{"containers": []}""", TestName = "{m}(no container)")]
    [TestCase(
        """{"containers": [{"name": "web", "image": "web:1"}, {"name": "x", "image": "x:1"}]}""",
        TestName = "{m}(one container more)"
    )]
    [TestCase("""{"containers": {"name": "web", "image": "web:1"}}""", TestName = "{m}(no list)")]
    [TestCase("""{"containers": [{"name": "web", "image": "web:1"}], "hostPID": true}""", TestName = "{m}(a field of the pod)")]
    [TestCase("""{"initContainers": [{"name": "web", "image": "web:1"}]}""", TestName = "{m}(another place)")]
    [TestCase("""{"ephemeralContainers": [{"name": "web", "image": "web:1"}]}""", TestName = "{m}(a place that is not known)")]
    public void EverythingElseIsADifference(string spec) =>
        Assert.Multiple(() =>
        {
            const string Running = """{"containers": [{"name": "web", "image": "web:1"}]}""";
            Assert.That(Between(Pod(Running), Pod(spec)), Is.Null);
            Assert.That(Between(Pod(spec), Pod(Running)), Is.Null);
        });

    [Test]
    public void AnImageElsewhereIsNoImage() =>
        Assert.That(
            Between(
                Pod("""{"containers": [{"name": "web", "env": [{"name": "image", "value": "a"}]}], "image": "x"}"""),
                Pod("""{"containers": [{"name": "web", "env": [{"name": "image", "value": "a"}]}], "image": "y"}""")
            ),
            Is.Null
        );

    [Test]
    public void ClaimTemplatesAreCompared()
    {
        var pod = JsonDocument.Parse(Pod($$"""{"containers": [{{Sidecar}}]}""")).RootElement;
        CanonicalTemplate With(string claim) =>
            CanonicalTemplate.Of(
                pod,
                TemplateHolder.None,
                JsonDocument.Parse($$"""[{"metadata": {"name": "{{claim}}"}, "spec": {} }]""").RootElement,
                TemplateNoise.Default
            );

        Assert.Multiple(() =>
        {
            Assert.That(ImageDifference.Between(With("a"), With("b")), Is.Null);
            Assert.That(ImageDifference.Between(With("a"), With("a")), Is.Empty);
        });
    }

    private static string Pod(string spec) => $$"""{"spec": {{spec}} }""";

    private static IReadOnlyList<ChangedImage>? Between(string before, string after) =>
        ImageDifference.Between(Canonical(before), Canonical(after));

    private static CanonicalTemplate Canonical(string template) =>
        CanonicalTemplate.Of(JsonDocument.Parse(template).RootElement, TemplateNoise.Default);
}

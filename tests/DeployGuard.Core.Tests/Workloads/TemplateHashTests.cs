using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

public class TemplateHashTests
{
    private static readonly string s_hash = Some.Deployment().Read().Template.Hash;

    [Test]
    public void AHashIsVersionedAndSixtyFourHexDigits() => Assert.That(s_hash, Does.Match("^v2:[0-9a-f]{64}$"));

    [TestCase("spec/template/metadata/annotations", """{"kubectl.kubernetes.io/restartedAt": "2026-11-23T10:00:00Z"}""")]
    [TestCase("spec/template/metadata/annotations", """{"deployguard.io/ai-assisted": "true", "deployguard.io/authors": "alice"}""")]
    [TestCase("spec/template/metadata/annotations", "{}")]
    [TestCase("spec/template/metadata/creationTimestamp", "null")]
    [TestCase("spec/template/metadata/finalizers", "[]")]
    [TestCase("spec/template/metadata/labels/app.kubernetes.io~version", "\"2\"")]
    [TestCase("spec/template/spec/nodeSelector", "null")]
    [TestCase("spec/replicas", "17")]
    public void FieldsWithoutEffectOnThePodDoNotChangeTheHash(string path, string json) =>
        Assert.That(With(path, json), Is.EqualTo(s_hash));

    [TestCase("spec/template/metadata/finalizers", """["example.com/keep"]""")]
    [TestCase("spec/template/metadata/labels/app", "\"other\"")]
    [TestCase("spec/template/metadata/labels/pod-template-hash", "\"5f4f6787bc\"")]
    [TestCase("spec/template/metadata/labels/controller-revision-hash", "\"web-5f4f6787bc\"")]
    [TestCase("spec/template/metadata/labels/batch.kubernetes.io~job-name", "\"x\"")]
    [TestCase("spec/template/metadata/annotations", """{"batch.kubernetes.io/job-completion-index": "1"}""")]
    [TestCase("spec/template/metadata/annotations", """{"prometheus.io/scrape": "true"}""")]
    [TestCase("spec/template/spec/serviceAccountName", "\"admin\"")]
    [TestCase("spec/template/spec/containers/0/env", """[{"name": "A", "value": "1"}]""")]
    [TestCase("spec/template/spec/containers/0/command", """["sh"]""")]
    [TestCase("spec/template/spec/volumes", """[{"name": "v", "emptyDir": {}}]""")]
    [TestCase("spec/template/spec/fromTheFuture", "true")]
    [TestCase("spec/template/spec/containers/0/fromTheFuture", """{"a": [1]}""")]
    public void FieldsWithEffectOnThePodChangeTheHash(string path, string json) => Assert.That(With(path, json), Is.Not.EqualTo(s_hash));

    [Test]
    public void TheOrderOfKeysDoesNotMatter()
    {
        var one = Some.Parse("""{"metadata": {}, "spec": {"a": 1, "b": {"c": [1, {"d": 2, "e": 3}]}}}""").Element();
        var other = Some.Parse("""{"spec": {"b": {"c": [1, {"e": 3, "d": 2}]}, "a": 1}, "metadata": {}}""").Element();

        Assert.That(
            CanonicalTemplate.Of(one, TemplateNoise.Default).Hash,
            Is.EqualTo(CanonicalTemplate.Of(other, TemplateNoise.Default).Hash)
        );
    }

    [Test]
    public void TheOrderOfContainersMatters()
    {
        var one = Some.Parse("""{"spec": {"containers": [{"name": "a"}, {"name": "b"}]}}""").Element();
        var other = Some.Parse("""{"spec": {"containers": [{"name": "b"}, {"name": "a"}]}}""").Element();

        Assert.That(
            CanonicalTemplate.Of(one, TemplateNoise.Default).Hash,
            Is.Not.EqualTo(CanonicalTemplate.Of(other, TemplateNoise.Default).Hash)
        );
    }

    private static string With(string path, string json) => Some.Deployment().With(path, json).Read().Template.Hash;
}

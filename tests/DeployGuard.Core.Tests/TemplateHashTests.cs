using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

public class TemplateHashTests
{
    private static readonly string s_hash = Some.Deployment().Read().Template.Hash;

    [Test]
    public void AHashIsVersionedAndSixtyFourHexDigits() => Assert.That(s_hash, Does.Match("^v1:[0-9a-f]{64}$"));

    [TestCase("spec/template/metadata/annotations", """{"kubectl.kubernetes.io/restartedAt": "2026-11-23T10:00:00Z"}""")]
    [TestCase("spec/template/metadata/annotations", """{"deployguard.io/ai-assisted": "true", "deployguard.io/authors": "alice"}""")]
    [TestCase("spec/template/metadata/annotations", "{}")]
    [TestCase("spec/template/metadata/creationTimestamp", "null")]
    [TestCase("spec/template/metadata/labels/pod-template-hash", "\"5f4f6787bc\"")]
    [TestCase("spec/template/metadata/labels/controller-revision-hash", "\"web-1\"")]
    [TestCase("spec/template/metadata/labels/batch.kubernetes.io~job-name", "\"x\"")]
    [TestCase("spec/template/metadata/labels/app.kubernetes.io~version", "\"2\"")]
    [TestCase("spec/template/spec/nodeSelector", "null")]
    [TestCase("spec/replicas", "17")]
    public void WhatDoesNotChangeWhatRunsDoesNotChangeTheHash(string path, string json) =>
        Assert.That(With(path, json), Is.EqualTo(s_hash));

    [TestCase("spec/template/metadata/labels/app", "\"other\"")]
    [TestCase("spec/template/metadata/annotations", """{"prometheus.io/scrape": "true"}""")]
    [TestCase("spec/template/spec/serviceAccountName", "\"admin\"")]
    [TestCase("spec/template/spec/containers/0/env", """[{"name": "A", "value": "1"}]""")]
    [TestCase("spec/template/spec/containers/0/command", """["sh"]""")]
    [TestCase("spec/template/spec/volumes", """[{"name": "v", "emptyDir": {}}]""")]
    public void WhatChangesWhatRunsChangesTheHash(string path, string json) => Assert.That(With(path, json), Is.Not.EqualTo(s_hash));

    [TestCase("annotations", "kubectl.kubernetes.io/restartedAt", true)]
    [TestCase("annotations", "deployguard.io/ai-tool", true)]
    [TestCase("labels", "app.kubernetes.io/version", true)]
    [TestCase("labels", "pod-template-hash", false)]
    public void NoiseThatAContainerReadsIsWhatRuns(string map, string key, bool expected)
    {
        string Hash(string value) => Some.Deployment()
            .With("spec/template/spec/containers/0/env", $$$"""[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.{{{map}}}['{{{key}}}']"} } }]""")
            .With($"spec/template/metadata/{map}", $$"""{"app": "web", "{{key}}": "{{value}}"}""").Read().Template.Hash;

        Assert.That(Hash("sh -c this") != Hash("sh -c that"), Is.EqualTo(expected));
    }

    [Test]
    public void TheOrderOfKeysDoesNotMatter()
    {
        var one = Some.Parse("""{"metadata": {}, "spec": {"a": 1, "b": {"c": [1, {"d": 2, "e": 3}]}}}""").Element();
        var other = Some.Parse("""{"spec": {"b": {"c": [1, {"e": 3, "d": 2}]}, "a": 1}, "metadata": {}}""").Element();

        Assert.That(CanonicalTemplate.Of(one, TemplateNoise.Default).Hash, Is.EqualTo(CanonicalTemplate.Of(other, TemplateNoise.Default).Hash));
    }

    [Test]
    public void TheOrderOfContainersMatters()
    {
        var one = Some.Parse("""{"spec": {"containers": [{"name": "a"}, {"name": "b"}]}}""").Element();
        var other = Some.Parse("""{"spec": {"containers": [{"name": "b"}, {"name": "a"}]}}""").Element();

        Assert.That(CanonicalTemplate.Of(one, TemplateNoise.Default).Hash, Is.Not.EqualTo(CanonicalTemplate.Of(other, TemplateNoise.Default).Hash));
    }

    [Test]
    public void APodIsHashedWithoutWhatAdmissionAndTheSchedulerAdd()
    {
        const string Bare = """
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "a", "image": "x"}]}}
            """;
        const string Admitted = """
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "uid": "u"}, "spec": {"nodeName": "n1", "priority": 0,
             "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}],
             "volumes": [{"name": "kube-api-access-x7k2p", "projected": {"defaultMode": 420, "sources": [
               {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
               {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
               {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}}]}}],
             "containers": [{"name": "a", "image": "x", "volumeMounts": [
               {"name": "kube-api-access-x7k2p", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true}]}]}}
            """;

        Assert.That(Some.Parse(Admitted).Read().Template.Hash, Is.EqualTo(Some.Parse(Bare).Read().Template.Hash));
    }

    [TestCase("kube-api-access-x", """ "hostPath": {"path": "/"} """)]
    [TestCase("kube-api-access-x", """ "secret": {"secretName": "other"} """)]
    [TestCase("kube-api-access-x", """ "projected": {"sources": [{"secret": {"name": "other"}}]} """)]
    [TestCase("kube-api-access-x", """ "projected": {"sources": [{"serviceAccountToken": {"audience": "vault", "path": "token"}}]} """)]
    [TestCase("x-token-y", """ "secret": {"secretName": "other-sa-token"} """)]
    [TestCase("default-token-x7k2p", """ "secret": {"secretName": "default-token-x7k2p"} """)]
    public void AVolumeInTheTokensPlaceIsPartOfThePodUnlessItIsTheToken(string name, string what)
    {
        var bare = Some.Parse("""{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "a", "image": "x"}]}}""");
        var disguised = Some.Parse($$"""
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {
             "volumes": [{"name": "{{name}}", {{what}} }],
             "containers": [{"name": "a", "image": "x", "volumeMounts": [{"name": "{{name}}", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true}] }] } }
            """);

        Assert.That(disguised.Read().Template.Hash, Is.Not.EqualTo(bare.Read().Template.Hash));
    }

    [Test]
    public void AVolumeThatOnlyLooksLikeATokenIsPartOfThePod()
    {
        const string Bare = """
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "a", "image": "x"}]}}
            """;
        const string Disguised = """
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {
             "volumes": [{"name": "kube-api-access-fake", "hostPath": {"path": "/"}}],
             "containers": [{"name": "a", "image": "x", "volumeMounts": [{"name": "kube-api-access-fake", "mountPath": "/host"}]}]}}
            """;

        Assert.That(Some.Parse(Disguised).Read().Template.Hash, Is.Not.EqualTo(Some.Parse(Bare).Read().Template.Hash));
    }

    private static string With(string path, string json) => Some.Deployment().With(path, json).Read().Template.Hash;
}

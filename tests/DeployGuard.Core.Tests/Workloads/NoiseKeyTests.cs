using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>Which keys the chart's values may leave out of the hash, and which they may not.</summary>
public class NoiseKeyTests
{
    private static readonly WorkloadReader s_reader = new(
        WorkloadKinds.BuiltIn,
        new TemplateNoise(["rollme"], ["example.com/build"]),
        InjectionTable.BuiltIn
    );

    [TestCase("openbao.org/log-level")]
    [TestCase("org.infisical.com/x")]
    [TestCase("telegraf.influxdata.com/class")]
    [TestCase("secrets-webhook.security.bank-vaults.io/vault-addr")]
    public void AnnotationsReadByAKnownInjectorAreNoNoise(string key) =>
        Assert.That(NoiseKey.ProblemOfAnnotation(key), Does.StartWith("is read by more than people"));

    [TestCase("kubectl.kubernetes.io/restartedAt", "2026-11-23T10:00:00Z")]
    [TestCase("reloader.stakater.com/last-reloaded-from", """{\"hash\":\"2\"}""")]
    [TestCase("vso.secrets.hashicorp.com/restartedAt", "2026-11-23T10:00:00Z")]
    [TestCase("openshift.openshift.io/restartedAt", "2026-11-23T10:00:00Z")]
    [TestCase("cattle.io/timestamp", "2026-11-23T10:00:00Z")]
    public void AnnotationsOfWellKnownRestartToolsAreRestarts(string key, string value) =>
        Assert.That(
            Annotated(WorkloadReader.Default, key, value),
            Is.EqualTo(Annotated(WorkloadReader.Default, key, "another")).And.EqualTo(Some.Deployment().Read().Template.Hash)
        );

    [Test]
    public void OnlyListedKeysAreLeftOut()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Annotated(s_reader, "rollme", "a"), Is.EqualTo(Annotated(s_reader, "rollme", "b")));
            Assert.That(
                Annotated(WorkloadReader.Default, "rollme", "a"),
                Is.Not.EqualTo(Annotated(WorkloadReader.Default, "rollme", "b")),
                "not by default"
            );
            Assert.That(
                Annotated(s_reader, "checksum/config", "a"),
                Is.Not.EqualTo(Annotated(s_reader, "checksum/config", "b")),
                "another ConfigMap is other behaviour"
            );
            Assert.That(Labelled("example.com/build", "1"), Is.EqualTo(Labelled("example.com/build", "2")));
            Assert.That(Labelled("example.com/other", "1"), Is.Not.EqualTo(Labelled("example.com/other", "2")));
        });
    }

    [Test]
    public void KeysThatThePodReadsAreNeverLeftOutExceptATime()
    {
        string Hash(string key, string value) =>
            s_reader
                .Read(
                    Some.Deployment()
                        .With("spec/template/metadata/annotations", $$"""{"{{key}}": "{{value}}"}""")
                        .With(
                            "spec/template/spec/containers/0/env",
                            """[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.annotations['rollme']"}}}]"""
                        )
                        .Element()
                )
                .Template.Hash;

        Assert.That(Hash("rollme", "a"), Is.Not.EqualTo(Hash("rollme", "b")));
        Assert.That(
            Hash("reloader.stakater.com/last-reloaded-from", "a"),
            Is.Not.EqualTo(Hash("reloader.stakater.com/last-reloaded-from", "b"))
        );
        Assert.That(Hash("rollme", "2026-11-23T10:00:00Z"), Is.EqualTo(Hash("rollme", "2026-11-23T11:00:00Z")));
    }

    [TestCase("example.com/restarted-at")]
    [TestCase("rollme")]
    [TestCase("checksum/config")]
    [TestCase("kubectl.kubernetes.io/restartedAt")]
    public void KeyThatNothingElseReadsMayBeListed(string key) => Assert.That(NoiseKey.ProblemOfAnnotation(key), Is.Null);

    [TestCase("sidecar.istio.io/proxyImage", "keys under istio.io change what a pod is or where it goes")]
    [TestCase("prometheus.io/path", "prometheus.io")]
    [TestCase("container.apparmor.security.beta.kubernetes.io/web", "kubernetes.io")]
    [TestCase("seccomp.security.alpha.kubernetes.io/pod", "kubernetes.io")]
    [TestCase("k8s.v1.cni.cncf.io/networks", "cncf.io")]
    [TestCase("deployguard.io/authors", "deployguard.io")]
    [TestCase("vault.hashicorp.com/agent-image", "vault.hashicorp.com")]
    [TestCase("io.katacontainers.config.hypervisor.kernel", "container runtimes read keys that begin with io.katacontainers.")]
    [TestCase("example.com/inject", "what an injector adds")]
    [TestCase("example.com/image", "which image runs")]
    [TestCase("example.com/*", "is not a key of a label or annotation")]
    [TestCase("", "is not a key of a label or annotation")]
    public void KeyThatSomethingReadsMayNotBeListed(string key, string why) =>
        Assert.That(NoiseKey.ProblemOfAnnotation(key), Does.Contain(why));

    [TestCase("app", "Services, policies and meshes commonly select by it")]
    [TestCase("version", "Services, policies and meshes commonly select by it")]
    [TestCase("app.kubernetes.io/name", "kubernetes.io")]
    [TestCase("app.kubernetes.io/version", null)]
    [TestCase("example.com/build", null)]
    public void LabelUsedBySelectorsMayNotBeListed(string key, string? why) =>
        Assert.That(NoiseKey.ProblemOfLabel(key), why is null ? Is.Null : Does.Contain(why));

    [Test]
    public void EveryListHasItsOwnFingerprintIncludingTheDefault()
    {
        Assert.That(
            new TemplateNoise(["cattle.io/timestamp"], []).Fingerprint,
            Is.EqualTo(TemplateNoise.Default.Fingerprint).And.Length.EqualTo(8)
        );
        Assert.That(
            TemplateNoise.FingerprintOf(TemplateNoise.DefaultRestarts, TemplateNoise.DefaultLabels),
            Is.EqualTo(TemplateNoise.Default.Fingerprint)
        );
        Assert.That(
            TemplateNoise.FingerprintOf(TemplateNoise.DefaultRestarts.SkipLast(1), TemplateNoise.DefaultLabels),
            Is.Not.EqualTo(TemplateNoise.Default.Fingerprint),
            "a release with other defaults"
        );
        Assert.That(
            new[]
            {
                TemplateNoise.Default,
                new TemplateNoise(["a"], []),
                new TemplateNoise([], ["a"]),
                new TemplateNoise(["a", "b"], []),
            }.Select(n => n.Fingerprint),
            Is.Unique.And.All.Length.EqualTo(8)
        );
        Assert.That(new TemplateNoise(["b", "a"], []).Fingerprint, Is.EqualTo(new TemplateNoise(["a", "b"], []).Fingerprint));
    }

    [Test]
    public void LegacyHashKnowsOnlyTheRestartsOfVersionOne()
    {
        string Legacy(WorkloadReader reader, string key) =>
            reader
                .Read(Some.Deployment().With("spec/template/metadata/annotations", $$"""{"{{key}}": "1"}""").Element())
                .Template.LegacyHash;

        Assert.That(Legacy(s_reader, "rollme"), Is.Not.EqualTo(Some.Deployment().Read().Template.LegacyHash));
        Assert.That(Legacy(s_reader, "cattle.io/timestamp"), Is.Not.EqualTo(Some.Deployment().Read().Template.LegacyHash));
        Assert.That(Legacy(s_reader, "kubectl.kubernetes.io/restartedAt"), Is.EqualTo(Some.Deployment().Read().Template.LegacyHash));
    }

    private static string Annotated(WorkloadReader reader, string key, string value) =>
        reader
            .Read(Some.Deployment().With($"spec/template/metadata/annotations/{key.Replace('/', '~')}", $"\"{value}\"").Element())
            .Template.Hash;

    private static string Labelled(string key, string value) =>
        s_reader
            .Read(Some.Deployment().With($"spec/template/metadata/labels/{key.Replace('/', '~')}", $"\"{value}\"").Element())
            .Template.Hash;
}

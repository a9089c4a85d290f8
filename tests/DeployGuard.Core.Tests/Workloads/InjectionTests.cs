using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>Images that an injector puts into a pod because the pod's annotations say so.</summary>
public class InjectionTests
{
    private const string Sha512 =
        "sha512:"
        + "27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a";

    private static readonly SafeguardPolicy s_pinned = Some.Policy("""{"images": {"pin": "Digest"}}""");
    private static readonly SafeguardPolicy s_readable = Some.Policy("""{"images": {"pin": "Digest", "unreadable": "Refuse"}}""");

    /// <summary>Every key of the table, in a form that an injector reads, with a value that names an image by tag.</summary>
    public static IEnumerable<string> Keys() =>
        InjectionTable
            .BuiltIn.All.Where(a => a.Form is InjectionForm.Image or InjectionForm.Version)
            .Select(a => a.Key.Replace("*", "java", StringComparison.Ordinal));

    [TestCaseSource(nameof(Keys))]
    public void AnImageOrVersionByTagIsRefusedAtItsAnnotation(string key)
    {
        var finding = Evaluate(s_pinned, key, "registry.example.com/evil:1").Denials.Single().Finding;

        Assert.That(finding.Reason, Is.EqualTo("ImageNotPinned"));
        Assert.That(finding.Path, Is.EqualTo($"spec.template.metadata.annotations.{key}"));
    }

    [TestCaseSource(nameof(Keys))]
    public void ImageByDigestPasses(string key) => Assert.That(Evaluate(s_pinned, key, $"tag@{Some.Digest}").IsAllowed, Is.True);

    [TestCase("dapr.io/sidecar-image", "x/evil:1", "makes Dapr inject image x/evil:1, which is referenced by tag")]
    [TestCase("config.linkerd.io/proxy-version", "edge-25.1.1", "chooses the version of the image that Linkerd injects by a tag")]
    [TestCase("admission.datadoghq.com/web.java-lib.custom-image", "x/evil:1", "makes Datadog inject image x/evil:1")]
    [TestCase("admission.datadoghq.com/apm-inject.custom-image", "x/evil:1", "makes Datadog inject image x/evil:1")]
    [TestCase("dapr.io/sidecar-image", "x/evil@sha256:12", "a digest that no container runtime can check")]
    [TestCase(
        "proxy.istio.io/overrides",
        """{"containers":[{"name":"istio-proxy","image":"x/evil:1"}]}""",
        "makes Istio inject image x/evil:1"
    )]
    [TestCase("sidecar.istio.io/userVolume", """{"v": {"image": {"reference": "x/evil:1"}}}""", "makes Istio inject image x/evil:1")]
    [TestCase(
        "sidecar.istio.io/proxyImage",
        "x/evil:1\" #@sha256:27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a",
        "a digest that no container runtime can check"
    )]
    [TestCase(
        "config.linkerd.io/proxy-version",
        "evil #@sha256:27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a",
        "chooses the version"
    )]
    [TestCase("sidecar.istio.io/proxyImage", "x/evil\u202e:1", "makes Istio inject image x/evil<U+202E>:1")]
    [TestCase(
        "vault.hashicorp.com/agent-json-patch",
        """[{"op":"replace","path":"/image","value":"x/evil:1"}]""",
        "makes Vault Agent Injector inject image x/evil:1"
    )]
    [TestCase(
        "vault.hashicorp.com/agent-json-patch",
        """[{"op":"replace","path":"","value":{"Image":"x/evil:1"}}]""",
        "makes Vault Agent Injector inject image x/evil:1"
    )]
    public void MessageNamesTheInjectorAndTheImage(string key, string value, string said) =>
        Assert.That(Evaluate(s_pinned, key, value).Denials.Single().Finding.Message, Does.Contain(said));

    [TestCase("client.knative.dev/user-image", "registry.example.com/web:1")]
    [TestCase("sidecar.opentelemetry.io/inject", "false")]
    [TestCase("proxy.istio.io/overrides", """{"containers":[{"name":"istio-proxy","resources":{}}]}""")]
    [TestCase("vault.hashicorp.com/agent-json-patch", """[{"op":"remove","path":"/image"}]""")]
    [TestCase("example.com/image", "a bare word")]
    [TestCase("example.com/image", "true")]
    [TestCase("example.com/image", "/var/lib/image:1")]
    [TestCase("example.com/image-pull-policy", "registry.example.com/web:1")]
    [TestCase("dapr.io/enabled", "true")]
    [TestCase("proxy.istio.io/config", "holdApplicationUntilProxyStarts: true")]
    [TestCase("sidecar.istio.io/userVolume", """{"v": {"configMap": {"name": "c"}}}""")]
    [TestCase("vault.hashicorp.com/agent-json-patch", """[{"op":"replace","path":"/terminationMessagePolicy","value":"File"}]""")]
    public void AnnotationWithoutAnImagePassesSilently(string key, string value)
    {
        var verdict = Evaluate(s_readable, key, value);

        Assert.That(verdict.IsAllowed, Is.True);
        Assert.That(Messages.WarningLines(Evaluate(s_pinned, key, value)), Is.Empty);
    }

    [TestCase("sidecar.opentelemetry.io/inject", "true", "OpenTelemetry operator adds containers that cannot be read here")]
    [TestCase(
        "instrumentation.opentelemetry.io/inject-java",
        "shop/mine",
        "OpenTelemetry operator adds containers that cannot be read here"
    )]
    [TestCase("sidecar.opentelemetry.io/inject", "off", "OpenTelemetry operator adds containers that cannot be read here")]
    [TestCase("kuma.io/container-patches", "mine", "Kuma adds containers that cannot be read here")]
    [TestCase("inject.istio.io/templates", "mine", "Istio adds containers that cannot be read here")]
    [TestCase(
        "example.com/sidecar-image",
        "x/evil:1",
        "annotation example.com/sidecar-image may name an image that is not checked; see images.injectionAnnotations"
    )]
    public void UnreadableAnnotationIsReported(string key, string value, string said)
    {
        var passed = Evaluate(s_pinned, key, value);
        var refused = Evaluate(s_readable, key, value);

        Assert.That(passed.IsAllowed, Is.True);
        Assert.That(Messages.WarningLines(passed), Has.Exactly(1).Contains(said));
        Assert.That(refused.Denials.Single().Finding.Path, Is.EqualTo($"spec.template.metadata.annotations.{key}"));
    }

    [TestCase("proxy.istio.io/overrides", "image: no JSON")]
    [TestCase("proxy.istio.io/overrides", """{"containers": [{"name": "a", "image": "x/evil:1", "image": "x@sha256:27dd"}]}""")]
    [TestCase("proxy.istio.io/config", "image:\n  imageType: debug")]
    [TestCase("proxy.istio.io/config", "\"im\\u0061ge\": {}")]
    [TestCase("proxy.istio.io/config", """{"image": {"imageType": "debug"}}""")]
    [TestCase(
        "vault.hashicorp.com/agent-json-patch",
        """[{"op":"copy","from":"/env/0/value","path":"/image","value":"x@sha256:27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a"}]"""
    )]
    [TestCase("vault.hashicorp.com/agent-json-patch", """[{"op":"move","from":"/env/0/value","path":"/image","value":null}]""")]
    [TestCase("vault.hashicorp.com/agent-json-patch", """[{"op":"move","from":"/x","path":""}]""")]
    [TestCase("proxy.istio.io/overrides", """{"image": ["x"]}""")]
    [TestCase("proxy.istio.io/overrides", """{"image": "\ud800"}""")]
    [TestCase(
        "vault.hashicorp.com/agent-json-patch",
        """[{"op":"add","path":"/x","value":"x/evil:1"},{"op":"move","from":"/x","path":"/image"}]"""
    )]
    [TestCase("vault.hashicorp.com/agent-json-patch", """[{"op":"copy","from":"/args/0","path":"/image"}]""")]
    public void ADocumentThatHidesItsImageIsRefusedWhereImagesArePinned(string key, string value) =>
        Assert.That(Evaluate(s_pinned, key, value).Denials.Single().Finding.Message, Does.EndWith("whose image cannot be read"));

    [Test]
    public void PolicyAddsItsOwnAnnotations()
    {
        var policy = Some.Policy(
            """
            {"images": {"pin": "Digest", "unreadable": "Refuse",
              "injectionAnnotations": {"image": ["a.b/side"], "version": ["a.b/tag"], "document": ["a.b/patch"], "other": ["a.b/ref-*"], "never": ["a.b/image"]}}}
            """
        );

        foreach (
            var (key, value) in ((string, string)[])
                [("a.b/side", "evil"), ("a.b/tag", "1"), ("a.b/patch", """{"image": "evil"}"""), ("a.b/ref-x", "mine")]
        )
        {
            Assert.That(Evaluate(policy, key, value).Reasons(), Is.EqualTo(new[] { "ImageNotPinned" }), key);
            Assert.That(Evaluate(s_readable, key, value).IsAllowed, Is.True, key);
        }

        Assert.That(Evaluate(policy, "a.b/image", "x/evil:1").IsAllowed, Is.True);
        Assert.That(Evaluate(s_readable, "a.b/image", "x/evil:1").IsAllowed, Is.False);
    }

    [TestCase("dapr.io/sidecar-image", "dapr.io/*", InjectionForm.Never)]
    [TestCase("dapr.io/sidecar-image", "dapr.io/sidecar-image", InjectionForm.Other)]
    [TestCase("admission.datadoghq.com/java-lib.custom-image", "admission.datadoghq.com/java-lib.custom-image", InjectionForm.Never)]
    [TestCase("admission.datadoghq.com/java-lib.custom-image", "admission.datadoghq.com/java-lib.custom-image", InjectionForm.Other)]
    public void PolicyCannotRemoveKnownImageAnnotations(string key, string added, InjectionForm form) =>
        Assert.That(
            new WorkloadReader(
                WorkloadKinds.BuiltIn,
                TemplateNoise.Default,
                InjectionTable.BuiltIn.With([new InjectionAnnotation(added, form, "")])
            )
                .Read(Annotated(key, "x/evil:1").Element())
                .Template.ImageNames,
            Does.Contain("x/evil:1")
        );

    [Test]
    public void PolicyMayDeclareUnreadableAnnotationsHarmless()
    {
        var policy = Some.Policy(
            """{"images": {"pin": "Digest", "unreadable": "Refuse", "injectionAnnotations": {"never": ["sidecar.opentelemetry.io/inject", "proxy.istio.io/*"]}}}"""
        );

        Assert.That(Evaluate(policy, "sidecar.opentelemetry.io/inject", "true").IsAllowed, Is.True);
        Assert.That(Evaluate(policy, "instrumentation.opentelemetry.io/inject-java", "true").IsAllowed, Is.False);
        Assert.That(Evaluate(policy, "proxy.istio.io/overrides", "image: x").IsAllowed, Is.False);
    }

    [TestCase("never", "dapr.io/sidecar-image", "is known to name images, so it cannot be listed here")]
    [TestCase("image", "*", "would match every annotation")]
    [TestCase("other", "a*b*c", "has more than one *")]
    [TestCase("version", "a b", "is not an annotation key")]
    public void InvalidKeyIsAPolicyError(string form, string key, string problem) =>
        Assert.That(
            PolicyReader
                .Read(
                    Some.Parse("""{"metadata": {"name": "p"}}""").With($"spec/images/injectionAnnotations/{form}", $"[\"{key}\"]").Element()
                )
                .Errors.Single(),
            Is.EqualTo($"spec.images.injectionAnnotations.{form}[0]: \"{key}\" {problem}")
        );

    [TestCase("image=a.b/c", true)]
    [TestCase("never=*.b/c", true)]
    [TestCase("guess=a.b/c", false)]
    [TestCase("a.b/c", false)]
    [TestCase("image=", false)]
    public void FlagIsAFormAndAKey(string text, bool isOne) =>
        Assert.That(InjectionAnnotation.ParseOrNull(text) is not null, Is.EqualTo(isOne));

    [Test]
    public void WithImageApprovalAnInjectedImageIsNew()
    {
        var policy = Some.Policy(
            """
            {"images": {"pin": "Digest", "injectionAnnotations": {"image": ["a.b/side"]}}, "approval": {"covers": "Images", "quorum": [{"groups": ["senior-engineers"]}]}}
            """
        );

        foreach (var key in (string[])["dapr.io/sidecar-image", "config.linkerd.io/proxy-version", "a.b/side"])
        {
            Assert.That(Evaluate(policy, key, $"x@{Some.Digest}").Reasons(), Is.EqualTo(new[] { "ApprovalMissing" }), key);
        }

        Assert.That(Evaluate(policy, "a.b/other", $"x@{Some.Digest}").Reasons(), Is.Empty);
    }

    /// <summary>An unreadable image could not be approved.</summary>
    [TestCase("sidecar.opentelemetry.io/inject", "mine")]
    [TestCase("example.com/sidecar-image", "x/evil:1")]
    public void WithImageApprovalUnreadableAnnotationsAreRefusedUnlessThePolicySaysOtherwise(string key, string value)
    {
        const string Images =
            """{"images": {"pin": "Digest"UNREADABLE}, "approval": {"covers": "Images", "quorum": [{"groups": ["senior-engineers"]}]}}""";

        Assert.That(
            Evaluate(Some.Policy(Images.Replace("UNREADABLE", "", StringComparison.Ordinal)), key, value).Reasons(),
            Is.EqualTo(new[] { "ImageNotPinned" })
        );
        Assert.That(
            Evaluate(
                Some.Policy(Images.Replace("UNREADABLE", ", \"unreadable\": \"Warn\"", StringComparison.Ordinal)),
                key,
                value
            ).IsAllowed,
            Is.True
        );
    }

    [Test]
    public void DocsNameEveryKnownAnnotation()
    {
        var page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", "policy.md"));

        Assert.That(
            InjectionTable.BuiltIn.All.Where(a =>
                a.Form is not InjectionForm.Guess && !page.Contains($"`{a.Key}`", StringComparison.Ordinal)
            ),
            Is.Empty
        );
    }

    [Test]
    public void AnnotationsOfARunningPodInjectNothing()
    {
        var pod = Some.Parse(
            """{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"}, "spec": {"containers": [{"name": "a", "image": "main:1"}]}}"""
        );
        var annotated = pod.DeepClone().AsObject().With("metadata/annotations", """{"dapr.io/sidecar-image": "x/evil:1"}""");

        Assert.That(Some.Decide(Some.Update(pod, annotated), new ClusterSnapshot { Policies = [s_pinned] }).IsAllowed, Is.True);
    }

    [Test]
    public void PlaceholderIsNoTag()
    {
        var finding = Some.Decide(Some.Update(Some.Deployment(), Some.Deployment("auto")), new ClusterSnapshot { Policies = [s_pinned] })
            .Denials.Single()
            .Finding;

        Assert.That(
            finding.Message,
            Is.EqualTo(
                "image auto (spec.template.spec.containers[0].image) is a placeholder: an injector replaces it when the pod is "
                    + "created, and the image is not known before that"
            )
        );
    }

    [TestCase(Sha512, true)]
    [TestCase("sha512:27dd", false)]
    public void ADigestOfAnotherAlgorithmIsADigest(string digest, bool isAllowed)
    {
        var verdict = Some.Decide(
            Some.Update(Some.Deployment(), Some.Deployment($"registry.example.com/shop/web@{digest}")),
            new ClusterSnapshot { Policies = [s_pinned] }
        );

        Assert.That(verdict.IsAllowed, Is.EqualTo(isAllowed));
        Assert.That(verdict.Denials.Select(d => d.Finding.Message), Has.None.Contains("referenced by tag"));
    }

    private static Verdict Evaluate(SafeguardPolicy policy, string key, string value) =>
        Some.Decide(Some.Update(Some.Deployment(), Annotated(key, value)), new ClusterSnapshot { Policies = [policy] });

    private static System.Text.Json.Nodes.JsonObject Annotated(string key, string value) =>
        Some.Deployment()
            .With(
                "spec/template/metadata/annotations",
                System.Text.Json.JsonSerializer.Serialize(new Dictionary<string, string> { [key] = value })
            );
}

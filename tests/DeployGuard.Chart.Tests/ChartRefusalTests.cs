namespace DeployGuard.Chart.Tests;

/// <summary>Invalid values: each is refused before anything is installed, and the message names the key.</summary>
[Parallelizable(ParallelScope.All)]
public class ChartRefusalTests
{
    [TestCase("replica=3", "at '': additional properties 'replica' not allowed")]
    [TestCase("tls.existingsecret=x", "at '/tls': additional properties 'existingsecret' not allowed")]
    [TestCase("tls.certManager.issuer=x", "at '/tls/certManager': additional properties 'issuer' not allowed")]
    [TestCase("replicas=0", "at '/replicas': minimum: got 0, want 1")]
    [TestCase("replicas=two", "at '/replicas': got string, want integer")]
    [TestCase("tls.certManager.enabled=sometimes", "at '/tls/certManager/enabled': got string, want boolean")]
    [TestCase(
        "tls.certManager.issuerRef.kind=ClusterIssuer",
        "at '/tls/certManager/issuerRef': properties 'name' required, if 'kind' exists"
    )]
    [TestCase("prometheus.enabled=maybe", "at '/prometheus/enabled': value must be one of 'auto', true, false")]
    [TestCase("networkPolicy.from[0].cidr=10.0.0.0/8", "at '/networkPolicy/from/0': additional properties 'cidr' not allowed")]
    [TestCase("log.level=Loud", "at '/log/level': value must be one of")]
    [TestCase("otlp.endpoint=collector:4317", "at '/otlp/endpoint': 'collector:4317' does not match pattern")]
    [TestCase("registryProxy.url=http://dana:secret@proxy.corp:3128", "at '/registryProxy/url':")]
    [TestCase("registryProxy.secretRef.name=proxy", "at '/registryProxy/secretRef': properties 'key' required, if 'name' exists")]
    [TestCase("registryProxy.noProxy={10.0.0.0/8}", "at '/registryProxy/noProxy/0': '10.0.0.0/8' does not match pattern")]
    [TestCase(
        "registryProxy.noProxy={registry.corp}",
        "registryProxy.noProxy: set registryProxy.url or registryProxy.secretRef too; without a proxy, every registry is reached directly"
    )]
    [TestCase(
        "registryProxy.url=http://proxy.corp:3128,registryProxy.secretRef.name=proxy,registryProxy.secretRef.key=url",
        "registryProxy.url and registryProxy.secretRef are two sources of one URL: unset one of them"
    )]
    [TestCase("crds.keep=yes", "at '/crds/keep': got string, want boolean")]
    [TestCase("podSecurityContext.runAsUser=0", "at '/podSecurityContext/runAsUser': minimum: got 0, want 1")]
    [TestCase("image.digest=sha256:short", "at '/image/digest': 'sha256:short' does not match pattern")]
    [TestCase("extraEnv[0].value=x", "at '/extraEnv/0': missing property 'name'")]
    public async Task InvalidValueIsRefusedByItsKey(string set, string message) =>
        Assert.That(await Rendered.RefusalAsync("--set", set), Does.Contain(message));

    [Test]
    public async Task TwoSourcesOfOneCertificateAreRefusedAndBothNamed() =>
        Assert.That(
            await Rendered.RefusalAsync("--set", "tls.existingSecret=mine,tls.certManager.enabled=true"),
            Does.Contain(
                "tls.existingSecret and tls.certManager.enabled are two sources of one certificate: unset tls.existingSecret "
                    + "(mine), or set tls.certManager.enabled to false"
            )
        );

    [Test]
    public async Task ExistingSecretCannotBeDeployGuardsOwnSecret() =>
        Assert.That(
            await Rendered.RefusalAsync("--set", "tls.existingSecret=deployguard-tls"),
            Does.Contain(
                "tls.existingSecret: deployguard-tls is the name of the Secret in which DeployGuard keeps its own state; give "
                    + "your Secret another name"
            )
        );

    [Test]
    public async Task EveryInvalidValueIsReportedAtOnce() =>
        Assert.That(
            await Rendered.RefusalAsync("--set", "replicas=0,nonsense=1,image.pullPolicy=Sometimes"),
            Does.Contain("/replicas").And.Contain("nonsense").And.Contain("/image/pullPolicy")
        );
}

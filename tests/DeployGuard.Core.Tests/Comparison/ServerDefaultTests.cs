using DeployGuard.Core.Comparison;

namespace DeployGuard.Core.Tests;

/// <summary>Only defaults of the API server are folded, never what an author chose.</summary>
public class ServerDefaultTests
{
    [TestCase("spec.dnsPolicy", "ClusterFirst")]
    [TestCase("spec.containers[web].terminationMessagePolicy", "File")]
    [TestCase("spec.containers[web].ports[80].protocol", "TCP")]
    [TestCase("spec.initContainers[a].readinessProbe.httpGet.scheme", "HTTP")]
    [TestCase("spec.volumes[config].configMap.defaultMode", "420")]
    [TestCase("spec.containers[web].env[NODE].valueFrom.fieldRef.apiVersion", "v1")]
    public void ADefaultIsFolded(string path, string value) => Assert.That(IsDefault(path, value));

    [TestCase("spec.dnsPolicy", "Default")]
    [TestCase("metadata.labels.protocol", "TCP")]
    [TestCase("spec.nodeSelector.protocol", "TCP")]
    [TestCase("spec.nodeSelector.defaultMode", "420")]
    [TestCase("metadata.annotations.resources", "{}")]
    [TestCase("spec.volumes[x].csi.volumeAttributes.protocol", "TCP")]
    [TestCase("spec.containers[web].imagePullPolicy", "IfNotPresent")]
    [TestCase("spec.containers[web].securityContext", "{}")]
    [TestCase("spec.containers[web].env[apiVersion].value", "v1")]
    public void AnythingElseIsShown(string path, string value) => Assert.That(IsDefault(path, value), Is.False);

    [Test]
    public void AChangedValueIsShown() =>
        Assert.That(ServerDefault.Is(new Difference("spec.dnsPolicy", Section.PodSpec, ["None"], ["ClusterFirst"])), Is.False);

    private static bool IsDefault(string path, string value) => ServerDefault.Is(new Difference(path, Section.PodSpec, null, [value]));
}

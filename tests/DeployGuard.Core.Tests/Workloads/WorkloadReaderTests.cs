using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

public class WorkloadReaderTests
{
    [TestCase("apps/v1", "Deployment")]
    [TestCase("apps/v1", "StatefulSet")]
    [TestCase("apps/v1", "DaemonSet")]
    [TestCase("apps/v1", "ReplicaSet")]
    [TestCase("extensions/v1beta1", "Deployment")]
    [TestCase("v1", "ReplicationController")]
    [TestCase("batch/v1", "Job")]
    public void KindsWithATemplateUnderSpecAreRead(string apiVersion, string kind)
    {
        var workload = Some.Parse(
                $$"""
                {"apiVersion": "{{apiVersion}}", "kind": "{{kind}}", "metadata": {"name": "w", "namespace": "shop"},
                 "spec": {"template": {"spec": {"containers": [{"name": "a", "image": "x:1"}]} } } }
                """
            )
            .Read();

        Assert.That(workload.Template.Images.Single().Path, Is.EqualTo("spec.template.spec.containers[0].image"));
    }

    [Test]
    public void ACronJobKeepsItsTemplateDeeper()
    {
        var workload = Some.Parse(
                """
                {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "w"},
                 "spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "a", "image": "x:1"}]}}}}}}
                """
            )
            .Read();

        Assert.That(workload.Template.Images.Single().Path, Is.EqualTo("spec.jobTemplate.spec.template.spec.containers[0].image"));
    }

    [Test]
    public void EveryImageFieldIsFound()
    {
        var pod = Some.Parse(
                """
                {"apiVersion": "v1", "kind": "Pod",
                 "metadata": {"name": "p", "annotations": {"sidecar.istio.io/proxyImage": "istio:1", "vault.hashicorp.com/agent-image": "vault:1", "config.linkerd.io/proxy-image": "linkerd:1"}},
                 "spec": {"initContainers": [{"name": "i", "image": "init:1", "restartPolicy": "Always"}], "containers": [{"name": "a", "image": "main:1"}],
                  "ephemeralContainers": [{"name": "e", "image": "debug:1"}], "volumes": [{"name": "v", "image": {"reference": "volume:1"}}]}}
                """
            )
            .Read();

        Assert.That(
            pod.Template.Images.Select(i => $"{i.Path} = {i.Reference}"),
            Is.EqualTo(
                new[]
                {
                    "spec.initContainers[0].image = init:1",
                    "spec.containers[0].image = main:1",
                    "spec.ephemeralContainers[0].image = debug:1",
                    "spec.volumes[0].image.reference = volume:1",
                    "metadata.annotations.config.linkerd.io/proxy-image = linkerd:1",
                    "metadata.annotations.sidecar.istio.io/proxyImage = istio:1",
                    "metadata.annotations.vault.hashicorp.com/agent-image = vault:1",
                }
            )
        );
    }

    [TestCase("spec/template/spec/containers", "\"web\"", "spec.template.spec.containers: expected a list, found a string")]
    [TestCase("spec/template/spec/containers/0", "7", "spec.template.spec.containers[0]: expected an object, found a number")]
    [TestCase("spec/template/spec/containers/0/image", "[]", "spec.template.spec.containers[0].image: expected a string, found a list")]
    [TestCase("spec/replicas", "\"3\"", "spec.replicas: expected a whole number, found a string")]
    [TestCase("spec/replicas", "3.5", "spec.replicas: expected a whole number, found a number")]
    [TestCase(
        "spec/strategy/rollingUpdate/maxSurge",
        "\"many\"",
        "spec.strategy.rollingUpdate.maxSurge: expected a whole number or a percentage such as 25%, found a string"
    )]
    [TestCase("spec/template/spec/tolerations", "{}", "spec.template.spec.tolerations: expected a list, found an object")]
    [TestCase("spec/template/spec/tolerations", "[7]", "spec.template.spec.tolerations[0]: expected an object, found a number")]
    [TestCase(
        "spec/template/spec/containers/0/volumeMounts",
        "{}",
        "spec.template.spec.containers[0].volumeMounts: expected a list, found an object"
    )]
    [TestCase(
        "spec/template/spec/volumes",
        """[{"projected": []}]""",
        "spec.template.spec.volumes[0].projected: expected an object, found a list"
    )]
    [TestCase("spec/template/metadata/labels", """{"a": 1}""", "spec.template.metadata.labels.a: expected a string, found a number")]
    [TestCase("spec", "null", "spec: is missing")]
    [TestCase("metadata", "[]", "metadata: expected an object, found a list")]
    public void AMalformedObjectNamesThePathAndWhatIsExpected(string path, string json, string message) =>
        Assert.That(
            () => Some.Deployment().With(path, json).Read(),
            Throws.TypeOf<MalformedObjectException>().With.Message.EqualTo(message)
        );

    [TestCase("web@sha256:27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a", true)]
    [TestCase("r:5000/web:1.2@sha256:27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a", true)]
    [TestCase("web:1.2", false)]
    [TestCase("web", false)]
    [TestCase("web@sha256:27dd", false)]
    [TestCase("web@sha256:27DD8ED44A83FF94D557F9FD0412ED5A8CBCA69EA04922D88C01184A07300A5A", false)]
    [TestCase(
        "web@sha512:27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a",
        true
    )]
    [TestCase("web@sha512:27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a", false)]
    [TestCase("web@md5:27dd8ed44a83ff94d557f9fd0412ed5a", false)]
    [TestCase("web@other@sha256:27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a", false)]
    public void OnlyAWholeDigestPinsAnImage(string image, bool pinned) =>
        Assert.That(new ImageReference(image).Digest is not null, Is.EqualTo(pinned));

    [Test]
    public void AScaleWithoutANumberIsZero() => Assert.That(WorkloadReader.ReadScale(Some.Parse("""{"spec": {}}""").Element()), Is.Zero);
}

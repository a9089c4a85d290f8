using System.Text.Json.Nodes;

namespace DeployGuard.Core.Tests;

/// <summary>A controller's label is noise on the kind that this controller writes, in the form that it writes, and nowhere else.</summary>
public class ControllerLabelTests
{
    private const string ReadsLabels =
        """[{"name": "v", "downwardAPI": {"items": [{"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}}]}}]""";
    private const string Uid = "98221582-5359-4f05-856f-3eedf7504981";

    [TestCase("5f4f6787bc", true)]
    [TestCase("5f4f6787bd", false, TestName = "{m}(not the one in its name)")]
    public void ADeploymentsReplicaSetHashesAsItsDeployment(string label, bool expected) =>
        Assert.That(Set("web-5f4f6787bc", label).Read().Template.Hash == Some.Deployment().Read().Template.Hash, Is.EqualTo(expected));

    [Test]
    public void ReplicaSetHashesAsItsDeploymentIfPodsReadTheirLabels() =>
        Assert.That(
            Set("web-5f4f6787bc", "5f4f6787bc").With("spec/template/spec/volumes", ReadsLabels).Read().Template.Hash,
            Is.EqualTo(Some.Deployment().With("spec/template/spec/volumes", ReadsLabels).Read().Template.Hash)
        );

    [TestCase("web-curl-evil", "curl-evil")]
    [TestCase("web-5f4f6787bc5", "5f4f6787bc5", TestName = "{m}(eleven letters)")]
    public void ReplicaSetWithACustomNameHidesNothing(string name, string label) =>
        Assert.That(Set(name, label).Read().Template.Hash == Some.Deployment().Read().Template.Hash, Is.False);

    [TestCase("controller-uid", Uid, true)]
    [TestCase("batch.kubernetes.io/controller-uid", Uid, true)]
    [TestCase("job-name", "once", true)]
    [TestCase("batch.kubernetes.io/job-name", "once", true)]
    [TestCase("controller-uid", "98221582-5359-4f05-856f-3eedf7504982", false)]
    [TestCase("job-name", "sh -c this", false)]
    [TestCase("batch.kubernetes.io/other", "x", false)]
    [TestCase("pod-template-hash", "5f4f6787bc", false)]
    public void LabelsOfAJobAreNoiseIfTheyAreItsOwn(string key, string value, bool expected) =>
        Assert.That(Job($$"""{"{{key}}": "{{value}}"}""").Read().Template.Hash == Job("{}").Read().Template.Hash, Is.EqualTo(expected));

    [Test]
    public void AJobOfACronJobHashesAsTheCronJob()
    {
        var cron = Some.Parse(
            """
            {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly"},
             "spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "a", "image": "x"}]}}}}}}
            """
        );

        Assert.That(
            Job($$"""{"controller-uid": "{{Uid}}", "job-name": "once"}""").Read().Template.Hash,
            Is.EqualTo(cron.Read().Template.Hash)
        );
    }

    [TestCase("pod-template-hash", "5f4f6787bc", true)]
    [TestCase("pod-template-hash", "hello", false)]
    [TestCase("controller-revision-hash", "db-c7c579d56", true)]
    [TestCase("controller-revision-hash", "db-hello", false)]
    [TestCase("apps.kubernetes.io/pod-index", "0", true)]
    [TestCase("apps.kubernetes.io/pod-index", "zero", false)]
    [TestCase("controller-uid", Uid, true)]
    [TestCase("controller-uid", "mine", false)]
    [TestCase("statefulset.kubernetes.io/pod-name", "db-0", true)]
    public void LabelsOfAPodAreNoiseInTheFormThatControllersWrite(string key, string value, bool expected)
    {
        string Hash(string labels, string volumes) =>
            Some.Parse(
                    """
                    {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "a", "image": "x"}]}}
                    """
                )
                .With("metadata/labels", labels)
                .With("spec/volumes", volumes)
                .Read()
                .Template.Hash;

        Assert.Multiple(() =>
        {
            Assert.That(Hash($$"""{"{{key}}": "{{value}}"}""", "[]") == Hash("{}", "[]"), Is.EqualTo(expected));
            Assert.That(
                Hash($$"""{"{{key}}": "{{value}}"}""", ReadsLabels),
                Is.Not.EqualTo(Hash("{}", ReadsLabels)),
                "a pod that reads its labels reads this one"
            );
        });
    }

    private static JsonObject Set(string name, string label) =>
        Some.Parse(Some.Deployment().ToJsonString())
            .With("kind", "\"ReplicaSet\"")
            .With("metadata/name", $"\"{name}\"")
            .With("spec/template/metadata/labels/pod-template-hash", $"\"{label}\"");

    private static JsonObject Job(string labels) =>
        Some.Parse(
            $$"""
            {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once", "uid": "{{Uid}}"},
             "spec": {"template": {"metadata": {"labels": {{labels}} }, "spec": {"containers": [{"name": "a", "image": "x"}]} } } }
            """
        );
}

using System.Text.Json;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>A ControllerRevision holds a template alone; its owner's claims make its hash.</summary>
public class ObservedRevisionTests
{
    private const string Template =
        """{"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "db", "image": "db:1"}]}}""";

    [TestCase("""[{"metadata": {"name": "data"}, "spec": {}}]""", true)]
    [TestCase("[]", false)]
    public void RevisionHashesAsItsStatefulSet(string claims, bool hasClaims)
    {
        var set = ObservedWorkload.Read(
            Parse(
                $$"""
                {"metadata": {"name": "db", "namespace": "shop", "uid": "uid-db", "generation": 1},
                 "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "db"} }, "template": {{Template}}, "volumeClaimTemplates": {{claims}} } }
                """
            ),
            "apps/v1",
            "StatefulSet",
            WorkloadReader.Default
        );
        var revision =
            ObservedRevision.Read(
                Parse(
                    $$"""
                    {"metadata": {"name": "db-1", "ownerReferences": [{"uid": "uid-db", "kind": "StatefulSet", "controller": true}]},
                     "revision": 1, "data": {"spec": {"template": {{Template}} } } }
                    """
                ),
                WorkloadReader.Default
            ) ?? throw new InvalidOperationException("no template");

        Assert.Multiple(() =>
        {
            Assert.That(revision.TemplateHash != set.TemplateHash, Is.EqualTo(hasClaims));
            Assert.That(revision.Under(set).TemplateHash, Is.EqualTo(set.TemplateHash));
            Assert.That(KeptRevisions.Owned(revision.Under(set)).LegacyHash, Is.EqualTo(set.Spec.Template.LegacyHash));
        });
    }

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;
}

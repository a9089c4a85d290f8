using System.Text.Json.Nodes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>The claims of a StatefulSet decide where its pods' data lives.</summary>
public class ClaimHashTests
{
    private const string Claim =
        """{"metadata": {"name": "data"}, "spec": {"storageClassName": "fast", "resources": {"requests": {"storage": "1Gi"}}}}""";

    [TestCase("spec/volumeClaimTemplates/0/spec/storageClassName", "\"slow\"")]
    [TestCase("spec/volumeClaimTemplates/0/spec/dataSource", """{"kind": "PersistentVolumeClaim", "name": "other"}""")]
    [TestCase("spec/volumeClaimTemplates/0/metadata/name", "\"other\"")]
    [TestCase("spec/volumeClaimTemplates/0/metadata/labels", """{"a": "b"}""")]
    [TestCase("spec/volumeClaimTemplates/0/metadata/annotations", """{"a": "b"}""")]
    public void AnotherVolumeClaimIsAnotherRevision(string path, string json) =>
        Assert.That(Hash(Set(Claim).With(path, json)), Is.Not.EqualTo(Hash(Set(Claim))));

    [TestCase("spec/volumeClaimTemplates/0/status", """{"phase": "Pending"}""")]
    [TestCase("spec/volumeClaimTemplates/0/kind", "\"PersistentVolumeClaim\"")]
    [TestCase("spec/volumeClaimTemplates/0/apiVersion", "\"v1\"")]
    [TestCase("spec/volumeClaimTemplates/0/metadata/creationTimestamp", "null")]
    public void FieldsAddedByTheServerToAVolumeClaimDoNotCount(string path, string json) =>
        Assert.That(Hash(Set(Claim).With(path, json)), Is.EqualTo(Hash(Set(Claim))));

    [Test]
    public void WithoutVolumeClaimsOnlyTheTemplateIsHashed() =>
        Assert.That(Hash(Set("")), Is.EqualTo(Some.Deployment().Read().Template.Hash));

    [Test]
    public void RevisionHashesAsItsOwnerWithTheVolumeClaimsOfTheOwner()
    {
        var owner = Set(Claim).Read().Template;
        var revision = WorkloadReader.Default.ReadTemplate(Set(Claim)["spec"]!["template"]!.Element());

        Assert.Multiple(() =>
        {
            Assert.That(revision.Hash, Is.Not.EqualTo(owner.Hash));
            Assert.That(TemplateHash.WithClaims(revision.Hash, owner.ClaimsDigest), Is.EqualTo(owner.Hash));
            Assert.That(revision.LegacyHash, Is.EqualTo(owner.LegacyHash), "version 1 knew no claims");
        });
    }

    private static string Hash(JsonObject set) => set.Read().Template.Hash;

    private static JsonObject Set(string claim) =>
        Some.Parse(Some.Deployment().ToJsonString()).With("kind", "\"StatefulSet\"").With("spec/volumeClaimTemplates", $"[{claim}]");
}

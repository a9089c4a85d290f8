using System.Text.Json;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>Whether a workload was put on record by an adoption, so that its records can have been lost.</summary>
public class AdoptedBeforeTests
{
    private const string All = "{}";
    private const string Front = """{"workloadSelector": {"matchLabels": {"tier": "front"}}}""";
    private const string Deployments = """{"kinds": ["Deployment"]}""";

    [TestCase(All, ExpectedResult = true)]
    [TestCase(Front, ExpectedResult = false, TestName = "{m}(no policy selects its labels)")]
    [TestCase(Deployments, ExpectedResult = false, TestName = "{m}(no policy selects its kind)")]
    public bool OnlyAMatchingPolicyAdoptsAWorkload(string match) =>
        AdoptedBefore.IsOnRecord(Workload("ReplicaSet"), new PolicyList([Policy("a", match, "2026-11-02T00:00:00Z")]));

    [TestCase("2026-11-01T00:00:00Z", ExpectedResult = true)]
    [TestCase("2026-10-31T23:59:59Z", ExpectedResult = false)]
    public bool AWorkloadCreatedAfterTheAdoptionWasNotAdopted(string adoptedAt) =>
        AdoptedBefore.IsOnRecord(
            Workload("Deployment"),
            new PolicyList([Policy("a", All, "2026-11-02T00:00:00Z"), Policy("b", Deployments, adoptedAt)])
        );

    [Test]
    public void BeforeAnyAdoptionAWorkloadCountsAsOnRecord()
    {
        Assert.That(AdoptedBefore.IsOnRecord(Workload("Deployment"), new PolicyList([Policy("a", All, null), Policy("b", Front, null)])));
        Assert.That(
            AdoptedBefore.IsOnRecord(
                Workload("Deployment"),
                new PolicyList([Policy("a", All, null), Policy("b", Front, "2026-11-02T00:00:00Z")])
            ),
            Is.False,
            "a policy that adopts later cannot tell what another one left out"
        );
    }

    [Test]
    public void ManyPoliciesThatDoNotMatchAWorkloadChangeNothing()
    {
        var others = Enumerable
            .Range(0, 500)
            .SelectMany(i =>
                new[]
                {
                    Policy($"kind-{i}", """{"kinds": ["StatefulSet"]}""", "2026-10-01T00:00:00Z"),
                    Policy($"label-{i}", $$"""{"workloadSelector": {"matchLabels": {"app": "other-{{i}}"} } }""", "2026-10-01T00:00:00Z"),
                }
            );
        Assert.That(
            AdoptedBefore.IsOnRecord(Workload("Deployment"), new PolicyList([.. others, Policy("a", All, "2026-11-02T00:00:00Z")])),
            Is.True
        );
        Assert.That(AdoptedBefore.IsOnRecord(Workload("Deployment"), new PolicyList([.. others])), Is.False);
    }

    /// <summary>Even if the owner is gone: the garbage collector deletes objects without an existing owner.</summary>
    [TestCase("ReplicaSet", ExpectedResult = false)]
    [TestCase("Job", ExpectedResult = false)]
    [TestCase("Deployment", ExpectedResult = true, Description = "an operator's Deployment has records of its own")]
    public bool AnObjectOfAControllerHasTheRecordsOfItsOwner(string kind) =>
        AdoptedBefore.IsOnRecord(
            Workload(kind, """[{"apiVersion": "x/v1", "kind": "Any", "name": "owner", "uid": "u", "controller": true}]"""),
            new PolicyList([Policy("a", All, "2026-11-02T00:00:00Z")])
        );

    private static ObservedWorkload Workload(string kind, string owners = "[]") =>
        ObservedWorkload.Read(
            Parse(
                $$"""
                {"metadata": {"name": "web", "namespace": "shop", "uid": "w", "creationTimestamp": "2026-11-01T00:00:00Z", "labels": {"app": "web"}, "ownerReferences": {{owners}} },
                 "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]} } } }
                """
            ),
            kind == "Job" ? "batch/v1" : "apps/v1",
            kind,
            WorkloadReader.Default
        );

    private static PolicyEntry Policy(string name, string match, string? adoptedAt) =>
        PolicyEntry.Read(
            Parse(
                $$"""
                {"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"name": "{{name}}"}, "spec": {"mode": "Enforce", "match": {{match}} },
                 "status": {"adopted": [{{(
                     adoptedAt is null ? "" : $$"""{"namespace": "shop", "servingAt": "{{adoptedAt}}"}"""
                 )}}]} }
                """
            )
        );

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;
}

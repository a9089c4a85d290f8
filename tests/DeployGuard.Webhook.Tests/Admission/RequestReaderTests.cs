using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Admission;
using DeployGuard.Webhook.Reviews;

namespace DeployGuard.Webhook.Tests;

/// <summary>Which fields are read of deletes, of a status, and of the addresses of a Service.</summary>
public class RequestReaderTests
{
    private static readonly RequestReader s_reader = new(
        new WorkloadReader(WorkloadKinds.BuiltIn, TemplateNoise.Default, InjectionTable.BuiltIn)
    );

    [Test]
    public void DeletedPodAndReplicaSetAreReadFromTheirOldObject([Values("Pod", "ReplicaSet")] string kind)
    {
        var before = ((WorkloadRequest)Read("DELETE", kind == "Pod" ? "" : "apps", kind, null, Obj(kind))).Before;

        Assert.That(before?.Labels["app"], Is.EqualTo("web"));
        Assert.That(
            before?.OwnerReferences,
            Is.EqualTo((OwnerReference[])[new("apps/v1", "Deployment", "web", "u-1", true), new("v1", "ConfigMap", "c", "u-2", false)])
        );
        Assert.That(before?.Finalizers, Is.EqualTo((string[])["example.com/a"]));
        Assert.That(before?.IsDeleting, Is.True);
        Assert.That(before?.ControllerUid, Is.EqualTo("u-1"));
    }

    [Test]
    public void TheDeletionOfACollectionNamesTheObject()
    {
        var review =
            JsonNode.Parse(Reviews.Of("DELETE", "apps", "ReplicaSet", "replicasets", "dana", null, Obj("ReplicaSet")))
            ?? throw new InvalidOperationException("no review");
        review["request"]!["name"] = "";
        using var document = JsonDocument.Parse(review.ToJsonString());

        var target = s_reader.Read(Review.Read(document.RootElement)).Target;

        Assert.That(target.Name, Is.EqualTo($"{Obj("ReplicaSet")["metadata"]?["name"]}").And.Not.Empty);
    }

    [Test]
    public void DeleteOfOtherKindsOrWithoutAnOldObjectIsNotBlocked()
    {
        Assert.That(((WorkloadRequest)Read("DELETE", "apps", "Deployment", null, new JsonObject { ["broken"] = true })).Before, Is.Null);
        Assert.That(((WorkloadRequest)Read("DELETE", "", "Pod", null, null)).Before, Is.Null);
    }

    [TestCase("""{"propagationPolicy": "Orphan"}""", "example.com/a", ExpectedResult = true)]
    [TestCase("""{"propagationPolicy": "Background"}""", "orphan", ExpectedResult = false)]
    [TestCase("""{"orphanDependents": true}""", "example.com/a", ExpectedResult = true)]
    [TestCase("""{"orphanDependents": false}""", "orphan", ExpectedResult = false)]
    [TestCase("{}", "orphan", ExpectedResult = true)]
    [TestCase("{}", "example.com/a", ExpectedResult = false)]
    public bool DeleteOfAReplicaSetSaysWhetherItsPodsAreOrphaned(string options, string finalizer)
    {
        var before = Obj("ReplicaSet");
        before["metadata"]!["finalizers"] = new JsonArray(finalizer);
        return ((WorkloadRequest)Read("DELETE", "apps", "ReplicaSet", null, before, options: options)).Orphans;
    }

    [TestCase("""{"kind": "UpdateOptions", "fieldManager": "helm"}""", "helm")]
    [TestCase("""{"kind": "UpdateOptions", "fieldManager": 3}""", "")]
    [TestCase("{}", "")]
    public void TheFieldManagerOfEveryRequestIsRead(string options, string manager)
    {
        Assert.That(Read("UPDATE", "", "Pod", Obj("Pod"), Obj("Pod"), options: options).FieldManager, Is.EqualTo(manager));
        Assert.That(Read("UPDATE", "", "Unknown", Obj("Pod"), Obj("Pod"), options: options).FieldManager, Is.EqualTo(manager));
    }

    [Test]
    public void LabelsOfAStatusUpdateAreRead()
    {
        var after = Obj("Pod");
        after["metadata"]!["labels"]!["app"] = "other";
        var request = (WorkloadRequest)Read("UPDATE", "", "Pod", after, Obj("Pod"), "status");

        Assert.That(
            (request.SubResource, request.Before?.Labels["app"], request.After?.Labels["app"]),
            Is.EqualTo(("status", "web", "other"))
        );
    }

    [Test]
    public void EndpointSliceAffectsTheServiceOnItsLabel()
    {
        JsonObject Slice(string service) =>
            Parse(
                $$"""
                {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4", "metadata": {"name": "x", "labels": {"kubernetes.io/service-name": "{{service}}"} },
                 "endpoints": [{"addresses": ["10.0.0.1", "10.0.0.2"], "targetRef": {"kind": "Pod", "name": "web-1"} }, {"addresses": ["10.0.0.3"], "conditions": {"ready": false} }]}
                """
            );
        var request = (EndpointsRequest)Read("UPDATE", "discovery.k8s.io", "EndpointSlice", Slice("web"), Slice("api"));

        Assert.That((request.Service, request.ServiceBefore), Is.EqualTo(("web", "api")));
        Assert.That(request.Target, Is.EqualTo(new WorkloadRef("discovery.k8s.io", "EndpointSlice", "shop", "x")));
    }

    [Test]
    public void EndpointsAffectTheServiceOfTheirName()
    {
        var endpoints = Parse(
            """
            {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "web"},
             "subsets": [{"addresses": [{"ip": "10.0.0.1", "targetRef": {"kind": "Pod", "name": "web-1"} }], "notReadyAddresses": [{"ip": "10.0.0.2"}]}]}
            """
        );
        var request = (EndpointsRequest)Read("CREATE", "", "Endpoints", endpoints, null);

        Assert.That((request.Service, request.ServiceBefore), Is.EqualTo(("web", "")));
    }

    [TestCase("""{"subsets": []}""", "object.metadata: is missing")]
    public void InvalidAddressesAreMalformed(string endpoints, string message) =>
        Assert.That(
            () => Read("CREATE", "", "Endpoints", Parse(endpoints), null),
            Throws.TypeOf<MalformedObjectException>().With.Message.EqualTo(message)
        );

    private static JsonObject Obj(string kind) =>
        Parse(
            $$"""
            {"apiVersion": "{{(kind == "Pod" ? "v1" : "apps/v1")}}", "kind": "{{kind}}",
             "metadata": {"name": "web-1", "namespace": "shop", "labels": {"app": "web"}, "deletionTimestamp": "2026-11-27T00:00:00Z", "finalizers": ["example.com/a"],
              "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "u-1", "controller": true}, {"apiVersion": "v1", "kind": "ConfigMap", "name": "c", "uid": "u-2"}]},
             "spec": {"containers": [{"name": "web", "image": "web:1"}], "template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]} } } }
            """
        );

    private static JsonObject Parse(string json) => JsonNode.Parse(json)?.AsObject() ?? throw new InvalidOperationException("no object");

    private static Request Read(
        string operation,
        string group,
        string kind,
        JsonObject? after,
        JsonObject? before,
        string subResource = "",
        string options = "null"
    )
    {
        var review =
            JsonNode.Parse(Reviews.Of(operation, group, kind, $"{kind.ToLowerInvariant()}s", "dana", after, before))
            ?? throw new InvalidOperationException("no review");
        review["request"]!["subResource"] = subResource;
        review["request"]!["options"] = JsonNode.Parse(options);
        using var document = JsonDocument.Parse(review.ToJsonString());
        return s_reader.Read(Review.Read(document.RootElement));
    }
}

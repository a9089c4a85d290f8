using System.Text.Json;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>Which objects hold the revisions of a workload. Any user can write an ownerReference.</summary>
public class KeptRevisionsTests
{
    [Test]
    public void ADeploymentHasTheReplicaSetsThatItSelects() =>
        Assert.That(
            NamesFor(Workload("apps/v1", "Deployment"), [Set("web-1"), Set("forged", label: "other")], []),
            Is.EqualTo(new[] { "web-1" })
        );

    [TestCase("apps/v1", "ReplicaSet")]
    [TestCase("v1", "ReplicationController")]
    [TestCase("batch/v1", "Job")]
    [TestCase("batch/v1", "CronJob")]
    public void AKindWithoutRevisionsHasNoHistory(string apiVersion, string kind) =>
        Assert.That(NamesFor(Workload(apiVersion, kind), [Set("web-1")], [Revision("web-1")]), Is.Empty);

    [TestCase("StatefulSet")]
    [TestCase("DaemonSet")]
    public void AStatefulSetHasTheRevisionsThatWereCreatedForIt(string kind) =>
        Assert.That(
            NamesFor(
                Workload("apps/v1", kind),
                [Set("web-1")],
                [Revision("web-1"), Revision("other-1"), Revision("web-2", label: "other"), Revision("web-3", owner: "another")]
            ),
            Is.EqualTo(new[] { "web-1" }),
            "no ReplicaSet, and no revision of another workload, of other pods or of another uid"
        );

    /// <summary>Only its controller knows its revisions. The adoption records objects whose ownerReference matches it in full.</summary>
    [TestCase("Rollout", new[] { "web-1" })]
    [TestCase("Other", new string[0])]
    public void ACustomWorkloadHasTheReplicaSetsThatNameItAsOwner(string named, string[] expected) =>
        Assert.That(NamesFor(Workload("argoproj.io/v1alpha1", "Rollout"), [Set("web-1", kind: named)], []), Is.EqualTo(expected));

    private static IEnumerable<string> NamesFor(
        ObservedWorkload workload,
        IReadOnlyList<ObservedWorkload> live,
        IReadOnlyList<ObservedRevision> revisions
    ) => KeptRevisions.Of(workload, live, revisions).Select(k => k.Revision.Name);

    private static ObservedWorkload Workload(string apiVersion, string kind) =>
        Read(
            apiVersion,
            kind,
            kind == "CronJob"
                ? $$"""{"metadata": {{Metadata}}, "spec": {"jobTemplate": {"spec": {"template": {{Template("web")}} } } } }"""
                : $$"""{"metadata": {{Metadata}}, "spec": {"selector": {{(
                    kind == "ReplicationController" ? """{"app": "web"}""" : """{"matchLabels": {"app": "web"} }"""
                )}}, "template": {{Template("web")}} } }"""
        );

    private const string Metadata = """{"name": "web", "namespace": "shop", "uid": "uid-web"}""";

    private static ObservedWorkload Set(string name, string label = "web", string kind = "Deployment") =>
        Read(
            "apps/v1",
            "ReplicaSet",
            $$"""
            {"metadata": {"name": "{{name}}", "namespace": "shop", "uid": "uid-{{name}}", "labels": {"app": "{{label}}"},
                          "ownerReferences": [{"apiVersion": "x/v1", "kind": "{{kind}}", "name": "web", "uid": "uid-web", "controller": true}]},
             "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "{{label}}"} }, "template": {{Template(label)}} } }
            """
        );

    private static ObservedRevision Revision(string name, string label = "web", string owner = "uid-web") =>
        ObservedRevision.Read(
            Parse(
                $$"""
                {"metadata": {"name": "{{name}}", "namespace": "shop", "uid": "uid-{{name}}", "ownerReferences": [{"uid": "{{owner}}", "kind": "StatefulSet", "controller": true}]},
                 "revision": 1, "data": {"spec": {"template": {{Template(label)}} } } }
                """
            ),
            WorkloadReader.Default
        ) ?? throw new InvalidOperationException("no template");

    private static ObservedWorkload Read(string apiVersion, string kind, string json) =>
        ObservedWorkload.Read(
            Parse(json),
            apiVersion,
            kind,
            new WorkloadReader(
                WorkloadKinds.With([new CustomKind("argoproj.io", "rollouts", "Rollout", "spec.template")]),
                TemplateNoise.Default,
                InjectionTable.BuiltIn
            )
        );

    private static string Template(string label) =>
        $$"""{"metadata": {"labels": {"app": "{{label}}"} }, "spec": {"containers": [{"name": "web", "image": "web:1"}] } }""";

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;
}

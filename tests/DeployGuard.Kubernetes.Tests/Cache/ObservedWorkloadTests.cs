using System.Text.Json;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>When a rollout releases its place in a budget, by the status of its workload.</summary>
public class ObservedWorkloadTests
{
    private const string Halfway = "\"replicas\": 4, \"updatedReplicas\": 1, \"availableReplicas\": 3, \"readyReplicas\": 3";
    private const string Through = "\"replicas\": 3, \"updatedReplicas\": 3, \"availableReplicas\": 3, \"readyReplicas\": 3";

    [TestCase("{}", Halfway, true, Description = "under way")]
    [TestCase("{}", Through, false, Description = "completed")]
    [TestCase("""{"paused": true}""", Halfway, false, Description = "paused")]
    [TestCase(
        "{}",
        Halfway + """, "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]""",
        false,
        Description = "given up"
    )]
    [TestCase("{}", Halfway + """, "conditions": [{"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}]""", true)]
    [TestCase(
        "{}",
        "\"replicas\": 3, \"updatedReplicas\": 3, \"availableReplicas\": 0, \"readyReplicas\": 0, \"conditions\": "
            + """[{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}]""",
        true,
        Description = "after Recreate, the condition may be that of a former rollout: its controller never says that this one failed"
    )]
    public void DeploymentHoldsItsPlaceDuringItsRollout(string spec, string status, bool holds) =>
        AssertHolds(Read("Deployment", spec, status), holds);

    /// <summary>Any user who may update a workload writes its <c>managedFields</c>; they must not hide it from the cache.</summary>
    [Test]
    public void AWorkloadWithDeepManagedFieldsIsReadFromAList()
    {
        var deep = new string('[', 9_990) + new string(']', 9_990);
        using var item = JsonDocument.Parse(
            $$$"""
            {"metadata": {"name": "web", "namespace": "shop", "managedFields": {{{deep}}} },
             "spec": {"replicas": 3, "template": {"spec": {"containers": [{"name": "web", "image": "a"}]} } } }
            """,
            new JsonDocumentOptions { MaxDepth = 10_100 }
        );

        Assert.That(ObservedWorkload.Read(item.RootElement, "apps/v1", "Deployment", WorkloadReader.Default).Spec.Replicas, Is.EqualTo(3));
    }

    [Test]
    public void ChangedDeploymentAfterAFailedRolloutHoldsAPlaceAgain() =>
        AssertHolds(
            Read(
                "Deployment",
                "{}",
                Halfway + """, "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]""",
                observed: "0"
            ),
            true
        );

    [TestCase(2, 1, 3, false, Description = "all pods above the partition are updated: it rests")]
    [TestCase(1, 1, 3, true, Description = "one above it is not")]
    [TestCase(2, 1, 2, true, Description = "one is not ready")]
    [TestCase(0, 2, 3, true, Description = "no partition holds it")]
    public void StatefulSetHoldsItsPlaceUntilItReachesItsPartition(int partition, int updated, int ready, bool holds) =>
        AssertHolds(
            Read(
                "StatefulSet",
                $$"""{"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": {{partition}} } } }""",
                $"\"replicas\": 3, \"updatedReplicas\": {updated}, \"readyReplicas\": {ready}, \"currentRevision\": \"a\", "
                    + "\"updateRevision\": \"b\""
            ),
            holds
        );

    [Test]
    public void RolledBackRolloutHoldsNoPlaceOnceTheLeaderRecordsIt()
    {
        var live = Read("Deployment", "{}", Halfway);
        var change = ChangeOf(live) with { TemplateHash = "v1:another" };

        Assert.That(
            ChangeLifecycle
                .Next(
                    change,
                    new Observation(live.TemplateHash, live.IsObserved, live.IsComplete),
                    null,
                    PromotionCriteria.Time,
                    change.Since
                )
                ?.Phase,
            Is.EqualTo(Phase.Expired)
        );
    }

    [TestCase("1", true)]
    [TestCase("0", false)]
    [TestCase("\"1\"", true, Description = "Argo Rollouts write a string")]
    [TestCase("\"0\"", false)]
    [TestCase("\"5f8f9d7c6\"", false, Description = "a hash proves nothing")]
    [TestCase("null", true, Description = "a kind that does not write it")]
    public void AnObservedGenerationIsReadAsANumberOrAString(string observed, bool isObserved) =>
        Assert.That(Read("Rollout", "{}", Through, observed).IsObserved, Is.EqualTo(isObserved));

    private static void AssertHolds(ObservedWorkload live, bool holds)
    {
        var change = ChangeOf(live);
        var seen = new Observation(live.TemplateHash, live.IsObserved, live.IsComplete);

        Assert.That(InFlight.Holds(change, seen, live.IsAtRest, TimeSpan.FromHours(1), change.Since.AddMinutes(5)), Is.EqualTo(holds));
        Assert.That(
            InFlight.Holds(change, seen, live.IsAtRest, TimeSpan.FromHours(1), change.Since.AddMinutes(60)),
            Is.False,
            "longer than hangAfter"
        );
    }

    private static Change ChangeOf(ObservedWorkload live) =>
        new()
        {
            Name = "c",
            Workload = live.Ref,
            TemplateHash = live.TemplateHash,
            Phase = Phase.Running,
            Since = new DateTimeOffset(2026, 11, 24, 0, 0, 0, TimeSpan.Zero),
        };

    private static ObservedWorkload Read(string kind, string spec, string status, string observed = "1")
    {
        var rest = spec.Trim()[1..^1];
        return ObservedWorkload.Read(
            JsonDocument
                .Parse(
                    $$"""
                    {"metadata": {"name": "web", "namespace": "shop", "uid": "u", "generation": 1},
                     "spec": { {{rest}}{{(
                        rest.Length > 0 ? "," : ""
                    )}} "replicas": 3, "template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]} } },
                     "status": {"observedGeneration": {{observed}}, {{status}} } }
                    """
                )
                .RootElement,
            kind == "Rollout" ? "argoproj.io/v1alpha1" : "apps/v1",
            kind,
            new WorkloadReader(
                WorkloadKinds.With([new CustomKind("argoproj.io", "rollouts", "Rollout", "spec.template")]),
                TemplateNoise.Default,
                InjectionTable.BuiltIn
            )
        );
    }
}

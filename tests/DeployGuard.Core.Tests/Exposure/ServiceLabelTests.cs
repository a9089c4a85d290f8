using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using static DeployGuard.Core.Tests.Shop;

namespace DeployGuard.Core.Tests;

/// <summary>
/// Labels that no hash covers (<c>helm.sh/chart</c>) and that a Service may still select: the pods of a workload and those of its template
/// are then behind different Services.
/// </summary>
public class ServiceLabelTests
{
    private const string Refusal = "10 of 30 pods (33%) behind Service web would be unproven; step 5% allows 1";

    private static readonly Service s_web = WebService with { Selector = Labels(("app", "web"), ("helm.sh/chart", "shop-1")) };

    /// <summary>A paused Deployment scales its current ReplicaSet, whatever its template says now.</summary>
    [TestCase("helm.sh/chart", "shop-1", "helm.sh/chart", "shop-2", Refusal)]
    [TestCase("helm.sh/chart", "shop-2", "helm.sh/chart", "shop-3", null, Description = "neither is selected")]
    public void PausedDeploymentIsScaledUp(string had, string value, string has, string other, string? refusal)
    {
        var canary = Charted(C(1), had, value);
        var moved = Charted(C(1), has, other).With("spec/paused", "true");
        var set = SetOf(canary);
        var objects = Chart.With(moved.Live(), set.Live()).With(Pods(PodOf(set), 1, 1)).With(Some.Change(canary, Phase.Completed));

        Expect(objects, Scale(moved, 10), refusal);
    }

    /// <summary>Two ReplicaSets of one hash, of which the smaller one is behind the Service.</summary>
    [TestCase(true)]
    [TestCase(false)]
    public void SmallerOfTwoReplicaSetsIsScaled(bool isPaused)
    {
        var (before, after) = (
            Charted(C(10), "helm.sh/chart", "shop-1"),
            Charted(C(10), "helm.sh/chart", "shop-2").With("spec/paused", isPaused ? "true" : "false")
        );
        var (old, young) = (SetOf(before, First, 0), SetOf(after, Second, 10));
        var objects = Chart
            .With(after.Live(), old.Live(), young.Live())
            .With(Pods(PodOf(young), 10, 1))
            .With(Some.Change(before, Phase.Completed));

        Expect(objects, Scale(old, 9), "9 of 29 pods (31%) behind Service web would be unproven; step 5% allows 1");
    }

    /// <summary>Below its partition a StatefulSet creates pods of the former revision.</summary>
    [TestCase("helm.sh/chart", Refusal)]
    [TestCase("app", Refusal, Description = "a label that the hash covers")]
    public void StatefulSetIsScaledUpBelowItsPartition(string key, string? refusal)
    {
        var canary = Charted(StatefulSet("db", 1, V2, 100), "helm.sh/chart", "shop-1");
        var moved = canary.DeepClone().AsObject();
        (moved["spec"]?["template"]?["metadata"]?["labels"] ?? throw new InvalidOperationException("no labels"))[key] = "other";
        LiveRevision Revision(string name, JsonObject of, long number) =>
            new(name, "uid-db", of.Read().Template, number, name) { Uid = $"uid-{name}" };
        var pods = Pods(PodOf(canary).With("metadata/labels/controller-revision-hash", "\"db-1\""), 1, 1);
        var objects = Chart
            .With(
                new LiveWorkload
                {
                    Spec = moved.Read(),
                    ReadyPods = 1,
                    Revisions = ("db-1", "db-2"),
                }
            )
            .With(pods)
            .With(Some.Change(canary, Phase.Completed), Some.Change(moved, Phase.Completed)) with
        {
            Revisions = [Revision("db-1", canary, 1), Revision("db-2", moved, 2)],
        };

        Expect(objects, Scale(moved, 10), refusal);
    }

    /// <summary>web with the chart's label, behind a Service that selects by it.</summary>
    private static NamespaceObjects Chart =>
        (Empty with { Services = [s_web] }).Running(Charted(Web(20), "helm.sh/chart", "shop-1"), Phase.Proven);

    private static JsonObject Charted(JsonObject workload, string key, string value)
    {
        var labels = workload["spec"]?["template"]?["metadata"]?["labels"] ?? throw new InvalidOperationException("no labels");
        labels[key] = value;
        return workload;
    }

    private static void Expect(NamespaceObjects objects, Request request, string? refusal) =>
        Assert.That(objects.Refusal(request), refusal is null ? Is.Null : Does.StartWith(refusal));
}

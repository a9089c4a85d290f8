using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>
/// A refused canary among many other workloads of its namespace. What a decision allocates tells how much it looks at, on any machine.
/// </summary>
public class LargeNamespaceTests
{
    private const int Others = 5_000;

    private static readonly WorkloadRequest s_refused = Some.Update(Shop.Web(20), Shop.Web(20, Shop.V2));

    [Test]
    public void ARefusalLooksAtNoWorkloadOutsideItsPool() => IsTheSameDecision(Shop.Settled, WithWorkloads(Shop.Settled));

    [Test]
    public void ARefusalLooksAtNoChangeOfOtherWorkloads() =>
        IsTheSameDecision(
            Shop.Settled,
            Shop.Settled with
            {
                Changes = [.. Shop.Settled.Changes, .. Enumerable.Range(0, Others).Select(OtherChange)],
            }
        );

    private static void IsTheSameDecision(NamespaceObjects few, NamespaceObjects many)
    {
        var (one, other) = (ClusterOf(few), ClusterOf(many));
        var (small, large) = (Decide(one), Decide(other));
        Assert.That(large.Message, Is.EqualTo(small.Message).And.Contains("behind Service web"));
        // The first decision of a namespace works out what the next ones use.
        (small, large) = (Decide(one), Decide(other));
        Assert.That(large.Bytes, Is.LessThan(small.Bytes + 20_000), $"{small.Bytes} bytes in a small namespace");
    }

    private static (string Message, long Bytes) Decide(ClusterSnapshot cluster)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var verdict = Some.Evaluator.Evaluate(s_refused, cluster, Some.Now);
        return (Messages.Refusal(verdict), GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static ClusterSnapshot ClusterOf(NamespaceObjects objects) =>
        new()
        {
            Policies = [Shop.Policy],
            Changes = [.. objects.Changes.Where(c => c.Workload == s_refused.Target)],
            Namespace = objects.ToSnapshot(),
        };

    private static NamespaceObjects WithWorkloads(NamespaceObjects objects)
    {
        var like = Shop.Web(3).Read();
        return objects with
        {
            Services = [.. objects.Services, .. Enumerable.Range(0, Others).Select(i => new Service($"other-{i}", Labels(i), false))],
            Workloads =
            [
                .. objects.Workloads,
                .. Enumerable
                    .Range(0, Others)
                    .Select(i => new LiveWorkload
                    {
                        Spec = like with
                        {
                            Ref = like.Ref with { Name = $"other-{i}" },
                            Uid = $"uid-other-{i}",
                            Template = PodTemplate.OfPod(Labels(i), like.Template.Containers, like.Template.Images, like.Template.Hash),
                        },
                        ReadyPods = 3,
                    }),
            ],
        };
    }

    private static Change OtherChange(int i) =>
        Some.Change(Shop.Web(3), Phase.Completed) with
        {
            Name = $"other-{i}",
            Workload = BuiltInKinds.Deployment.Named("shop", $"other-{i % 500}"),
            TemplateHash = $"v2:{i:x32}",
            Images = [$"registry.example.com/other@sha256:{i:x64}"],
        };

    private static Dictionary<string, string> Labels(int i) => new() { ["app"] = $"other-{i}" };
}

using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>Changes are indexed for the lookups of a request, without reading those of the whole cluster.</summary>
public class ChangeIndexTests
{
    private static readonly Change s_change = new()
    {
        Name = "c",
        Workload = new WorkloadRef("apps", "Deployment", "shop", "web"),
        TemplateHash = "v2:1",
        Phase = Phase.Pending,
        Policies = ["a", "b"],
    };

    [TestCase(Phase.Pending, "never-admitted:shop")]
    [TestCase(Phase.Rejected, "never-admitted:shop")]
    [TestCase(Phase.Expired, "never-admitted:shop")]
    [TestCase(Phase.Admitted, "in-flight:a", "in-flight:b")]
    [TestCase(Phase.Running, "in-flight:a", "in-flight:b")]
    [TestCase(Phase.Completed)]
    [TestCase(Phase.Proven)]
    public void AChangeIsFoundByItsPhase(Phase phase, params string[] keys) =>
        Assert.That(
            ChangeIndex.KeysOf(s_change with { Phase = phase }),
            Is.EqualTo((string[])["apps/Deployment/shop/web", "shop", .. keys])
        );

    [Test]
    public void ChangeAdmittedOnceIsNotIndexedAsNeverAdmitted() =>
        Assert.That(
            ChangeIndex.KeysOf(s_change with { Phase = Phase.Expired, HasAdmittedCondition = true }),
            Is.EqualTo(new[] { "apps/Deployment/shop/web", "shop" })
        );

    [TestCase(null, true)]
    [TestCase("alice", false)]
    public void BreakGlassUseIsFoundUntilItIsReviewed(string? reviewer, bool isFound) =>
        Assert.That(
            ChangeIndex
                .KeysOf(s_change with { BreakGlassUses = [new BreakGlassUse("g", "dana", DateTimeOffset.UnixEpoch, reviewer)] })
                .Contains(ChangeIndex.Unreviewed),
            Is.EqualTo(isFound)
        );

    [Test]
    public void AChangeLeavesTheKeysThatNoLongerApply()
    {
        var index = new Index<Change>(ChangeIndex.KeysOf);
        index.Put("shop/c", s_change);
        index.Put("shop/c", s_change with { Phase = Phase.Running });
        index.Put("shop/c", s_change with { Phase = Phase.Completed });
        Assert.Multiple(() =>
        {
            Assert.That(index.Under(ChangeIndex.NeverAdmitted("shop")), Is.Empty);
            Assert.That(index.Under(ChangeIndex.InFlight("a")), Is.Empty);
            Assert.That(index.Under("shop").Select(c => c.Phase), Is.EqualTo(new[] { Phase.Completed }));
        });
    }
}

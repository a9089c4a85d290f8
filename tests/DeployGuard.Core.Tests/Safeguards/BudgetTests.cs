using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>Which requests need a place in an exhausted budget, and their messages.</summary>
public class BudgetTests
{
    private static readonly WorkloadRef s_other = new("apps", "Deployment", "shop", "other");

    [Test]
    public void NewRevisionNeedsAPlaceInTheBudget()
    {
        var finding = Some.Decide(Some.Update(Some.Deployment(), Some.Deployment(Some.OtherImage)), View()).Findings.Single().Finding;

        Assert.That(
            (finding.Reason, finding.Message),
            Is.EqualTo(("BudgetExhausted", "1 of 1 rollout is in flight in namespace shop: shop/deployment/other"))
        );
        Assert.That(finding.Remedy, Is.EqualTo("Retry when it has completed"));
    }

    [TestCase(0, 1, "1 in another namespace")]
    [TestCase(0, 2, "2 in other namespaces")]
    [TestCase(1, 0, "shop/deployment/mine0")]
    [TestCase(2, 1, "shop/deployment/mine0, shop/deployment/mine1 and 1 in another namespace")]
    [TestCase(11, 3, "shop/deployment/mine9 and 1 more and 3 in other namespaces")]
    public void NamesOfOtherNamespacesAreNotTold(int mine, int others, string told)
    {
        WorkloadRef[] flying =
        [
            .. Enumerable.Range(0, others).Select(i => new WorkloadRef("apps", "Deployment", $"secret{i}", $"theirs{i}")),
            .. Enumerable.Range(0, mine).Select(i => new WorkloadRef("apps", "Deployment", "shop", $"mine{i}")),
        ];
        var cluster = View() with { Budgets = new Dictionary<string, BudgetUse> { ["budget"] = new(flying, flying) } };

        var finding = Some.Decide(Some.Update(Some.Deployment(), Some.Deployment(Some.OtherImage)), cluster).Findings.Single().Finding;

        Assert.That(finding.Message, Does.EndWith(told));
        Assert.That(finding.Remedy, Does.EndWith(told));
        Assert.That(finding.Message + finding.Remedy, Does.Not.Contain("secret").And.Not.Contain("theirs"));
    }

    [TestCase(Phase.Running, true, Description = "it was paused to be admitted, and lost its place")]
    [TestCase(Phase.Admitted, true)]
    [TestCase(Phase.Completed, false, Description = "nothing is left to roll out")]
    public void ResumingARolloutNeedsAPlaceInTheBudget(Phase phase, bool waits)
    {
        var paused = Some.Deployment(Some.OtherImage).With("spec/paused", "true");

        Assert.That(
            Reasons(Some.Update(paused, Some.Deployment(Some.OtherImage)), View(paused, phase)),
            Is.EqualTo(waits ? ["BudgetExhausted"] : Array.Empty<string>())
        );
    }

    [TestCase(2, 1, true)]
    [TestCase(2, 2, false)]
    [TestCase(1, 2, false)]
    public void LoweringAPartitionNeedsAPlaceInTheBudget(int before, int after, bool waits) =>
        Assert.That(
            Reasons(Some.Update(Set(before), Set(after)), View(Set(before), Phase.Running)),
            Is.EqualTo(waits ? ["BudgetExhausted"] : Array.Empty<string>())
        );

    [Test]
    public void ScalingAndRollbacksTakeNoPlace()
    {
        var web = Some.Deployment(Some.OtherImage);

        Assert.That(Reasons(Some.Update(web, Some.Deployment(Some.OtherImage, 9)), View(web, Phase.Running)), Is.Empty);
        Assert.That(Reasons(Some.Update(web, Some.Deployment()), View(Some.Deployment(), Phase.Completed)), Is.Empty);
    }

    [Test]
    public void ARolloutReservesAPlaceAndADryRunDoesNot()
    {
        var paused = Some.Deployment(Some.OtherImage).With("spec/paused", "true");
        var resumed = Some.Update(paused, Some.Deployment(Some.OtherImage));

        Assert.That(Some.Requires(resumed, View(paused, Phase.Running)).Reservations, Is.EqualTo(RequiredReservations.Budget));
        Assert.That(Some.Requires(resumed with { DryRun = true }, View(paused, Phase.Running)).IsNone);
        Assert.That(Some.Requires(resumed, View(paused, Phase.Proven)).IsNone);
    }

    private static IEnumerable<string> Reasons(Request request, ClusterSnapshot cluster) => Some.Decide(request, cluster).Reasons();

    private static ClusterSnapshot View(JsonObject? recorded = null, Phase phase = Phase.Running) =>
        new()
        {
            Policies = [Some.Policy("""{"budget": {"maxConcurrentRollouts": 1} }""", "budget")],
            Changes = recorded is null ? [] : [Some.Change(recorded, phase)],
            Budgets = new Dictionary<string, BudgetUse> { ["budget"] = new([s_other], []) },
        };

    private static JsonObject Set(int partition) =>
        Some.Deployment(Some.OtherImage)
            .With("kind", "\"StatefulSet\"")
            .With("spec/strategy", "null")
            .With("spec/updateStrategy", $$"""{"type": "RollingUpdate", "rollingUpdate": {"partition": {{partition}} } }""");
}

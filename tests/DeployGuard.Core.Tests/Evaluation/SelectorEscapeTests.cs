using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>Relabelling a namespace or a workload out of a policy.</summary>
public class SelectorEscapeTests
{
    private const string Tier1 = """{"match": {"namespaceSelector": {"matchLabels": {"tier": "1"}}}, "images": {"pin": "Digest"}}""";

    [TestCase("tier=1", "tier=2", false)]
    [TestCase("tier=1", "", false)]
    [TestCase("tier=1", "tier=1,team=a", true)]
    [TestCase("tier=2", "", true)]
    [TestCase("", "tier=1", true)]
    [TestCase("tier=1,kubernetes.io/metadata.name=shop", "tier=1,kubernetes.io/metadata.name=kube-system", false)]
    public void ANamespaceLeavesAPolicyOnlyWithTheVerbExempt(string before, string after, bool allowed)
    {
        var request = Namespace(before, after);
        var cluster = new ClusterSnapshot { Policies = [Some.Policy(Tier1)] };

        Assert.That(Some.Decide(request, cluster).IsAllowed, Is.EqualTo(allowed));
        Assert.That(Some.Decide(request, cluster with { LeavablePolicies = new HashSet<string> { "tier-1" } }).IsAllowed, Is.True);
        Assert.That(Some.Requires(request, cluster).Reads, Is.EqualTo(allowed ? RequiredReads.None : RequiredReads.Exemption));
    }

    [Test]
    public void TheMessageNamesThePolicyAndTheVerb() =>
        Assert.That(
            Messages.Refusal(Some.Decide(Namespace("tier=1", ""), new ClusterSnapshot { Policies = [Some.Policy(Tier1)] })),
            Is.EqualTo(
                "Namespace shop refused by policy tier-1:\n - PolicyScopeEscape: with these labels Namespace shop would leave "
                    + "policy tier-1. Keep the labels, or ask a user with the verb exempt to change them: kubectl auth can-i "
                    + "exempt safeguardpolicies/tier-1"
            )
        );

    [Test]
    public void FuturePolicyCannotBeEscapedBeforeItStarts() =>
        Assert.That(
            Some.Decide(
                Namespace("tier=1", ""),
                new ClusterSnapshot
                {
                    Policies =
                    [
                        Some.Policy(
                            Tier1.Replace(
                                "\"images\"",
                                "\"active\": {\"from\": \"2027-01-01T00:00:00Z\"}, \"images\"",
                                StringComparison.Ordinal
                            )
                        ),
                    ],
                }
            ).IsAllowed,
            Is.False
        );

    [Test]
    public void AnEscapeIsRefusedIfThePermissionCannotBeRead()
    {
        var cluster = new ClusterSnapshot { Policies = [Some.Policy(Tier1)] };
        var evaluated = Some.Evaluator.Classify(Namespace("tier=1", ""), cluster, Some.Now);

        Assert.That(
            Some.Evaluator.Incomplete(evaluated, cluster, Some.Now, Reasons.EvaluationIncomplete, "no answer").Reasons(),
            Is.EqualTo(new[] { "EvaluationIncomplete" })
        );
    }

    [TestCase("")]
    [TestCase("status")]
    public void WorkloadCannotEscapeAPolicyByLabelsOrThroughItsStatus(string subResource)
    {
        var request = Some.Update(Labelled("1"), Labelled("2")) with { SubResource = subResource };
        var cluster = new ClusterSnapshot
        {
            Policies = [Some.Policy("""{"match": {"workloadSelector": {"matchLabels": {"tier": "1"}}}, "images": {"pin": "Digest"}}""")],
        };

        Assert.That(Some.Decide(request, cluster).Reasons(), Is.EqualTo(new[] { "PolicyScopeEscape" }));
    }

    [Test]
    public void ANewRevisionThatEscapesAPolicyIsEvaluatedUnderThatPolicy()
    {
        var cluster = new ClusterSnapshot
        {
            Policies = [Some.Policy("""{"match": {"workloadSelector": {"matchLabels": {"tier": "1"}}}, "images": {"pin": "Digest"}}""")],
            LeavablePolicies = new HashSet<string> { "tier-1" },
        };

        Assert.That(
            Some.Decide(Some.Update(Labelled("1"), Labelled("2", "web:1")), cluster).Reasons(),
            Is.EqualTo(new[] { "ImageNotPinned" })
        );
    }

    private static System.Text.Json.Nodes.JsonObject Labelled(string tier, string image = Some.Image) =>
        Some.Deployment(image).With("metadata/labels", $$"""{"tier": "{{tier}}"}""");

    private static NamespaceRequest Namespace(string before, string after) =>
        new(Labels(before), Labels(after))
        {
            Operation = Operation.Update,
            Requester = Some.Developer,
            Target = new WorkloadRef("", "Namespace", "", "shop"),
        };

    private static Dictionary<string, string> Labels(string text) =>
        text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split('=')).ToDictionary(l => l[0], l => l[1]);
}

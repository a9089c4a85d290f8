using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>Finding the policies of a workload among many.</summary>
public class PolicyIndexTests
{
    private static readonly Dictionary<string, string> s_web = new() { ["app"] = "web", ["tier"] = "1" };

    [Test]
    public void PoliciesOfOtherKindsAndLabelsAreNotLookedAt()
    {
        var policies = Enumerable
            .Range(0, 1_000)
            .Select(i =>
                i % 100 == 0 ? Some.Policy("""{"match": {"workloadSelector": {"matchLabels": {"app": "web"}}}}""", $"p{i}")
                : i % 2 == 0 ? Some.Policy("""{"match": {"kinds": ["StatefulSet"]}}""", $"p{i}")
                : Some.Policy($$"""{"match": {"workloadSelector": {"matchLabels": {"app": "other-{{i}}"} } } }""", $"p{i}")
            )
            .ToList();
        var index = new PolicyIndex<SafeguardPolicy>(policies, p => p.Match);
        Assert.That(
            index.Of("Deployment", s_web, s_web).Select(p => p.Name),
            Is.EqualTo(["p0", "p100", "p200", "p300", "p400", "p500", "p600", "p700", "p800", "p900"])
        );
        Assert.That(index.Of("Deployment"), Has.Count.EqualTo(510));
    }

    [Test]
    public void LabelsBeforeAndAfterAreBothLookedUp()
    {
        var policies = new[]
        {
            Some.Policy("""{"match": {"workloadSelector": {"matchLabels": {"tier": "2"}}}}""", "two"),
            Some.Policy("""{"match": {"workloadSelector": {"matchLabels": {"tier": "3"}}}}""", "three"),
            Some.Policy("""{"match": {"workloadSelector": {"matchLabels": {"tier": "1"}}}}""", "one"),
        };
        var index = new PolicyIndex<SafeguardPolicy>(policies, p => p.Match);
        var two = new Dictionary<string, string> { ["tier"] = "2" };
        Assert.That(index.Of("Deployment", s_web, two).Select(p => p.Name), Is.EqualTo(["two", "one"]), "in the order of the list");
        Assert.That(index.Of("Deployment", null, null), Is.Empty);
    }

    /// <summary>What the index finds, and then matches, is what matches when each policy is looked at.</summary>
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void NoPolicyThatMatchesIsMissed(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 300; round++)
        {
            var matches = Enumerable.Range(0, random.Next(40)).Select(_ => Match(random)).ToList();
            var index = new PolicyIndex<PolicyMatch>(matches, m => m);
            var (kind, before, after) = (Pick(random, "Deployment", "StatefulSet", "Job", "Robot"), Labels(random), Labels(random));
            bool Includes(PolicyMatch match) => match.IncludesKind(kind) && (match.IncludesLabels(before) || match.IncludesLabels(after));
            Assert.That(
                index.Of(kind, before, after).Where(Includes),
                Is.EqualTo(matches.Where(Includes)).Using<PolicyMatch>(ReferenceEquality)
            );
            Assert.That(index.Of(kind), Is.EqualTo(matches.Where(m => m.IncludesKind(kind))).Using<PolicyMatch>(ReferenceEquality));
        }
    }

    private static bool ReferenceEquality(PolicyMatch one, PolicyMatch other) => ReferenceEquals(one, other);

    private static PolicyMatch Match(Random random) =>
        new()
        {
            Kinds = [.. Enumerable.Range(0, random.Next(3)).Select(_ => Pick(random, "Deployment", "StatefulSet", "Job"))],
            Workloads = new LabelSelector([
                .. Enumerable
                    .Range(0, random.Next(3))
                    .Select(_ => new LabelRequirement(
                        Pick(random, "app", "tier"),
                        Pick(random, Enum.GetValues<LabelOperator>()),
                        [.. Enumerable.Range(0, random.Next(3)).Select(_ => Pick(random, "a", "b", "c"))]
                    )),
            ]),
        };

    private static Dictionary<string, string> Labels(Random random) =>
        new[] { "app", "tier", "team" }.Where(_ => random.Next(2) == 0).ToDictionary(k => k, _ => Pick(random, "a", "b", "c"));

    private static T Pick<T>(Random random, params T[] of) => of[random.Next(of.Length)];
}

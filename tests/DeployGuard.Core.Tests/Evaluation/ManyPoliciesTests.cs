using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>
/// Among many policies those of a request are looked up, and among few each is looked at: the result must be the same. So each policy is
/// asked alone as well.
/// </summary>
public class ManyPoliciesTests
{
    private static readonly IReadOnlyList<SafeguardPolicy> s_policies =
    [
        .. Enumerable.Range(0, 40).Select(i => Policy($$"""{"workloadSelector": {"matchLabels": {"team": "t{{i}}"} } }""", $"team-{i}")),
        .. Enumerable.Range(0, 40).Select(i => Policy("""{"kinds": ["StatefulSet", "ReplicaSet"]}""", $"sets-{i}")),
        .. Enumerable.Range(0, 40).Select(i => Policy("""{"namespaceSelector": {"matchLabels": {"tier": "2"}}}""", $"elsewhere-{i}")),
        Policy("""{"kinds": ["Deployment"]}""", "deployments"),
        Policy("{}", "everything"),
        Policy("""{"workloadSelector": {"matchExpressions": [{"key": "team", "operator": "Exists"}]}}""", "any-team"),
        Policy("""{"workloadSelector": {"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["t7"]}]}}""", "not-7"),
    ];

    [Test]
    public void TheSamePoliciesMatch()
    {
        foreach (var request in Requests())
        {
            var matching = PolicyMatching.Active(request, ClusterOf(s_policies), Some.Now);
            var oneByOne = s_policies.SelectMany(p => PolicyMatching.Active(request, ClusterOf([p]), Some.Now));
            Assert.That(matching.Select(p => p.Name), Is.EqualTo(oneByOne.Select(p => p.Name)), $"{request.Operation} {request.Target}");
            Assert.That(matching, Is.Not.Empty);
        }
    }

    [Test]
    public void TheSamePoliciesAreLeft()
    {
        foreach (var request in Requests())
        {
            var left = SelectorEscapes.Of(request, ClusterOf(s_policies), Some.Now);
            var oneByOne = s_policies.SelectMany(p => SelectorEscapes.Of(request, ClusterOf([p]), Some.Now));
            Assert.That(left.Select(p => p.Name), Is.EqualTo(oneByOne.Select(p => p.Name)), $"{request.Operation} {request.Target}");
        }

        Assert.That(
            SelectorEscapes.Of(Relabelled("t3", "t7"), ClusterOf(s_policies), Some.Now).Select(p => p.Name),
            Is.EqualTo(["team-3", "not-7"])
        );
    }

    /// <summary>A policy that matches the owner of an object matches the object, whatever its own kind and labels are.</summary>
    [Test]
    public void ThePolicyOfAnOwnerIsFoundByTheOwner()
    {
        var request = Some.Create(Some.Deployment());
        var owner = Some.Deployment().Read() with { Labels = new Dictionary<string, string> { ["team"] = "t9" } };
        Assert.That(
            PolicyMatching.Active(request, ClusterOf(s_policies) with { Owners = [owner] }, Some.Now).Select(p => p.Name),
            Has.Member("team-9")
        );
    }

    private static IEnumerable<Request> Requests() =>
        [
            Some.Create(Some.Deployment()),
            Some.Create(Labelled("t3")),
            Relabelled("t3", "t3"),
            Relabelled("t3", "t7"),
            Relabelled("t7", "t39"),
            Some.Create(Some.Deployment()) with
            {
                After = null,
                Before = Labelled("t5").Read(),
                Operation = Operation.Delete,
            },
            Some.Create(Some.Deployment()) with
            {
                After = null,
                Before = null,
            },
        ];

    private static WorkloadRequest Relabelled(string before, string after) => Some.Update(Labelled(before), Labelled(after));

    private static System.Text.Json.Nodes.JsonObject Labelled(string team) =>
        Some.Deployment().With("metadata/labels", $$"""{"team": "{{team}}"}""");

    private static ClusterSnapshot ClusterOf(IReadOnlyList<SafeguardPolicy> policies) =>
        new()
        {
            Policies = policies,
            NamespaceLabels = new Dictionary<string, string> { ["tier"] = "1" },
        };

    private static SafeguardPolicy Policy(string match, string name) => Some.Policy($$"""{"match": {{match}} }""", name);
}

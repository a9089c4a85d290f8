using System.Text.Json;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;

namespace DeployGuard.Kubernetes.Tests;

public class PolicyListTests
{
    [Test]
    public void PoliciesAreSortedByName() =>
        Assert.That(new PolicyList([Entry("b"), Entry("a"), Entry("B")]).All.Select(p => p.Name), Is.EqualTo(new[] { "B", "a", "b" }));

    [Test]
    public void AdoptedPodsAreFoundByNamespaceAndPolicy()
    {
        var list = new PolicyList([
            Entry("a", """{"namespace": "shop", "servingAt": "2026-11-01T00:00:00Z", "pods": ["p"]}"""),
            Entry("b", """{"namespace": "shop"}"""),
            Entry("c"),
        ]);
        Assert.Multiple(() =>
        {
            Assert.That(list.AdoptedIn("shop").Keys, Is.EqualTo(new[] { "a" }), "an adoption without pods does not count");
            Assert.That(list.AdoptedIn("shop")["a"].Pods, Is.EqualTo(new[] { "p" }));
            Assert.That(list.AdoptedIn("other"), Is.Empty);
        });
    }

    [Test]
    public void PoliciesOfOtherNamespacesAreLeftOut()
    {
        var list = new PolicyList([Entry("a"), Entry("b", """{"namespace": "shop"}""")]);
        var tier1 = new Dictionary<string, string> { ["tier"] = "1" };
        var selecting = new PolicyList([
            Entry("everywhere"),
            Entry("tier-1") with
            {
                Policy = Entry("tier-1").Policy with
                {
                    Match = new PolicyMatch { Namespaces = new LabelSelector([new LabelRequirement("tier", LabelOperator.In, ["1"])]) },
                },
            },
        ]);
        Assert.Multiple(() =>
        {
            Assert.That(list.In(null), Is.SameAs(list), "unknown labels match every selector");
            Assert.That(selecting.In(tier1).All.Select(p => p.Name), Is.EqualTo(new[] { "everywhere", "tier-1" }));
            Assert.That(selecting.In(new Dictionary<string, string>()).All.Select(p => p.Name), Is.EqualTo(new[] { "everywhere" }));
            Assert.That(selecting.In(tier1), Is.SameAs(selecting.In(tier1)), "worked out once");
        });
    }

    [Test]
    public void AnIndexGivesTheSameListUntilSomethingChanges()
    {
        var index = new Index<PolicyEntry>(_ => []);
        index.Put("/a", Entry("a"));
        var first = index.All();
        Assert.That(index.All(), Is.SameAs(first));
        index.Put("/b", Entry("b"));
        Assert.That(index.All(), Has.Count.EqualTo(2));
    }

    [Test]
    public void AnIndexGivesTheSameGroupsUntilSomethingChanges()
    {
        var index = new Index<PolicyEntry>(p => [p.Policy.Name[..1]]);
        index.Put("/a1", Entry("a1"));
        index.Put("/b1", Entry("b1"));
        var first = index.Groups();
        Assert.That(index.Groups(), Is.SameAs(first));
        index.Put("/b2", Entry("b2"));
        Assert.That(index.Groups().Select(g => g.Count), Is.EquivalentTo([1, 2]));
        Assert.That(index.Groups().Single(g => g.Count == 1), Is.SameAs(first.Single(g => g[0].Policy.Name == "a1")), "it did not change");
    }

    private static PolicyEntry Entry(string name, params string[] adopted)
    {
        using var policy = JsonDocument.Parse(
            $$$"""
            {"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"name": "{{{name}}}"}, "spec": {"mode": "Audit"},
             "status": {"adopted": [{{{string.Join(", ", adopted)}}}]}}
            """
        );
        return PolicyEntry.Read(policy.RootElement);
    }
}

using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>Finding the objects of a pool among thousands of others: the same ones, in the same order, as by looking at each.</summary>
public class MemberSetTests
{
    [Test]
    public void OtherMembersAndServicesAreNotLookedAt()
    {
        var members = Enumerable.Range(0, 10_000).Select(i => Named($"web-{i}", Labels($"web-{i}", "shop"))).ToList();
        var services = Enumerable.Range(0, 10_000).Select(i => Selecting($"web-{i}", Labels($"web-{i}", "shop"))).ToList();
        Assert.That(MemberSet.Of(members).Near(services[77]).Select(m => m.Spec.Ref.Name), Is.EqualTo(["web-77"]));
        Assert.That(ServiceIndex.Of(services).Selecting(Labels("web-77", "shop")).Select(s => s.Name), Is.EqualTo(["web-77"]));
        var changed = MemberSet.Of(members).Without(members[5].Spec.Ref).Adding(members[5]);
        Assert.That(changed.Near(services[77]).Count(), Is.EqualTo(2), "its own, and the one that a request changes");
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void APoolIsTheSameAsByLookingAtEachMember(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 500; round++)
        {
            var members = Enumerable.Range(0, random.Next(12)).Select(i => RandomMember(random, $"m{i}")).ToList();
            var (asked, left) = (RandomMember(random, "asked"), $"m{random.Next(12)}");
            var service = new Service("s", RandomLabels(random), random.Next(10) == 0);
            var set = MemberSet.Of(members).Without(BuiltInKinds.Deployment.Named("shop", left)).Adding(asked);
            List<Member> list = [.. members.Where(m => m.Spec.Ref.Name != left), asked];
            Assert.That(
                Pool.Behind(service, set).Members.Select(m => m.Spec.Ref),
                Is.EqualTo(Behind(service, list).Select(m => m.Spec.Ref)),
                $"round {round}"
            );
        }
    }

    [Test]
    public void TheServicesThatSelectLabelsAreTheSameAsByLookingAtEach()
    {
        var random = new Random(4);
        for (var round = 0; round < 500; round++)
        {
            var services = Enumerable.Range(0, random.Next(10)).Select(i => new Service($"s{i}", RandomLabels(random), false)).ToList();
            var (one, other) = (RandomLabels(random), RandomLabels(random));
            var index = ServiceIndex.Of(services);
            Assert.That(index.Selecting(one), Is.EqualTo(services.Where(s => s.Selects(one))));
            Assert.That(index.Selecting([one, other]), Is.EqualTo(services.Where(s => s.Selects(one) || s.Selects(other))));
            Assert.That(index.Distinguishes(one, other), Is.EqualTo(services.Exists(s => s.Selects(one) != s.Selects(other))));
        }
    }

    [Test]
    public void AReplacedMemberKeepsItsPlace()
    {
        var members = new[] { Named("a", Labels("x", "shop")), Named("b", Labels("x", "shop")), Named("c", Labels("x", "shop")) };
        var set = MemberSet.Of(members).With([members[1].Spec.Ref], m => m with { SeparatePods = 7 });
        Assert.That(
            set.Near(Selecting("s", Labels("x", "shop"))).Select(m => (m.Spec.Ref.Name, m.SeparatePods)),
            Is.EqualTo([("a", 0), ("b", 7), ("c", 0)])
        );
        Assert.That(set.Find(members[1].Spec.Ref)?.SeparatePods, Is.EqualTo(7));
        Assert.That(set.Changed.Select(m => m.Spec.Ref.Name), Is.EqualTo(["b"]));
    }

    /// <summary>The same by the definition, one member after the other.</summary>
    private static IEnumerable<Member> Behind(Service service, List<Member> all)
    {
        var selected = all.FindAll(m => service.Selects(m.Spec.Template.Labels));
        Member? StableOf(Member canary) =>
            all.Find(m => m.Spec.Ref.Name == canary.CanaryOf && m.Spec.Ref != canary.Spec.Ref && m.CanaryOf is null);
        return
        [
            .. selected,
            .. all.Where(m => m.CanaryOf is not null && !selected.Contains(m) && StableOf(m) is { } stable && selected.Contains(stable)),
        ];
    }

    private static Member RandomMember(Random random, string name)
    {
        var member = Named(name, RandomLabels(random));
        return random.Next(3) > 0
            ? member
            : member with
            {
                Spec = member.Spec with
                {
                    Annotations = new Dictionary<string, string> { [Member.CanaryOfAnnotation] = $"m{random.Next(12)}" },
                },
            };
    }

    private static Dictionary<string, string> RandomLabels(Random random) =>
        new[] { "app", "tier", "team" }.Where(_ => random.Next(2) == 0).ToDictionary(k => k, _ => random.Next(2) == 0 ? "a" : "b");

    private static Dictionary<string, string> Labels(string app, string team) => new() { ["app"] = app, ["team"] = team };

    private static Service Selecting(string name, Dictionary<string, string> labels) => new(name, labels, false);

    private static Member Named(string name, Dictionary<string, string> labels)
    {
        var spec = Some.Deployment().Read();
        return new Member
        {
            Spec = spec with
            {
                Ref = BuiltInKinds.Deployment.Named("shop", name),
                Template = PodTemplate.OfPod(labels, spec.Template.Containers, spec.Template.Images, spec.Template.Hash),
            },
        };
    }
}

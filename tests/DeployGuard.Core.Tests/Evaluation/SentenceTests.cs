using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

/// <summary>Sentences are grammatical whatever is filled in: every reason, rendered with zero, one and two of what it counts.</summary>
public partial class SentenceTests
{
    private static readonly Requester[] s_requesters =
    [
        Some.Developer,
        Some.Machine,
        new("system:serviceaccount:flux-system:helm-controller", "", []),
        new("system:serviceaccount:ci:deployer", "", []),
        new("system:serviceaccount:kube-system:horizontal-pod-autoscaler", "", []),
    ];

    [TestCase("a a readinessProbe")]
    [TestCase("1 pods")]
    [TestCase("1 rollouts are")]
    [TestCase("two  spaces")]
    [TestCase("end.. Next")]
    [TestCase("end. . Next")]
    [TestCase("one,, two")]
    [TestCase("to , then")]
    [TestCase("by : why")]
    [TestCase("the the")]
    [TestCase("() empty")]
    public void TheRulesFindWhatTheyAreFor(string wrong) => Assert.That(Fault().IsMatch(wrong), Is.True);

    [Test]
    public void EverySentenceIsGrammatical()
    {
        var verdicts = Verdicts().Concat(StatementFindingTests.Refusals()).ToList();

        Assert.That(
            Reasons.All.Where(r => r.FoundBy is not "Records").Select(r => r.Code).Except(Reached(verdicts)),
            Is.EqualTo(new[] { "KindUnknown" }),
            "the case is in BypassKindTests"
        );
        foreach (var text in verdicts.SelectMany(v => Messages.WarningLines(v).Append(Messages.Refusal(v))).Distinct())
        {
            Assert.That(Fault().Match(text).Value, Is.Empty, text);
        }
    }

    private static IEnumerable<string> Reached(IEnumerable<Verdict> verdicts) =>
        verdicts.SelectMany(v => v.Findings).Select(f => f.Finding.Reason).Distinct();

    private static IEnumerable<Verdict> Verdicts() =>
        from who in s_requesters
        from dryRun in (bool[])[false, true]
        from count in (int[])[0, 1, 2]
        from verdict in Verdicts(who, dryRun, count)
        select verdict;

    private static IEnumerable<Verdict> Verdicts(Requester by, bool dryRun, int count)
    {
        SafeguardPolicy[] policies =
        [
            Some.Policy(
                """{"images": {}, "approval": {"quorum": [{"groups": ["a"], "count": 2}]}, "canary": {"required": "Always", "steps": [5]}}"""
            ),
            Some.Policy("""{"freeze": {"message": "Peak week."}, "active": {"until": "2026-12-01T00:00:00Z"} }""", "peak"),
            Some.Policy("""{"freeze": {}, "active": {"from": "2026-11-23T13:00:00Z", "until": "2026-12-01T00:00:00Z"} }""", "soon"),
            Some.Policy($$"""{"budget": {"maxConcurrentRollouts": {{Math.Max(1, count)}}, "per": "Cluster"} }""", "budget"),
            new SafeguardPolicy { Name = "broken", Errors = [.. Enumerable.Repeat("spec.x: unknown field", count + 1)] },
        ];
        WorkloadRef[] flying = [.. Enumerable.Range(0, Math.Max(1, count)).Select(i => Flying(i))];
        var cluster = new ClusterSnapshot
        {
            Policies = policies,
            Approvals = [.. Enumerable.Range(0, count).Select(i => Vote(i))],
            Budgets = new Dictionary<string, BudgetUse> { ["budget"] = new(flying, flying) },
        };
        var current = Some.Deployment(replicas: Math.Max(1, count));
        foreach (var after in Asked(Math.Max(1, count)))
        {
            var update = Some.Update(current, after, by, dryRun);
            yield return Some.Decide(update, cluster);
            yield return Some.Decide(update, cluster with { Policies = [.. policies.Select(p => p with { Mode = Mode.Warn })] });
            yield return Some.Decide(update, cluster with { Policies = policies[..1], ApproveBy = ApproveBy.NotYet });
            yield return Some.Decide(Some.Create(after, by, dryRun) with { IsNameGenerated = true }, cluster);
            yield return Some.Evaluator.Incomplete(
                Some.Evaluator.Classify(update, cluster, Some.Now),
                cluster,
                Some.Now,
                Reasons.Overloaded,
                "busy"
            );
            yield return Some.Evaluator.Incomplete(
                Some.Evaluator.Classify(update, cluster, Some.Now),
                cluster,
                Some.Now,
                Reasons.EvaluationIncomplete,
                "late"
            );
        }

        yield return Some.Decide(Canary(by, dryRun, count), Pooled(count));
        yield return Some.Decide(Escape(by, dryRun), new ClusterSnapshot { Policies = [Some.Policy(Selecting)] });
        yield return Some.Decide(
            Some.Update(Shop.SetOf(current, Shop.Second, 0), Shop.SetOf(current, Shop.Second, count + 1), by, dryRun),
            cluster with
            {
                RevisionChanges = [Some.Change(current, Phase.Expired)],
            }
        );
        yield return Some.Decide(Scaled(by), cluster);
    }

    private const string Selecting = """{"images": {}, "match": {"workloadSelector": {"matchLabels": {"app": "web"} } } }""";

    private static IEnumerable<JsonObject> Asked(int replicas)
    {
        yield return Some.Deployment("web:1", replicas).AiAssisted();
        yield return Some.Deployment(Some.OtherImage, replicas).With("spec/template/spec/containers/0/readinessProbe", "null");
        yield return Some.Deployment(Some.OtherImage, replicas).With("spec/strategy", """{"type": "Recreate"}""");
        yield return Some.Deployment(Some.OtherImage, replicas).With("spec/template/spec/containers/0/args", "[\"\uFFFD\"]");
        yield return Some.Deployment(Some.OtherImage, replicas)
            .Annotated("kubectl.kubernetes.io/restartedAt", "2020-01-01T00:00:00Z")
            .With(
                "spec/template/spec/containers/0/env",
                """[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.annotations"} } }]"""
            );
    }

    private static WorkloadRef Flying(int i) => new("apps", "Deployment", i == 0 ? "shop" : "other", $"w{i}");

    private static Approval Vote(int i) =>
        Some.ApprovalOf(
            Some.Deployment("web:1").AiAssisted(),
            new Requester($"p{i}", "", i == 0 ? ["a"] : []),
            i == 0 ? Decision.Reject : Decision.Approve
        );

    private static WorkloadRequest Canary(Requester by, bool dryRun, int count) =>
        Some.Create(Shop.Deployment("web-canary", 5 + count, Shop.V2), by, dryRun);

    private static ClusterSnapshot Pooled(int others)
    {
        var web = Shop.Web(20).Read();
        Member[] members = [Running(web), .. Enumerable.Range(0, others).Select(i => Running(Shop.Deployment($"c{i}", 1, Shop.V2).Read()))];
        return new ClusterSnapshot
        {
            Policies = [Some.Policy("""{"canary": {"required": "Always", "steps": [5, 25]} }""")],
            Changes = [Some.Change(Shop.Web(20), Phase.Proven)],
            Namespace = new NamespaceSnapshot
            {
                Services = [new Service("web", new Dictionary<string, string> { ["app"] = "web" }, false)],
                Members = members,
                Changes = [Some.Change(Shop.Web(20), Phase.Proven)],
            },
        };
    }

    private static Member Running(Workload workload) =>
        new() { Spec = workload, Pods = [new RevisionPods(workload.Template.Hash, null, workload.Template.ImageNames, workload.Replicas)] };

    private static WorkloadRequest Escape(Requester by, bool dryRun) =>
        Some.Update(Some.Deployment(), Some.Deployment().With("metadata/labels", "{}"), by, dryRun);

    private static WorkloadRequest Scaled(Requester by)
    {
        var set = Shop.SetOf(Shop.Web(20));
        return Some.Update(
            set,
            set.DeepClone().AsObject().With("metadata/annotations", """{"deployment.kubernetes.io/max-replicas": "99"}"""),
            by
        );
    }

    [GeneratedRegex(
        @"\b([a-z]+) \1\b|\b(a|an|the) (a|an|the)\b|(?<![\d.])1 (pods|rollouts|findings|approvals|seconds)\b| {2}|(?<!\.)\.\.(?!\.)|\. \.|,,| ,| : |\(\)|\n\n| \n"
    )]
    private static partial Regex Fault();
}

using System.Text.Json;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Tests;

public class PolicyReaderTests
{
    [Test]
    public void EmptySpecIsAnEnforcingPolicyWithEveryBlockOff()
    {
        var policy = Some.Policy("{}");

        Assert.That(
            policy,
            Is.EqualTo(
                new SafeguardPolicy
                {
                    Name = "tier-1",
                    Errors = policy.Errors,
                    Match = policy.Match,
                }
            )
        );
        Assert.That(policy.Mode, Is.EqualTo(Mode.Enforce));
    }

    [Test]
    public void DefaultsOfABlockAreTheDocumentedOnes()
    {
        var policy = Some.Policy("""{"images": {}, "approval": {"quorum": [{"groups": ["a"]}]}, "canary": {"steps": [5]}}""");

        Assert.That(policy.Images?.Pin, Is.EqualTo(Pin.Digest));
        Assert.That(policy.UnknownOrigin, Is.EqualTo(OriginKind.AiAssisted));
        Assert.That(
            policy.Approval,
            Has.Property("Required").EqualTo(Required.AiAssisted).And.Property("MaxAge").EqualTo(TimeSpan.FromHours(72))
        );
        Assert.That(policy.Canary?.Pace, Is.EqualTo(new PaceRules(25, TimeSpan.FromMinutes(1))));
    }

    [TestCase(
        """{"mod": "Warn"}""",
        "spec.mod: unknown field; allowed are active, approval, budget, canary, dryRun, exempt, freeze, identities, images, match, mode, origin"
    )]
    [TestCase("""{"mode": "Enforcing"}""", "spec.mode: \"Enforcing\" is not one of Enforce, Warn, Audit")]
    [TestCase("""{"mode": 3}""", "spec.mode: 3 is not one of Enforce, Warn, Audit")]
    [TestCase("""{"budget": {}}""", "spec.budget.maxConcurrentRollouts: is missing: set how many rollouts may be in flight")]
    [TestCase("""{"budget": {"maxConcurrentRollouts": 0}}""", "spec.budget.maxConcurrentRollouts: 0 is not a whole number from 1 to 1000")]
    [TestCase("""{"budget": {"maxConcurrentRollouts": 3, "per": "Team"}}""", "spec.budget.per: \"Team\" is not one of Namespace, Cluster")]
    [TestCase("""{"freeze": {}}""", "spec.freeze: needs active: {from, until}, because a freeze must end")]
    [TestCase(
        """{"freeze": {}, "active": {"from": "2026-03-11T00:00:00Z"}}""",
        "spec.freeze: needs active.until: requesters must know when it ends"
    )]
    [TestCase("""{"exempt": {"labels": ["a"]}}""", "spec.exempt.labels: unknown field; allowed are groups, serviceAccounts, users")]
    [TestCase(
        """{"exempt": {"groups": ["system:authenticated"]}}""",
        "spec.exempt.groups[0]: \"system:authenticated\" is every user, or every machine; list only the identities to exempt"
    )]
    [TestCase("""{"exempt": {"serviceAccounts": ["ci"]}}""", "spec.exempt.serviceAccounts[0]: \"ci\" is not namespace/name")]
    [TestCase(
        """{"approval": {"bots": ["a\u001b[2J"], "quorum": [{"groups": ["a"]}]}}""",
        "spec.approval.bots[0]: \"a\\u001b[2J\" is not a non-empty string without control characters"
    )]
    [TestCase("""{"approval": {}}""", "spec.approval.quorum: must have at least one line, such as {groups: [senior-engineers], count: 1}")]
    [TestCase(
        """{"approval": {"quorum": [{"groups": ["a"], "count": 0}]}}""",
        "spec.approval.quorum[0].count: 0 is not a whole number from 1 to 10"
    )]
    [TestCase("""{"approval": {"quorum": [{"groups": []}]}}""", "spec.approval.quorum[0].groups: must name at least one group")]
    [TestCase(
        """{"approval": {"quorum": [{"groups": ["system:authenticated"]}]}}""",
        "spec.approval.quorum[0].groups: \"system:authenticated\" is a group of Kubernetes, which does not tell who may approve"
    )]
    [TestCase(
        """{"approval": {"covers": "Images", "quorum": [{"groups": ["a"]}]}}""",
        "spec.approval.covers: Images needs images: {pin: Digest}, because a tag can be moved after the approval"
    )]
    [TestCase(
        """{"approval": {"maxAge": "10 minutes", "quorum": [{"groups": ["a"]}]}}""",
        "spec.approval.maxAge: \"10 minutes\" is not a duration; write for example 90s, 10m, 72h or 1h30m"
    )]
    [TestCase(
        """{"approval": {"maxAge": "0s", "quorum": [{"groups": ["a"]}]}}""",
        "spec.approval.maxAge: \"0s\" is too short; the minimum is 1s"
    )]
    [TestCase(
        """{"canary": {"steps": []}}""",
        "spec.canary.steps: is missing: list increasing percentages such as [5, 25, 50]; 100 follows the last"
    )]
    [TestCase("""{"canary": {"steps": [5, 5]}}""", "spec.canary.steps: [5, 5] must increase")]
    [TestCase("""{"canary": {"steps": [5, 100]}}""", "spec.canary.steps[1]: 100 is not a whole number from 1 to 99")]
    [TestCase("""{"canary": {"steps": [0, 5]}}""", "spec.canary.steps[0]: 0 is not a whole number from 1 to 99")]
    [TestCase("""{"canary": {"steps": [50, 5]}}""", "spec.canary.steps: [50, 5] must increase")]
    [TestCase("""{"canary": {"steps": [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}}""", "spec.canary.steps: has 17 steps; the limit is 16")]
    [TestCase(
        """{"canary": {"steps": [5], "soak": "-10m"}}""",
        "spec.canary.soak: \"-10m\" is not a duration; write for example 90s, 10m, 72h or 1h30m"
    )]
    [TestCase("""{"canary": {"steps": [5], "soak": "0s"}}""", "spec.canary.soak: \"0s\" is too short; the minimum is 1s")]
    [TestCase(
        """{"canary": {"steps": [5], "pace": {"percent": 101}}}""",
        "spec.canary.pace.percent: 101 is not a whole number from 1 to 100"
    )]
    [TestCase(
        """{"canary": {"steps": [5], "accept": ["Pace", "Luck"]}}""",
        "spec.canary.accept[1]: \"Luck\" is not one of Pool, Pace, StatefulSetPartition"
    )]
    [TestCase(
        """{"active": {"from": "2026-06-09T00:00:00Z", "until": "2026-03-11T00:00:00Z"}}""",
        "spec.active.until: must be later than from"
    )]
    [TestCase(
        """{"active": {"from": "tomorrow"}}""",
        "spec.active.from: \"tomorrow\" is not a time; write for example 2026-03-11T00:00:00Z"
    )]
    [TestCase(
        """{"canary": {"steps": [5], "accept": []}}""",
        "spec.canary.accept: must name at least one of Pool, Pace, StatefulSetPartition"
    )]
    [TestCase(
        """{"match": {"kinds": ["Deploymint"]}}""",
        "spec.match.kinds[0]: \"Deploymint\" is not one of Deployment, StatefulSet, DaemonSet, ReplicaSet, "
            + "ReplicationController, Job, CronJob, Pod"
    )]
    [TestCase(
        """{"match": {"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}}""",
        "spec.match.namespaceSelector.matchExpressions[0].values: must have at least one value"
    )]
    [TestCase(
        """{"match": {"namespaceSelector": {"matchLabels": {"a": 1}}}}""",
        "spec.match.namespaceSelector.matchLabels.a: 1 is not a string"
    )]
    [TestCase("""{"images": "Digest"}""", "spec.images: \"Digest\" is not an object")]
    public void AnErrorNamesThePathAndTheAllowedValues(string spec, string error) =>
        Assert.That(Read($$"""{"metadata": {"name": "p"}, "spec": {{spec}}}""").Errors, Is.EqualTo(new[] { error }));

    [Test]
    public void AllErrorsAreReportedAtOnce() =>
        Assert.That(
            Read("""{"metadata": {"name": "p"}, "spec": {"mode": "x", "images": {"pin": "y"}, "z": 1}}""").Errors,
            Has.Count.EqualTo(3)
        );

    [TestCase("""{"metadata": {"name": "p"}}""")]
    [TestCase("""{"metadata": {"name": "p"}, "spec": []}""")]
    [TestCase("[]")]
    [TestCase("7")]
    public void ObjectThatIsNoPolicyGivesAnErrorAndNoException(string json) => Assert.That(Read(json).Errors, Is.Not.Empty);

    [TestCase("10m", 600)]
    [TestCase("1h30m", 5400)]
    [TestCase("90s", 90)]
    [TestCase("0s", 0)]
    [TestCase("72h", 259200)]
    public void DurationsAreReadAndShown(string text, int seconds)
    {
        Assert.That(Durations.TryParse(text, out var duration), Is.True);
        Assert.That(duration, Is.EqualTo(TimeSpan.FromSeconds(seconds)));
    }

    [TestCase("")]
    [TestCase("10")]
    [TestCase("m")]
    [TestCase("10 minutes")]
    [TestCase("1m1h")]
    [TestCase("-1m")]
    [TestCase("1.5h")]
    [TestCase("99999999999h")]
    public void AnInvalidDurationIsRefused(string text) => Assert.That(Durations.TryParse(text, out _), Is.False);

    [Test]
    public void InvalidStepsAreTheStrictest() =>
        Assert.That(Read("""{"metadata": {"name": "p"}, "spec": {"canary": {"steps": ["many"]}}}""").Canary?.ShareAfter(0), Is.EqualTo(1));

    [Test]
    public void InvalidPolicyStillKnowsWhereItApplies()
    {
        var policy = Read(
            """{"metadata": {"name": "p"}, "spec": {"match": {"namespaceSelector": {"matchLabels": {"tier": "1"}}}, "later": true}}"""
        );

        Assert.That(policy.Match.IncludesNamespace(new Dictionary<string, string> { ["tier"] = "1" }), Is.True);
        Assert.That(policy.Match.IncludesNamespace(new Dictionary<string, string>()), Is.False);
    }

    private static SafeguardPolicy Read(string json) => PolicyReader.Read(JsonDocument.Parse(json).RootElement);
}

using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Webhook.Tests;

/// <summary>Which reads a decision waits for, the records before and after it, and failures of both.</summary>
public class GatedDecisionTests
{
    private static readonly SafeguardPolicy s_policy = new()
    {
        Name = "tier-1",
        Approval = new ApprovalRules { Quorum = [new QuorumLine(["senior-engineers"], 1)] },
    };

    private static readonly Workload s_requested = WorkloadReader.Default.Read(
        JsonSerializer.SerializeToElement(Reviews.Deployment(Reviews.OtherImage))
    );

    private static readonly Approval s_approval = new()
    {
        Name = "a",
        Workload = s_requested.Ref,
        TemplateHash = s_requested.Template.Hash,
        Decision = Decision.Approve,
        Approver = new Requester("alice", "", ["senior-engineers"]),
        CreatedAt = TimeProvider.System.GetUtcNow(),
    };

    private LiteralFacts _facts = new();
    private RunningWebhook _webhook = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _facts = new LiteralFacts { Cached = new ClusterSnapshot { Policies = [s_policy] } };
        _webhook = await RunningWebhook.StartAsync(_facts);
    }

    [TearDown]
    public async Task StopAsync() => await _webhook.DisposeAsync();

    [Test]
    public async Task ARefusalLeavesAPendingChange()
    {
        Assert.That(await MessageAsync(), Does.Contain("ApprovalMissing"));
        Assert.That((_facts.Admitted.Count, _facts.RecordedAfterwards.Count), Is.EqualTo((0, 1)));
    }

    [Test]
    public async Task AnApprovalThatOnlyTheLiveReadSeesCountsAtOnce()
    {
        _facts.Live = _facts.Cached with { Approvals = [s_approval] };

        Assert.That(await MessageAsync(), Is.Null);
        Assert.That((_facts.Admitted.Count, _facts.RecordedAfterwards.Count), Is.EqualTo((1, 0)));
    }

    [Test]
    public async Task ARefusalNamesTheTemplateThatWasApprovedInstead()
    {
        _facts.OtherApproved = new ApprovedTemplate("deployment-web-1", ["alice"], null);

        Assert.That(await MessageAsync(), Does.Contain("alice approved another template (change deployment-web-1)"));
    }

    [Test]
    public async Task AnApprovalThatOnlyTheCacheStillHasDoesNotCount()
    {
        _facts.Live = _facts.Cached;
        _facts.Cached = _facts.Cached with { Approvals = [s_approval] };

        Assert.That(await MessageAsync(), Does.Contain("ApprovalMissing"));
    }

    [Test]
    public async Task AGatedRequestIsRefusedIfALiveReadFails()
    {
        _facts.Cached = _facts.Cached with { Approvals = [s_approval] };
        _facts.ReadsFail = "the approvals could not be read";

        Assert.That(await MessageAsync(), Does.Contain("EvaluationIncomplete: the approvals could not be read"));
        Assert.That(_facts.Seen.Concat(_facts.SeenRefused), Is.Empty, "it says nothing about the requester");
    }

    [TestCase(1, null)]
    [TestCase(6, null)]
    [TestCase(10, "EvaluationIncomplete: the replica computes too many other decisions to answer in time")]
    public async Task TheTimeThatTheCachesTakeCountsForTheDeadline(int seconds, string? refusal)
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var webhook = await RunningWebhook.StartAsync(_facts, time);
        _facts.Taking = () => time.Advance(TimeSpan.FromSeconds(seconds));

        var answer = await webhook.SendAsync("/admit/workloads?timeout=10s", Reviews.Update());

        Assert.That(answer.GetRawText(), Does.Contain(refusal ?? "ApprovalMissing"));
        Assert.That(_facts.LateReads, Is.Zero);
    }

    [Test]
    public async Task AStepHeldOnlyByLivePodsPasses()
    {
        var canary = PolicyReader.Read(
            JsonDocument.Parse("""{"metadata": {"name": "canary"}, "spec": {"canary": {"required": "Always", "steps": [5]}}}""").RootElement
        );
        var before = WorkloadReader.Default.Read(JsonSerializer.SerializeToElement(Reviews.Deployment(Reviews.Image)));
        var beside = s_requested with
        {
            Ref = s_requested.Ref with { Name = "beside" },
            Replicas = 1,
            Annotations = new Dictionary<string, string> { [Member.CanaryOfAnnotation] = "web" },
        };
        _facts.Cached = new ClusterSnapshot
        {
            Policies = [canary],
            Namespace = new NamespaceSnapshot
            {
                Members =
                [
                    new Member { Spec = before },
                    new Member { Spec = beside, Pods = [new RevisionPods(beside.Template.Hash, null, [Reviews.OtherImage], 1)] },
                ],
                Changes = [Recorded(beside, Reviews.OtherImage, Phase.Completed)],
            },
        };
        var old = TimeProvider.System.GetUtcNow().AddHours(-1);

        Assert.That(await MessageAsync(), Does.Contain("PaceTooFast"));
        var seen = new PodGroup(
            new PodShape("uid-beside", beside.Template),
            [
                new LivePod
                {
                    Name = "beside-1",
                    CreatedAt = old,
                    ReadySince = old,
                    StartedAt = old,
                },
            ]
        );
        _facts.Live = _facts.Cached with
        {
            Namespace = _facts.Cached.Namespace with
            {
                Members =
                [
                    new Member { Spec = before },
                    new Member
                    {
                        Spec = beside,
                        Pods = [new RevisionPods(beside.Template.Hash, null, [Reviews.OtherImage], 1) { Seen = [seen] }],
                    },
                ],
            },
        };
        Assert.That(await MessageAsync(), Is.Null, "completed by pods that no cache has");
    }

    [TestCase(Phase.Proven, "7", null, Description = "an autoscaler's next step")]
    [TestCase(Phase.Completed, "7", "EvaluationIncomplete: down", Description = "a vote may have rejected it a moment ago")]
    [TestCase(Phase.Proven, "8", "EvaluationIncomplete: down", Description = "the cache lags behind the parent")]
    public async Task AScaleUpOfAProvenRevisionNeedsNoLiveRead(Phase phase, string version, string? refusal)
    {
        var stable = WorkloadReader.Default.Read(JsonSerializer.SerializeToElement(Reviews.Deployment(Reviews.Image))) with
        {
            Ref = s_requested.Ref with { Name = "stable" },
            Replicas = 60,
        };
        var web = s_requested with
        {
            ResourceVersion = "7",
            Annotations = new Dictionary<string, string> { [Member.CanaryOfAnnotation] = "stable" },
        };
        _facts.Cached = new ClusterSnapshot
        {
            Policies = [CanaryPolicy(25)],
            Parent = web,
            Namespace = new NamespaceSnapshot
            {
                Members = [new Member { Spec = stable }, new Member { Spec = web }],
                Changes = [Recorded(web, Reviews.OtherImage, phase)],
            },
        };
        _facts.ReadsFail = "down";

        var response = await _webhook.SendAsync("/admit/workloads?timeout=3s", Reviews.Scale(3, 6, version));

        Assert.That(response.GetProperty("allowed").GetBoolean(), Is.EqualTo(refusal is null), response.GetRawText());
        Assert.That(response.GetRawText(), Does.Contain(refusal ?? ""));
    }

    [Test]
    public async Task PendingExposureOfOtherRequestsCountsAndOwnExposureIsPublished()
    {
        var web = WorkloadReader.Default.Read(JsonSerializer.SerializeToElement(Reviews.Deployment(Reviews.Image))) with
        {
            Ref = s_requested.Ref with { Name = "stable" },
            Replicas = 60,
        };
        var canary = s_requested with
        {
            ResourceVersion = "7",
            Generation = 4,
            Annotations = new Dictionary<string, string> { [Member.CanaryOfAnnotation] = "stable" },
        };
        _facts.Cached = new ClusterSnapshot
        {
            Policies = [CanaryPolicy(10)],
            Parent = canary,
            Namespace = new NamespaceSnapshot
            {
                Members = [new Member { Spec = web }, new Member { Spec = canary }],
                Changes = [Recorded(canary, Reviews.OtherImage, Phase.Completed)],
            },
        };

        var alone = await _webhook.SendAsync("/admit/workloads?timeout=3s", Reviews.Scale(3, 5, "7"));
        Assert.That(alone.GetProperty("allowed").GetBoolean(), Is.True, alone.GetRawText());
        Assert.That(
            _facts.Reached.Select(r => (r.Policy, r.Pool, r.Workload, r.TemplateHash, r.Pods, r.Generation)),
            Is.EqualTo(new[] { ("canary", "Deployment stable", canary.Ref, canary.Template.Hash, 5, (long?)4) })
        );

        _facts.Others =
        [
            new PendingExposure(
                "canary",
                "Deployment stable",
                canary.Ref with
                {
                    Name = "other",
                },
                "v1:other",
                ["registry.example.com/other@sha256:00"],
                3,
                null
            ),
        ];
        _facts.Reached.Clear();
        var beside = await _webhook.SendAsync("/admit/workloads?timeout=3s", Reviews.Scale(3, 5, "7"));
        Assert.That(
            beside.GetRawText(),
            Does.Contain("8 of 68 pods (11%) of Deployment stable would be unproven; step 10% allows 6")
                .And.Contain("3 of deployment/other")
        );
        Assert.That(_facts.Reached, Is.Empty, "a refused request reserves no exposure");

        _facts.Others = [];
        await _webhook.SendAsync("/admit/workloads?timeout=3s", Reviews.Scale(3, 5, "7", dryRun: true));
        Assert.That(_facts.Reached, Is.Empty, "nor does a dry run");

        _facts.ReachFails = "down";
        var unknown = await _webhook.SendAsync("/admit/workloads?timeout=3s", Reviews.Scale(3, 5, "7"));
        Assert.That(unknown.GetRawText(), Does.Contain("EvaluationIncomplete: down"));
    }

    /// <summary>
    /// More pods of a proven revision: a Service that is switched to them at the same moment must know, and an autoscaler must not hang on
    /// it.
    /// </summary>
    [Test]
    public async Task AScaleThatRaisesNoExposureIsPublishedIfPossible()
    {
        var web = s_requested with { ResourceVersion = "7", Generation = 4 };
        _facts.Cached = new ClusterSnapshot
        {
            Policies = [CanaryPolicy(10)],
            Parent = web,
            Namespace = new NamespaceSnapshot
            {
                Members = [new Member { Spec = web }],
                Changes = [Recorded(web, Reviews.OtherImage, Phase.Proven)],
            },
        };

        Assert.That(
            (await _webhook.SendAsync("/admit/workloads?timeout=3s", Reviews.Scale(3, 5, "7"))).GetProperty("allowed").GetBoolean(),
            Is.True
        );
        Assert.That(
            _facts.Reached.Select(r => (r.Policy, r.RaisesNoExposure, r.Workload, r.Pods, r.Generation)),
            Is.EqualTo(new[] { ("canary", true, web.Ref, 5, (long?)4) })
        );

        _facts.Reached.Clear();
        _facts.ReachFails = "down";
        Assert.That(
            (await _webhook.SendAsync("/admit/workloads?timeout=3s", Reviews.Scale(3, 5, "7"))).GetProperty("allowed").GetBoolean(),
            Is.True,
            "it hangs on nothing"
        );
    }

    /// <summary>
    /// The reservations of others were read, and show that the scale adds pods behind a Service that is being changed. It must not pass
    /// unpublished then.
    /// </summary>
    [Test]
    public async Task AScaleThatRaisesExposureOnlyWithTheReservationsOfOthersNeedsItsOwn()
    {
        var stable = Labelled(Reviews.Image) with { Ref = s_requested.Ref with { Name = "stable" }, Replicas = 60 };
        var canary = Labelled(Reviews.OtherImage) with { ResourceVersion = "7", Generation = 4 };
        _facts.Cached = new ClusterSnapshot
        {
            Policies = [CanaryPolicy(10)],
            Parent = canary,
            Namespace = new NamespaceSnapshot
            {
                Members = [new Member { Spec = stable }, new Member { Spec = canary }],
                Changes = [Recorded(canary, Reviews.OtherImage, Phase.Completed), Recorded(stable, Reviews.Image, Phase.Proven)],
            },
        };
        _facts.ReachFails = "down";
        Assert.That(
            (await _webhook.SendAsync("/admit/workloads?timeout=3s", Reviews.Scale(3, 5, "7"))).GetProperty("allowed").GetBoolean(),
            Is.True,
            "alone it raises nothing"
        );

        _facts.Others =
        [
            PendingExposure.OfService("canary", Service.Selecting("shop", "app=web"), new WorkloadRef("", "Service", "shop", "shop")),
        ];
        _facts.ReachFails = null;
        var published = await _webhook.SendAsync("/admit/workloads?timeout=3s", Reviews.Scale(3, 5, "7"));
        Assert.That(published.GetProperty("allowed").GetBoolean(), Is.True, published.GetRawText());
        Assert.That(_facts.Reached.Select(r => (r.Pool, r.Pods)), Is.EqualTo(new[] { ("Service shop", 5) }));
        _facts.ReachFails = "down";
        var unknown = await _webhook.SendAsync("/admit/workloads?timeout=3s", Reviews.Scale(3, 5, "7"));
        Assert.That(unknown.GetRawText(), Does.Contain("EvaluationIncomplete: down"));
    }

    private static SafeguardPolicy CanaryPolicy(int step) =>
        PolicyReader.Read(
            JsonDocument
                .Parse(
                    $$$"""{"metadata": {"name": "canary"}, "spec": {"canary": {"required": "Always", "covers": "Template", "steps": [{{{step}}}] } } }"""
                )
                .RootElement
        );

    private static Change Recorded(Workload workload, string image, Phase phase) =>
        new()
        {
            Name = workload.Ref.Name,
            Workload = workload.Ref,
            TemplateHash = workload.Template.Hash,
            Images = [image],
            Phase = phase,
        };

    private static Workload Labelled(string image)
    {
        var deployment = Reviews.Deployment(image);
        deployment["spec"]!["template"]!["metadata"]!["labels"] = new JsonObject { ["app"] = "web" };
        return WorkloadReader.Default.Read(JsonSerializer.SerializeToElement(deployment));
    }

    [Test]
    public async Task ABudgetPlaceIsReservedLastAndNeverByADryRun()
    {
        var budget = new SafeguardPolicy { Name = "budget", Budget = new BudgetRules(1, BudgetScope.Namespace, TimeSpan.FromHours(1)) };
        _facts.Cached = _facts.Cached with { Policies = [s_policy, budget] };

        Assert.That(await MessageAsync(), Does.Contain("ApprovalMissing"));
        Assert.That(_facts.Reservations, Is.Zero, "a refused request takes no place");
        _facts.Cached = _facts.Cached with { Policies = [budget] };
        Assert.That(await MessageAsync(dryRun: true), Is.Null);
        Assert.That(_facts.Reservations, Is.Zero);
        Assert.That(await MessageAsync(), Is.Null);
        Assert.That(_facts.Reservations, Is.EqualTo(1));
        _facts.Budgets["budget"] = new BudgetUse([s_requested.Ref with { Name = "other" }], [s_requested.Ref with { Name = "stuck" }]);
        Assert.That(
            await MessageAsync(),
            Does.Contain("BudgetExhausted: 1 of 1 rollout is in flight in namespace shop: shop/deployment/other")
                .And.Contain("Fix or roll back what takes too long: shop/deployment/stuck")
        );
    }

    [Test]
    public async Task AGatedRequestIsRefusedIfItsRecordCannotBeWritten()
    {
        _facts.Live = _facts.Cached with { Approvals = [s_approval] };
        _facts.WritesFail = "the Change could not be written";

        Assert.That(await MessageAsync(), Does.Contain("EvaluationIncomplete: the Change could not be written"));
    }

    [Test]
    public async Task ADryRunLeavesNothingBehind()
    {
        var response = await _webhook.SendAsync("/admit/workloads", Reviews.Update(dryRun: true));

        Assert.That(response.GetProperty("allowed").GetBoolean(), Is.True);
        Assert.That(response.GetProperty("warnings")[0].GetString(), Does.StartWith("policy tier-1: would be refused: ApprovalMissing"));
        Assert.That((_facts.Admitted.Count, _facts.RecordedAfterwards.Count), Is.EqualTo((0, 0)));
        Assert.That(await _webhook.ScrapeAsync(), Does.Not.Contain("deployguard_rollouts_denied_total{"));
    }

    [TestCase(Mode.Warn)]
    [TestCase(Mode.Audit)]
    public async Task WithoutAnEnforcePolicyARequestWaitsForNoReadOrWrite(Mode mode)
    {
        _facts.Cached = new ClusterSnapshot { Policies = [s_policy with { Mode = mode }] };
        _facts.ReadsFail = _facts.WritesFail = "down";

        Assert.That(await MessageAsync(), Is.Null);
        Assert.That(_facts.RecordedAfterwards, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task AnAuditPolicyLeavesNoRecordOfAPod()
    {
        _facts.Cached = new ClusterSnapshot { Policies = [s_policy with { Mode = Mode.Audit }] };
        var pod = System.Text.Json.Nodes.JsonNode.Parse(
            """{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "a", "image": "a:1"}]}}"""
        );

        await _webhook.SendAsync("/admit/workloads", Reviews.Of("CREATE", "", "Pod", "pods", "dana", pod));

        Assert.That(_facts.RecordedAfterwards, Is.Empty);
    }

    [Test]
    public async Task ARollbackWaitsForNoReadOrWrite()
    {
        _facts.ReadsFail = _facts.WritesFail = "down";
        _facts.Cached = _facts.Cached with
        {
            Changes =
            [
                new Change
                {
                    Name = "c",
                    Workload = s_requested.Ref,
                    TemplateHash = s_requested.Template.Hash,
                    Phase = Phase.Completed,
                },
            ],
        };

        Assert.That(await MessageAsync(), Is.Null);
        Assert.That(_facts.RecordedAfterwards, Has.Count.EqualTo(1));
    }

    private async Task<string?> MessageAsync(bool dryRun = false)
    {
        var response = await _webhook.SendAsync("/admit/workloads?timeout=3s", Reviews.Update(dryRun));
        return response.GetProperty("allowed").GetBoolean() ? null : response.GetProperty("status").GetProperty("message").GetString();
    }
}

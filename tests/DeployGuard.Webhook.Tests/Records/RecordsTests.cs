using System.Text.Json.Nodes;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Records;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Webhook.Tests;

public class RecordsTests
{
    private const string Self = "system:serviceaccount:deployguard-system:deployguard";
    private static readonly string[] s_seniors = ["senior-engineers"];

    private readonly LiteralFacts _facts = new();
    private RunningWebhook _webhook = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _facts.Cached = new ClusterSnapshot
        {
            Policies =
            [
                new SafeguardPolicy
                {
                    Name = "tier-1",
                    Approval = new ApprovalRules
                    {
                        Quorum = [new QuorumLine(s_seniors, 1)],
                        Bots = ["robbie"],
                        Monitors = ["system:serviceaccount:ci:judge"],
                    },
                },
            ],
            Changes =
            [
                new Change
                {
                    Name = "deployment-web-1",
                    Workload = new WorkloadRef("apps", "Deployment", "shop", "web"),
                    TemplateHash = "v1:" + new string('0', 64),
                    Phase = Phase.Pending,
                    Requesters = ["dana"],
                    Evidence = [new Evidence("annotation", "deployguard.io/authors", "Zoe")],
                },
            ],
        };
        _webhook = await RunningWebhook.StartAsync(_facts);
    }

    [OneTimeTearDown]
    public async Task StopAsync() => await _webhook.DisposeAsync();

    [Test]
    public async Task TheStampNamesTheAuthenticatedUser()
    {
        var response = await _webhook.SendAsync("/stamp", Reviews.Approval("mallory", ["developers"], approver: "alice"));

        var patch = JsonNode.Parse(response.GetProperty("patch").GetBytesFromBase64());
        Assert.That(
            patch?[0]?.ToJsonString(),
            Is.EqualTo("""{"op":"add","path":"/spec/approver","value":{"username":"mallory","uid":"","groups":["developers"]}}""")
        );
    }

    [Test]
    public async Task TheStampAddsTheLabelsOfARecord()
    {
        var response = await _webhook.SendAsync("/stamp", Reviews.Approval("mallory", ["developers"], approver: "alice"));

        var patch = JsonNode.Parse(response.GetProperty("patch").GetBytesFromBase64())!.AsArray();
        Assert.That(
            patch
                .Where(p => $"{p?["path"]}".StartsWith("/metadata/labels", StringComparison.Ordinal))
                .Select(p => $"{p?["path"]} {p?["value"]?.ToJsonString()}"),
            Is.EqualTo(
                new[]
                {
                    "/metadata/labels {}",
                    "/metadata/labels/deployguard.io~1workload "
                        + $"\"{RecordLabels.Of(new WorkloadRef("apps", "Deployment", "shop", "web"))}\"",
                    "/metadata/labels/deployguard.io~1decision \"Approve\"",
                    $"/metadata/labels/deployguard.io~1maker \"{RecordLabels.OfCreator("mallory")}\"",
                }
            )
        );
    }

    [Test]
    public async Task TheStampAddsTheExactTimeOfAVote()
    {
        var response = await _webhook.SendAsync("/stamp", Reviews.Approval("mallory", ["developers"], approver: "alice"));

        var patch = JsonNode.Parse(response.GetProperty("patch").GetBytesFromBase64())!.AsArray();
        var paths = patch.Select(p => $"{p?["path"]}").ToList();
        Assert.That(paths, Does.Contain("/metadata/annotations"));
        Assert.That(
            $"{patch[paths.IndexOf("/metadata/annotations/deployguard.io~1cast-at")]?["value"]}",
            Does.Match(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
        );
    }

    [TestCase("dana", null)]
    [TestCase("alice", "NotEligible: alice did not request deployment-web-1; only its requesters can withdraw it")]
    public async Task OnlyARequesterWithdrawsARequest(string user, string? refusal)
    {
        var withdrawal = Reviews.ApprovalObject(user, ["developers"], "Withdraw");

        Assert.That(
            await RefusalAsync(Approvals("CREATE", user, withdrawal, groups: ["developers"])),
            refusal is null ? Is.Null : Does.Contain(refusal)
        );
    }

    [TestCase(RecordLabels.Workload)]
    [TestCase(RecordLabels.Decision)]
    [TestCase(RecordLabels.Creator)]
    public async Task AFalseRecordLabelIsRefusedAndNeverChanged(string label)
    {
        var honest = Reviews.ApprovalObject("alice", s_seniors, "Reject");
        var forged = honest.DeepClone();
        forged["metadata"]!["labels"] = new JsonObject { [label] = "0000000000000000" };

        Assert.That(
            await RefusalAsync(Approvals("CREATE", "alice", forged)),
            Does.Contain($"IdentityForged: metadata.labels: {label} is stamped by DeployGuard")
        );
        Assert.That(
            await RefusalAsync(Approvals("UPDATE", "alice", honest, forged)),
            Does.Contain($"RecordImmutable: metadata.labels: {label} is stamped by DeployGuard and cannot be changed")
        );
        Assert.That(await RefusalAsync(Approvals("UPDATE", "alice", forged, forged)), Is.Null);
    }

    [Test]
    public async Task TheNumberOfRecordsOfOneUserIsLimited()
    {
        _facts.Records = 200;
        try
        {
            Assert.That(
                await RefusalAsync(Reviews.Approval("alice", s_seniors)),
                Does.Contain(
                    "TooManyRecords: you have 200 changeapprovals in shop; the limit is 200. Remove those that are no longer "
                        + "needed, then retry: kubectl deployguard withdraw NAME -n shop"
                )
            );
        }
        finally
        {
            _facts.Records = 0;
        }
    }

    [Test]
    public async Task TheSizeOfARecordIsLimited()
    {
        var wordy = Reviews.ApprovalObject("alice", s_seniors, "Reject");
        wordy["spec"]!["reason"] = new string('x', 2049);
        var many = Reviews.ApprovalObject("alice", s_seniors, "Approve");
        many["spec"]!["images"] = new JsonArray([.. Enumerable.Range(0, 100).Select(i => (JsonNode)$"{Reviews.Image}{i:000}")]);

        Assert.That(
            await RefusalAsync(Approvals("CREATE", "alice", wordy)),
            Does.Contain("RecordTooLarge: spec.reason has 2049 characters; the limit is 2048")
        );
        Assert.That(
            await RefusalAsync(Approvals("CREATE", "alice", many)),
            Does.Contain("RecordTooLarge: spec.images has").And.Contain("the limit is 4096")
        );
    }

    [TestCase("CREATE", "dana", false)]
    [TestCase("UPDATE", "dana", false)]
    [TestCase("DELETE", "dana", false)]
    [TestCase("DELETE", "alice", false)]
    [TestCase("UPDATE", "system:serviceaccount:kube-system:generic-garbage-collector", false)]
    [TestCase("DELETE", "system:serviceaccount:kube-system:generic-garbage-collector", true)]
    [TestCase("DELETE", "system:serviceaccount:shop:generic-garbage-collector", false)]
    [TestCase("DELETE", "system:kube-controller-manager", true)]
    [TestCase("CREATE", Self, true)]
    [TestCase("DELETE", Self, true)]
    public async Task OnlyDeployGuardWritesChangeTemplates(string operation, string user, bool allowed)
    {
        var template = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "deployment-web-1", ["namespace"] = "shop" },
        };

        var message = await RefusalAsync(
            Reviews.Of(
                operation,
                "deployguard.io",
                "ChangeTemplate",
                "changetemplates",
                user,
                operation == "DELETE" ? null : template,
                operation == "CREATE" ? null : template.DeepClone()
            )
        );

        Assert.That(message, allowed ? Is.Null : Does.Contain("ManagedByDeployGuard: ChangeTemplates are written by DeployGuard alone"));
    }

    [Test]
    public async Task AnEligibleApprovalPasses() => Assert.That(await RefusalAsync(Reviews.Approval("alice", s_seniors)), Is.Null);

    [TestCase("mallory", "developers", "Approve", "alice", "spec.approver is stamped by DeployGuard and must be mallory")]
    [TestCase(
        "dana",
        "senior-engineers",
        "Approve",
        null,
        "dana requested deployment-web-1; requesters and authors cannot approve. Ask another person of senior-engineers"
    )]
    [TestCase("zoe", "senior-engineers", "Approve", null, "zoe is named as an author of deployment-web-1")]
    [TestCase("mallory", "developers", "Approve", null, "mallory is in none of the approving groups: senior-engineers")]
    [TestCase("robbie", "senior-engineers", "Approve", null, "robbie is listed as a bot; only people can approve")]
    [TestCase("system:serviceaccount:ci:deployer", "senior-engineers", "Approve", null, "is a machine; only people can approve")]
    [TestCase(
        "system:serviceaccount:ci:monitor",
        "monitors",
        "Reject",
        null,
        "NotEligible: a veto of system:serviceaccount:ci:monitor would not count"
    )]
    [TestCase("system:serviceaccount:ci:judge", "monitors", "Reject", null, null)]
    [TestCase("alice", "senior-engineers", "Reject", null, null)]
    public async Task EligibilityOfAVoter(string user, string group, string decision, string? approver, string? refusal)
    {
        var message = await RefusalAsync(Reviews.Approval(user, [group], decision, approver));
        Assert.That(message, refusal is null ? Is.Null : Does.Contain(refusal));
    }

    /// <summary>
    /// Their latest request may have had no room on record. A vote by its hash must not pass for that of another person.
    /// </summary>
    [TestCase(
        "alice deployment/web",
        "1",
        "SelfApproval: alice has many requests for deployment/web, so that not all of them are on record"
    )]
    [TestCase("alice deployment/web", "0", null)]
    [TestCase("dana deployment/web", "1", null)]
    public async Task APersonWhoseRequestsMayBeMissingOnRecordCannotVoteByHash(string lacking, string digit, string? refusal)
    {
        _facts.Lacking = lacking;

        var message = await RefusalAsync(
            Reviews.Approval("alice", ["senior-engineers"], hash: "v1:" + string.Concat(Enumerable.Repeat(digit, 64)))
        );
        _facts.Lacking = "";

        Assert.That(message, refusal is null ? Is.Null : Does.Contain(refusal));
    }

    /// <summary>A developer may create ChangeApprovals, to withdraw their own request. That must not make them a reviewer.</summary>
    [TestCase(
        "bob",
        false,
        "NotEligible: bob may not review here: no policy that enforces in shop names approving groups, so a review needs the verb review"
    )]
    [TestCase("bob", true, null)]
    [TestCase("dana", true, "SelfApproval: dana requested deployment-web-1")]
    [TestCase("olga", true, "SelfApproval: olga created the BreakGlass that admitted deployment-web-1, and cannot review it")]
    [TestCase("bob", false, "NotEligible: bob may not review here", "Reject")]
    [TestCase("bob", true, null, "Reject")]
    [TestCase("bob", false, "NotEligible: bob may not review here", "Approve", "seniors")]
    [TestCase("bob", true, null, "Approve", "seniors")]
    [TestCase("bob", false, null, "Approve", "developers")]
    public async Task WhereNoPolicyThatEnforcesNamesApproversTheVerbReviewIsNeeded(
        string user,
        bool isHeld,
        string? refusal,
        string decision = "Approve",
        string? audited = null
    )
    {
        var shared = _facts.Cached;
        SafeguardPolicy[] audits = audited is null
            ? []
            :
            [
                new SafeguardPolicy
                {
                    Name = "baseline",
                    Mode = Mode.Audit,
                    Approval = new ApprovalRules { Quorum = [new QuorumLine([audited], 1)] },
                },
            ];
        _facts.Cached = shared with
        {
            Policies = [new SafeguardPolicy { Name = "freeze", Freeze = new FreezeRules("", TimeSpan.Zero) }, .. audits],
            Changes = [shared.Changes[0] with { BreakGlassUses = [new BreakGlassUse("g", "olga", DateTimeOffset.UnixEpoch, null)] }],
        };
        var permission = $"{ReviewRight.Verb} breakglasses/";
        _ = isHeld ? _facts.Permissions.Add(permission) : _facts.Permissions.Remove(permission);

        var message = await RefusalAsync(Reviews.Approval(user, ["developers"], decision: decision));
        (_facts.Cached, _) = (shared, _facts.Permissions.Remove(permission));

        Assert.That(message, refusal is null ? Is.Null : Does.Contain(refusal));
    }

    [Test]
    public async Task VoteByTheHashOfVersionOneIsOnTheChangeThatWasCreatedUnderIt()
    {
        var shared = _facts.Cached;
        var (made, rehashed) = ("v1:" + new string('3', 64), "v2:" + new string('4', 64));
        _facts.Cached = shared with { Changes = [shared.Changes[0] with { TemplateHash = rehashed, LegacyHash = made }] };

        var refusals = new[]
        {
            await RefusalAsync(Reviews.Approval("dana", s_seniors, hash: made)),
            await RefusalAsync(Reviews.Approval("dana", s_seniors, hash: rehashed)),
        };

        _facts.Cached = shared;
        Assert.That(refusals, Has.All.Contains("requesters and authors cannot approve"));
    }

    [Test]
    public async Task AnApprovalIsImmutable()
    {
        var before = Reviews.ApprovalObject("alice", s_seniors, "Approve");
        var labelled = before.DeepClone();
        labelled["metadata"]!["labels"] = new JsonObject { ["a"] = "b" };
        var changed = Reviews.ApprovalObject("alice", s_seniors, "Approve", "v1:" + new string('1', 64));

        Assert.That(
            await RefusalAsync(Approvals("UPDATE", "alice", changed, before)),
            Does.EndWith("RecordImmutable: its spec cannot be changed; withdraw it and create another one")
        );
        Assert.That(await RefusalAsync(Approvals("UPDATE", "alice", labelled, before)), Is.Null);
    }

    [Test]
    public async Task ApprovalMayNotHaveOwners()
    {
        var owned = Reviews.ApprovalObject("alice", s_seniors, "Approve");
        owned["metadata"]!["ownerReferences"] = new JsonArray(new JsonObject { ["uid"] = "gone" });

        Assert.That(await RefusalAsync(Approvals("CREATE", "alice", owned)), Does.Contain("ownerReferences must be empty"));
    }

    [Test]
    public async Task ApprovalMayNotHaveFinalizersOfItsCreator()
    {
        var held = Reviews.ApprovalObject("alice", s_seniors, "Approve");
        held["metadata"]!["finalizers"] = new JsonArray("example.com/keep");
        var free = Reviews.ApprovalObject("alice", s_seniors, "Approve");

        Assert.That(
            await RefusalAsync(Approvals("CREATE", "alice", held)),
            Does.Contain("RecordHasFinalizers: metadata.finalizers must be empty: example.com/keep")
        );
        Assert.That(await RefusalAsync(Approvals("UPDATE", "alice", held, free)), Does.Contain("RecordHasFinalizers"));
        Assert.That(await RefusalAsync(Approvals("UPDATE", "alice", free, held)), Is.Null, "a fix must be possible");
    }

    [TestCase(Phase.Proven, false, "AlreadyRunning: deployment-web-2 is Proven and needs no approval")]
    [TestCase(Phase.Proven, true, null)]
    [TestCase(Phase.Completed, true, null)]
    public async Task ACompletedRevisionCanBeApprovedIfItsWorkloadIsToBeCreatedAgain(Phase phase, bool waits, string? refusal)
    {
        var hash = "v1:" + new string('2', 64);
        _facts.Cached = _facts.Cached with
        {
            Changes =
            [
                _facts.Cached.Changes[0],
                _facts.Cached.Changes[0] with
                {
                    Name = "deployment-web-2",
                    TemplateHash = hash,
                    Phase = phase,
                    Missing = waits ? "senior-engineers 0/1" : "",
                    Evidence = [],
                },
            ],
        };

        Assert.That(
            await RefusalAsync(Reviews.Approval("alice", s_seniors, hash: hash)),
            refusal is null ? Is.Null : Does.Contain(refusal)
        );
    }

    [TestCase(Mode.Audit, ApprovalCovers.Template, null)]
    [TestCase(Mode.Enforce, ApprovalCovers.Template, null)]
    [TestCase(Mode.Enforce, ApprovalCovers.Images, "ApprovalEmpty: spec.images: web:2 is referenced by tag")]
    public async Task TagBesideAHashIsRefusedOnlyWithImageApproval(Mode mode, ApprovalCovers covers, string? refusal)
    {
        var shared = _facts.Cached;
        var pins = new SafeguardPolicy
        {
            Name = "pins",
            Mode = mode,
            Images = new ImageRules(Pin.Digest),
            Approval = new ApprovalRules { Covers = covers, Quorum = [new QuorumLine(s_seniors, 1)] },
        };
        _facts.Cached = shared with { Policies = [.. shared.Policies, pins] };
        var approval = Reviews.ApprovalObject("alice", s_seniors, "Approve");
        approval["spec"]!["images"] = new JsonArray("web:2");

        var message = await RefusalAsync(Approvals("CREATE", "alice", approval));
        _facts.Cached = shared;

        Assert.That(message, refusal is null ? Is.Null : Does.Contain(refusal));
    }

    [Test]
    public async Task SeatInAnAuditPolicyDoesNotFillASeatInAnEnforcePolicy()
    {
        var shared = _facts.Cached;
        var audits = new SafeguardPolicy
        {
            Name = "baseline",
            Mode = Mode.Audit,
            Approval = new ApprovalRules { Bots = ["alice"], Quorum = [new QuorumLine(["auditors"], 1)] },
        };
        _facts.Cached = shared with { Policies = [audits, .. shared.Policies] };

        var (auditor, senior) = (
            await RefusalAsync(Reviews.Approval("mallory", ["auditors"])),
            await RefusalAsync(Reviews.Approval("alice", s_seniors))
        );
        _facts.Cached = shared;

        Assert.That(auditor, Does.Contain("mallory is in none of the approving groups: senior-engineers"));
        Assert.That(senior, Is.Null);
    }

    [TestCase("Reject", "bob", false)]
    [TestCase("Reject", "alice", true)]
    [TestCase("Reject", "system:serviceaccount:kube-system:generic-garbage-collector", false)]
    [TestCase("Approve", "bob", false)]
    [TestCase("Approve", "alice", true)]
    [TestCase("Approve", Self, true)]
    public async Task AVoteIsWithdrawnByItsCreator(string decision, string user, bool allowed) =>
        Assert.That(
            await RefusalAsync(Approvals("DELETE", user, null, Reviews.ApprovalObject("alice", s_seniors, decision))) is null,
            Is.EqualTo(allowed)
        );

    [TestCase("alice", "Approve")]
    [TestCase("alice", "Reject")]
    [TestCase("system:serviceaccount:ci:monitor", "Reject")]
    public async Task AFormerApproverCanWithdrawTheirVote(string user, string decision)
    {
        // The stamp keeps the groups at the time of the vote; the request brings the current groups.
        var vote = Reviews.ApprovalObject(user, s_seniors, decision);
        string[] left = ["developers"];

        Assert.That(await RefusalAsync(Reviews.Approval(user, left, decision)), Is.Not.Null, "no new one");
        Assert.That(await RefusalAsync(Approvals("DELETE", user, null, vote, left)), Is.Null);
        Assert.That(
            await RefusalAsync(Approvals("DELETE", "bob", null, vote, left)),
            Does.Contain($"NotCreator: only {user}, or a user with the verb override, can withdraw it")
        );
    }

    [TestCase("CREATE", "cluster-admin", false)]
    [TestCase("UPDATE", "cluster-admin", false)]
    [TestCase("DELETE", "cluster-admin", false)]
    [TestCase("UPDATE", Self, true)]
    [TestCase("DELETE", "system:serviceaccount:kube-system:namespace-controller", false)]
    public async Task OnlyDeployGuardWritesChanges(string operation, string user, bool allowed)
    {
        var change = new JsonObject { ["metadata"] = new JsonObject { ["name"] = "c" } };
        var review = Reviews.Of(
            operation,
            "deployguard.io",
            "Change",
            "changes",
            user,
            change,
            change.DeepClone(),
            groups: ["system:masters"]
        );

        Assert.That(await RefusalAsync(review) is null, Is.EqualTo(allowed));
    }

    [Test]
    public async Task TheVerbOverrideWithdrawsAnotherUsersRejection()
    {
        var review = Approvals("DELETE", "bob", null, Reviews.ApprovalObject("alice", s_seniors, "Reject"));
        _facts.Permissions.Add("override changeapprovals/a");
        var refusal = await RefusalAsync(review);
        _facts.Permissions.Clear();

        Assert.That(refusal, Is.Null);
    }

    [Test]
    public async Task RecordsCanBeDeletedInATerminatingNamespace()
    {
        _facts.EndingNamespaces.Add("shop");
        var veto = await RefusalAsync(
            Approvals(
                "DELETE",
                "system:serviceaccount:kube-system:namespace-controller",
                null,
                Reviews.ApprovalObject("alice", s_seniors, "Reject")
            )
        );
        var change = await RefusalAsync(
            Reviews.Of(
                "DELETE",
                "deployguard.io",
                "Change",
                "changes",
                "system:serviceaccount:kube-system:namespace-controller",
                null,
                new JsonObject()
            )
        );
        _facts.EndingNamespaces.Clear();

        Assert.That((veto, change), Is.EqualTo(((string?)null, (string?)null)));
    }

    [Test]
    public async Task AnInvalidPolicyIsRefusedWithEveryError()
    {
        var policy = JsonNode.Parse(
            """
            {"metadata": {"name": "tier-1"}, "spec": {"budget": {}, "approval": {"quorum": [{"groups": ["a"], "count": 0}]}, "canary": {"steps": [25, 5], "pace": {"minReady": "10 minutes"}}, "x": 1}}
            """
        );

        Assert.That(
            await RefusalAsync(Reviews.Of("CREATE", "deployguard.io", "SafeguardPolicy", "safeguardpolicies", "admin", policy)),
            Is.EqualTo(
                """
                SafeguardPolicy tier-1 is not valid:
                 - spec.approval.quorum[0].count: 0 is not a whole number from 1 to 10
                 - spec.canary.steps: [25, 5] must increase
                 - spec.canary.pace.minReady: "10 minutes" is not a duration; write for example 90s, 10m, 72h or 1h30m
                 - spec.budget.maxConcurrentRollouts: is missing: set how many rollouts may be in flight
                 - spec.x: unknown field; allowed are active, approval, budget, canary, dryRun, exempt, freeze, identities, images, match, mode, origin
                """
            )
        );
    }

    private static string Approvals(string operation, string user, JsonNode? obj, JsonNode? oldObj = null, string[]? groups = null) =>
        Reviews.Of(operation, "deployguard.io", "ChangeApproval", "changeapprovals", user, obj, oldObj, groups: groups ?? s_seniors);

    private async Task<string?> RefusalAsync(string review)
    {
        var response = await _webhook.SendAsync("/admit/records", review);
        return response.GetProperty("allowed").GetBoolean() ? null : response.GetProperty("status").GetProperty("message").GetString();
    }
}

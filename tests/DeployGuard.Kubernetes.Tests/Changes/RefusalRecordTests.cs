using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Cache;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Kubernetes.Events;
using Microsoft.Extensions.Logging.Abstractions;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>Which refusals a Change records.</summary>
public class RefusalRecordTests
{
    private static readonly Workload s_web = WorkloadReader.Default.Read(
        JsonElement.Parse(
            """
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
             "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web:2"}] } } } }
            """
        )
    );

    private static readonly string s_path =
        $"apis/deployguard.io/v1alpha1/namespaces/shop/changes/{ChangeName.Of(s_web.Ref, s_web.Template.Hash)}";

    private static readonly Change s_approved = new()
    {
        Name = ChangeName.Of(s_web.Ref, s_web.Template.Hash),
        Workload = s_web.Ref,
        TemplateHash = s_web.Template.Hash,
        Phase = Phase.Pending,
    };

    [Test]
    public async Task ARefusalThatLacksNoApprovalIsOnTheChangeThatExists()
    {
        var status = (await RecordAsync(Refusal(Reasons.Frozen, s_approved)))?["status"];

        Assert.That((string?)status?["missing"], Is.EqualTo("Frozen"));
        Assert.That((string?)status?["findings"]?[0]?["reason"], Is.EqualTo("Frozen"));
        Assert.That((string?)status?["requesters"]?[0]?["username"], Is.EqualTo("dana"));
        Assert.That(
            status?["conditions"]?.AsArray().Select(c => $"{c?["type"]}={c?["status"]} {c?["reason"]}"),
            Is.EqualTo(new[] { "Pending=True Frozen", "Approved=True NotRequired", "Admissible=False Frozen" })
        );
    }

    [Test]
    public async Task ARefusalThatSaysNothingOfTheChangeIsNot() =>
        Assert.That(await RecordAsync(Refusal(Reasons.EvaluationIncomplete, s_approved)), Is.Null);

    [Test]
    public async Task NoChangeIsMadeForAnApprovalThatIsNotMissing() =>
        Assert.That(await RecordAsync(Refusal(Reasons.Frozen, recorded: null)), Is.Null);

    [Test]
    public void AnAuditPolicyGatesNothing() => Assert.That(Refusal(Reasons.Frozen, s_approved, Mode.Audit).IsRefusedOnRecord, Is.False);

    private static Verdict Refusal(Reason reason, Change? recorded, Mode mode = Mode.Enforce) =>
        new()
        {
            Evaluated = new EvaluatedRequest
            {
                Request = new WorkloadRequest
                {
                    Operation = Operation.Update,
                    Requester = new Requester("dana", "", []),
                    Target = s_web.Ref,
                    After = s_web,
                },
                Classification = new Classification(ChangeType.NewRevision, "another template"),
                After = s_web,
                Name = s_approved.Name,
                Recorded = recorded,
                ApproveBy = ApproveBy.ChangeName,
                Policies = [new SafeguardPolicy { Name = "tier-1", Mode = mode }],
            },
            Findings = [new Violation("tier-1", mode, "Freeze", new Finding(reason, "", "not now", "Wait"))],
        };

    /// <summary>The stored Change; null if there is none.</summary>
    private static async Task<JsonObject?> RecordAsync(Verdict verdict)
    {
        await using var store = await ObjectStore.StartAsync();
        var time = TimeProvider.System;
        var caches = new ClusterCaches(store.Connection, WorkloadReader.Default, time, NullLogger.Instance);
        var recorder = new ChangeRecorder(
            new ChangeWriter(store.Connection, time),
            new TemplateWriter(store.Connection, new TemplateStore(store.Connection, caches, time), time),
            new EventWriter(store.Connection, time),
            new Inbox(caches.Changes, caches.Approvals, TimeProvider.System),
            caches.ChangesVotedOn,
            time,
            NullLogger.Instance
        );
        recorder.RecordAfterwards(verdict);
        recorder.Complete();
        await recorder.RunAsync(CancellationToken.None);
        return store.Objects.GetValueOrDefault(s_path);
    }
}

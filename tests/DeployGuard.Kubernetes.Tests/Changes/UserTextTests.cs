using System.Text.Json;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Changes;
using DeployGuard.Kubernetes.Events;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>What users write into annotations, and what lists of Events show of a refusal.</summary>
public class UserTextTests
{
    [Test]
    public void AReleaseCannotLookLikeOtherLinesOfTheRecord() =>
        Assert.That(
            ChangeEntry.Of(RefusalOf("""r\n  Approvals:\n    Approver: alice\u001b[2J\n"""), DateTimeOffset.UnixEpoch).ChangeId,
            Is.EqualTo("r<LF>  Approvals:<LF>    Approver: alice<ESC>[2J")
        );

    [Test]
    public void TheEventOfARefusalBeginsWithItsReasonCodes() =>
        Assert.That(EventEntry.Of(RefusalOf("r"))?.Message, Does.StartWith("ApprovalMissing, Frozen: requested by dana: "));

    private static Verdict RefusalOf(string release)
    {
        var after = WorkloadReader.Default.Read(
            JsonElement.Parse(
                $$"""
                {"apiVersion": "apps/v1", "kind": "Deployment",
                 "metadata": {"name": "web", "namespace": "shop", "annotations": {"deployguard.io/change-id": "{{release}}"} },
                 "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web:1"}] } } } }
                """
            )
        );
        return new Verdict
        {
            Evaluated = new EvaluatedRequest
            {
                Request = new WorkloadRequest
                {
                    Operation = Operation.Create,
                    Requester = new Requester("dana", "", []),
                    Target = after.Ref,
                    After = after,
                },
                Classification = new Classification(ChangeType.NewRevision, "new"),
                After = after,
                Name = "deployment-web-1",
            },
            Findings =
            [
                new Violation("tier-1", Mode.Enforce, "Approval", new Finding(Reasons.ApprovalMissing, "", "0 of 1", "ask")),
                new Violation("tier-1", Mode.Enforce, "Freeze", new Finding(Reasons.Frozen, "", "frozen", "wait")),
            ],
        };
    }
}

using DeployGuard.Core.Changes;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>Which Changes an alert may ask a person for.</summary>
public class WaitingChangeTests
{
    [TestCase(Phase.Pending, false, "ApprovalMissing", true)]
    [TestCase(Phase.Pending, false, "ApprovalMissing Frozen", true)]
    [TestCase(Phase.Pending, true, "ApprovalMissing", false, Description = "it waits for its requester")]
    [TestCase(Phase.Pending, false, "ApprovalMissing ImageNotPinned", false, Description = "no approval lets it pass")]
    [TestCase(Phase.Rejected, false, "ApprovalRejected", false)]
    public void OnlyAChangeThatAnApproverCanLetPassIsCounted(Phase phase, bool isApproved, string denials, bool expected) =>
        Assert.That(
            ClusterReport.NeedsAPerson(
                new Change
                {
                    Name = "deployment-web-1",
                    Workload = new WorkloadRef("apps", "Deployment", "shop", "web"),
                    TemplateHash = "v2:1",
                    Phase = phase,
                    IsApproved = isApproved,
                    Denials = [.. denials.Split(' ').Select(d => new RecordedDenial("tier-1", d))],
                }
            ),
            Is.EqualTo(expected)
        );
}

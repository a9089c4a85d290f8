using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Telemetry;

namespace DeployGuard.Webhook.Tests;

/// <summary>Which refusals are retries of the API server: these are neither counted nor recorded again.</summary>
public class RetryDeduplicatorTests
{
    [Test]
    public void ARetryOfTheApiServerIsCountedOnce()
    {
        var retries = new RetryDeduplicator(new StoppedTime());

        Assert.That(retries.IsRepeated(Refused()), Is.False);
        Assert.That(retries.IsRepeated(Refused()), Is.True);
        Assert.That(retries.IsRepeated(Refused()), Is.False, "an API server retries once");
    }

    /// <summary>Otherwise no record would say that the change is AI-assisted.</summary>
    [Test]
    public void ARequestWithOtherClaimsIsNoRetry()
    {
        var retries = new RetryDeduplicator(new StoppedTime());

        Assert.That(retries.IsRepeated(Refused()), Is.False);
        Assert.That(retries.IsRepeated(Refused(new Evidence("annotation", "deployguard.io/ai-assisted", "true"))), Is.False);
        Assert.That(retries.IsRepeated(Refused(new Evidence("annotation", "deployguard.io/ai-assisted", "true"))), Is.True);
    }

    private static Verdict Refused(params Evidence[] evidence) =>
        new()
        {
            Evaluated = new EvaluatedRequest
            {
                Request = new OpaqueRequest(MetadataOnly: false)
                {
                    Operation = Operation.Update,
                    Requester = new Requester("dana", "", []),
                    Target = new WorkloadRef("apps", "Deployment", "shop", "web"),
                },
                Classification = new Classification(ChangeType.NewRevision, "another template"),
                Name = "deployment-web-1",
                Origin = Origin.NothingKnown with { Evidence = evidence },
            },
            Findings = [new Violation("guarded", Mode.Enforce, "Approval", new Finding(Reasons.ApprovalMissing, "", "none", "Ask"))],
        };

    private sealed class StoppedTime : TimeProvider
    {
        public override long GetTimestamp() => 0;
    }
}

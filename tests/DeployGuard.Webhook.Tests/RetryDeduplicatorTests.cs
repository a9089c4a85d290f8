using DeployGuard.Core.Admission;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Telemetry;

namespace DeployGuard.Webhook.Tests;

/// <summary>Which of two refusals are one: the second is neither counted nor put on record.</summary>
public class RetryDeduplicatorTests
{
    [Test]
    public void ARetryOfTheApiServerIsAnEcho()
    {
        var echoes = new RetryDeduplicator(new StoppedTime());

        Assert.That(echoes.IsRepeated(Refused()), Is.False);
        Assert.That(echoes.IsRepeated(Refused()), Is.True);
        Assert.That(echoes.IsRepeated(Refused()), Is.False, "it asks twice, and no more");
    }

    /// <summary>It would be on no record that the change is AI-assisted.</summary>
    [Test]
    public void WhatSaysSomethingElseOfItsOriginIsNone()
    {
        var echoes = new RetryDeduplicator(new StoppedTime());

        Assert.That(echoes.IsRepeated(Refused()), Is.False);
        Assert.That(echoes.IsRepeated(Refused(new Evidence("annotation", "deployguard.io/ai-assisted", "true"))), Is.False);
        Assert.That(echoes.IsRepeated(Refused(new Evidence("annotation", "deployguard.io/ai-assisted", "true"))), Is.True);
    }

    private static Verdict Refused(params Evidence[] evidence) => new()
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

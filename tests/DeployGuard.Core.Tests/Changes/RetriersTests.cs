using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;

namespace DeployGuard.Core.Tests;

/// <summary>Who can retry, when nothing is missing.</summary>
public class RetriersTests
{
    private static readonly System.Text.Json.Nodes.JsonObject s_deployment = Some.Deployment();
    private static readonly Approval s_alice = Some.ApprovalOf(s_deployment, Some.Alice);
    private static readonly Approval s_carol = Some.ApprovalOf(s_deployment, Some.Carol);
    private static readonly string s_machine = Some.Machine.Username;

    private static readonly SafeguardPolicy s_strict = Some.OneSenior with
    {
        Approval = Some.OneSenior.Approval! with { Separation = Separation.Strict },
    };

    [Test]
    public void APersonRetriesAfterOneApprovalAndAMachineAfterTwo()
    {
        Assert.That(Missing(["dana", s_machine], s_alice), Is.EqualTo("nothing: retry by dana"));
        Assert.That(Missing([s_machine, "dana"], s_alice), Is.EqualTo("nothing: retry by dana"), "whoever was first");
        Assert.That(Missing([s_machine, "dana"], s_alice, s_carol), Is.EqualTo($"nothing: retry by {s_machine}, dana"));
    }

    [Test]
    public void IfOnlyAMachineRequestedItTheSecondApprovalIsMissing() =>
        Assert.That(
            Missing([s_machine], s_alice),
            Is.EqualTo("senior-engineers 1/2 (another approver is missing: two people must approve, because a machine is the requester)")
        );

    [Test]
    public void ARequesterWhoNamesTheApproverAsAuthorCannotRetry()
    {
        var change = Change(["dana", "erin", "frank"]) with
        {
            Evidence = [new Evidence("annotation", "deployguard.io/authors", "alice") { By = "erin" }],
        };

        Assert.That(Open(change, s_alice).Missing, Is.EqualTo("nothing: retry by dana, frank"));
        Assert.That(Open(change, s_alice).AdmissibleBecause.Message, Is.EqualTo("the same request passes if dana, frank sends it again"));
    }

    [Test]
    public void AFewAreNamed() =>
        Assert.That(Missing(["a", "b", "c", "d", "e"], s_alice), Is.EqualTo("nothing: retry by a, b, c or 2 more"));

    [TestCase("nothing: retry", true, null)]
    [TestCase("nothing: retry by dana, erin", true, "dana, erin")]
    [TestCase("senior-engineers 0/1", false, null)]
    [TestCase("", false, null)]
    public void TheColumnIsReadBack(string missing, bool isRetry, string? who) =>
        Assert.That((OpenRequirements.IsRetry(missing), OpenRequirements.RetriersIn(missing)), Is.EqualTo((isRetry, who)));

    private static Change Change(string[] requesters) =>
        Some.Change(s_deployment, Phase.Pending) with
        {
            Requesters = requesters,
            Policies = [s_strict.Name],
            Denials = [new(s_strict.Name, "ApprovalMissing")],
        };

    private static string Missing(string[] requesters, params Approval[] votes) => Open(Change(requesters), votes).Missing;

    private static OpenRequirements Open(Change change, params Approval[] votes) =>
        StandingRequirements.Of(change, [change], votes, [s_strict], "", Some.Now);
}

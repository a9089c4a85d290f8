using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Evaluation;
using static DeployGuard.Core.Tests.SignedScene;

namespace DeployGuard.Core.Tests;

public class StatementFindingTests
{
    private static IEnumerable<TestCaseData> Failures()
    {
        var other = new Signer("other", KeyRole.SourceReview);
        yield return Case("StatementKey", other.Says(Stated.Change()));
        yield return Case("StatementRole", Build.Says(Stated.Change().ReviewedBy("github:2002")));
        yield return Case("StatementReplayed", Forge.Says(Stated.Change(to: Stated.Commit('d')).About(Stated.Image(new string('9', 64)))));
        yield return Case(
            "StatementRepository",
            Forge.Says(
                Stated.Change() with
                {
                    Source = Stated.Change().Source with { Repository = "https://github.com/acme/checkout-evil" },
                }
            )
        );
        yield return Case("StatementExpired", Forge.Says(Stated.Change() with { ExpiresAt = Some.Now.AddMinutes(-1) }));
        yield return Case("StatementHeadOnly", Forge.Says(Stated.Change(from: Stated.Between)));
        yield return Case(
            "StatementChain",
            Forge.Says(Stated.Change(from: Stated.Between)),
            Forge.Says(Stated.Change(from: Stated.Commit('e'), to: Stated.Between).About(Stated.AtCommit(Stated.Between)), "there")
        );
        yield return Case("StatementAltered", Altered(Stated.Change()));
        yield return Case(
            "StatementSubject",
            Forge.Says(Stated.Change().About(StatementSubject.Of("file", "sha512", new string('9', 128))))
        );
        yield return Case("StatementIncomplete", Forge.Says(Stated.Change() with { IsComplete = false }));
        yield return Case("StatementIncomplete", new FoundAttestation("here", AttestationFormat.Bundle, "{}"u8.ToArray()));
        yield return Case("StatementReview", Forge.Says(Stated.Change(ai: AiStatus.Unknown).ReviewedBy("github:1001")));

        yield return Case("StatementUnread", [.. Stated.Flood(new Signer("pusher", KeyRole.Build)), Forge.Says(Stated.Change(), "last")]);

        static FoundAttestation Altered(ChangeStatement change)
        {
            var bundle = SigstoreBundle.Parse(Forge.Bundle(change.About(Stated.Image())));
            var payload = bundle.Envelope.Payload.ToArray();
            payload[^2] ^= 1;
            var content = (bundle with { Envelope = bundle.Envelope with { Payload = payload } }).ToJson();
            return new FoundAttestation("here", AttestationFormat.Bundle, content);
        }

        static TestCaseData Case(string reason, params FoundAttestation[] found) =>
            new TestCaseData(reason, found).SetArgDisplayNames(reason);
    }

    /// <summary>A refusal for each reason, with one statement and with two of a kind.</summary>
    internal static IEnumerable<Verdict> Refusals() =>
        Failures()
            .Select(f => f.Arguments.OfType<FoundAttestation[]>().Single())
            .SelectMany(found => (FoundAttestation[][])[found, [.. found, .. found.Select(f => f with { Place = "there" })]])
            .Select(found => Decide(Human(), found))
            .Append(Unavailable(Human()));

    [TestCaseSource(nameof(Failures))]
    public void EachFailureIsItsOwnFindingWithItsRemedy(string reason, FoundAttestation[] found)
    {
        var verdict = Decide(Human(), found);

        Assert.That(verdict.Denials.Select(d => d.Finding.Reason), Does.Contain("ApprovalMissing").And.Contain(reason));
        Assert.That(verdict.Denials.Select(d => d.Finding.Remedy), Has.All.Not.Empty);
        Assert.That(verdict.NeedsMoreThanApproval, Is.False);
    }
}

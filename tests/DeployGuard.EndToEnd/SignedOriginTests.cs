using System.Text;
using DeployGuard.Core.Attestations;
using DeployGuard.Registry.References;
using static DeployGuard.EndToEnd.SignedSource;

namespace DeployGuard.EndToEnd;

/// <summary>Signed evidence in a real registry, up to the answer that a real kubectl prints.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class SignedOriginTests
{
    private const string Always = "signed";
    private const string IfAiAssisted = "signed-ai";

    private SignedSource? _source;

    private SignedSource Source => _source ?? throw new InvalidOperationException("not started");

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _source = await SignedSource.StartAsync();
        await _source.CreatePolicyAsync(Always, "Always");
        await _source.CreatePolicyAsync(IfAiAssisted, "AiAssisted");
    }

    [OneTimeTearDown]
    public void Stop() => _source?.Dispose();

    [Test]
    public async Task ASignedReviewedHumanChangePassesWithoutAnyApproval()
    {
        var sandbox = await Source.WithProvenCommitAsync(Always);

        // An unsigned claim changes nothing.
        var claimed = await Source.ImageAsync("claimed");
        var refused = await Source.RefusedAsync(sandbox, claimed);
        Assert.That(refused, Does.Contain("ApprovalMissing").And.Contain("no signed statement was found"));

        var good = await Source.ImageAsync("good");
        await Source.AttestAsync(good, Change('b', 'c'));
        (await Source.SetImageAsync(sandbox, good)).OrFail();

        var shown = await sandbox.KubectlAsync("alice", "deployguard", "show", await sandbox.ChangeOfAsync(Source.Name(good)));
        Assert.That(shown.Output, Does.Contain("forge (SourceReview)").And.Contain("review by github:2002").And.Contain("statement "));
        Assert.That(await VotesAsync(sandbox), Is.EqualTo(1), "the approval of the first image alone");
    }

    [Test]
    public async Task EachFailureIsAFindingOfItsOwnAndChangesNothing()
    {
        var sandbox = await Source.WithProvenCommitAsync(Always);
        var other = await Source.ImageAsync("other");

        foreach (var (reason, statements) in Failures(other))
        {
            var image = await Source.ImageAsync(reason);
            await Source.AttachAsync(image, statements(image));
            Assert.That(await Source.RefusedAsync(sandbox, image), Does.Contain("ApprovalMissing").And.Contain(reason));
        }

        Assert.That(await VotesAsync(sandbox), Is.EqualTo(1), "the approval of the first image alone");
    }

    [Test]
    public async Task AChangeWithAnAiMarkNeedsTheReviewThatAHumanChangeDoesNot()
    {
        var sandbox = await Source.WithProvenCommitAsync(IfAiAssisted);

        var assisted = Change('b', 'c') with { Ai = new AiDeclaration(AiStatus.Assisted, []) };
        var unreviewed = await Source.ImageAsync("AI, without a review");
        await Source.AttestAsync(unreviewed, assisted with { Approvals = [] });
        Assert.That(
            await Source.RefusedAsync(sandbox, unreviewed),
            Does.Contain("AI-assisted change (statement)").And.Contain("ApprovalMissing")
        );

        var reviewed = await Source.ImageAsync("AI, reviewed");
        await Source.AttestAsync(reviewed, assisted);
        (await Source.DryRunSetImageAsync(sandbox, reviewed)).OrFail();

        var human = await Source.ImageAsync("human, without a review");
        await Source.AttestAsync(human, Change('b', 'c') with { Approvals = [] });
        (await Source.SetImageAsync(sandbox, human)).OrFail();
        Assert.That(await VotesAsync(sandbox), Is.EqualTo(1), "the approval of the first image alone");
    }

    [Test]
    public async Task AStatementThatTheDeploymentBringsAlongCountsAsOneInTheRegistry()
    {
        var sandbox = await Source.WithProvenCommitAsync(Always);
        var image = await Source.ImageAsync("brought along");
        var statement = Encoding.UTF8.GetString(Signed(Change('b', 'c').About(Subject(image)), Source.Forge).ToJson());

        Assert.That(await Source.RefusedAsync(sandbox, image), Does.Contain("no signed statement was found"));
        (await sandbox.KubectlAsync("dana", "annotate", "deployment/web", $"deployguard.io/change-statement={statement}")).OrFail();
        (await Source.SetImageAsync(sandbox, image)).OrFail();
        Assert.That(await VotesAsync(sandbox), Is.EqualTo(1), "the approval of the first image alone");
    }

    /// <summary>What lies beside an image, and why it does not count.</summary>
    private IEnumerable<(string Reason, Func<Digest, DsseEnvelope[]> Statements)> Failures(Digest other)
    {
        yield return ("StatementAltered", image => [Altered(By(Source.Forge)(image, Change('b', 'c')))]);
        yield return ("StatementKey", image => [By(NewKey())(image, Change('b', 'c'))]);
        yield return ("StatementRole", image => [By(Source.Build)(image, Change('b', 'c'))]);
        yield return (
            "StatementSubject",
            _ => [Signed(Change('b', 'c').About(StatementSubject.Of("file", "sha512", new string('9', 128))), Source.Forge)]
        );
        yield return ("StatementReplayed", _ => [By(Source.Forge)(other, Change('b', 'c'))]);
        yield return (
            "StatementRepository",
            image =>
                [
                    By(Source.Forge)(
                        image,
                        Change('b', 'c') with
                        {
                            Source = Change('b', 'c').Source with { Repository = $"{Address}-evil" },
                        }
                    ),
                ]
        );
        yield return (
            "StatementExpired",
            image => [By(Source.Forge)(image, Change('b', 'c') with { ExpiresAt = TimeProvider.System.GetUtcNow().AddMinutes(-1) })]
        );
        yield return ("StatementHeadOnly", image => [By(Source.Forge)(image, Change('d', 'e'))]);
        yield return (
            "StatementChain",
            image =>
                [
                    By(Source.Forge)(image, Change('d', 'e')),
                    Signed(Change('c', 'd').About(StatementSubject.Of("web", StatementSubject.Commit, new string('d', 40))), Source.Forge),
                ]
        );

        static Func<Digest, ChangeStatement, DsseEnvelope> By(SigningKey key) =>
            (image, change) => Signed(change.About(Subject(image)), key);
    }

    private static DsseEnvelope Altered(DsseEnvelope envelope)
    {
        var payload = envelope.Payload.ToArray();
        payload[^2] ^= 1;
        return envelope with { Payload = payload };
    }
}

using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Tests;

/// <summary>A judgement is kept until time alone may change it, and not a moment longer.</summary>
public class JudgementTimeTests
{
    private static readonly Signer s_review = new("review", KeyRole.SourceReview);

    [Test]
    public void AStatementEndsAJudgementWhenItExpires() =>
        Assert.That(End(Stated.Change() with { ExpiresAt = Some.Now.AddHours(1) }), Is.EqualTo(Some.Now.AddHours(1)));

    [Test]
    public void SoDoesAReviewOfTheFuture() =>
        Assert.That(
            End(Stated.Change() with { Approvals = [Stated.Review("github:2002") with { At = Some.Now.AddMinutes(20) }] }),
            Is.EqualTo(Some.Now.AddMinutes(15)),
            "it counts five minutes early, because clocks differ"
        );

    [Test]
    public void SoDoesAStatementOfTheFuture() =>
        Assert.That(End(Stated.Change() with { IssuedAt = Some.Now.AddMinutes(20) }), Is.EqualTo(Some.Now.AddMinutes(15)));

    [Test]
    public void SoDoTheDatesOfAKey() =>
        Assert.Multiple(() =>
        {
            Assert.That(End(Stated.Change(), notBefore: Some.Now.AddMinutes(1)), Is.EqualTo(Some.Now.AddMinutes(1)));
            Assert.That(End(Stated.Change(), notAfter: Some.Now.AddMinutes(2)), Is.EqualTo(Some.Now.AddMinutes(2)));
        });

    /// <summary>What a signer in Go writes where it has no time.</summary>
    [Test]
    public void TheZeroTimeEndsNothing()
    {
        var vsa = new Signer("vsa", KeyRole.Vsa, Stated.Verifier);
        var summary = AttestationVerifier.Verify([vsa.Says(Stated.TwoParty(Stated.Head, DateTimeOffset.MinValue))], KeySet.Of(vsa.Trusted));
        var zero = Stated.Review("github:2002") with { At = DateTimeOffset.MinValue };

        Assert.That(JudgementTimes.EndOf(summary, Some.Now), Is.Null);
        Assert.That(
            End(Stated.Change() with { Approvals = [zero], IssuedAt = DateTimeOffset.MinValue, ExpiresAt = Some.Now.AddHours(1) }),
            Is.EqualTo(Some.Now.AddHours(1))
        );
    }

    [Test]
    public void WhatHasNoDateHoldsAlways() => Assert.That(JudgementTimes.EndOf(Verification.Nothing, Some.Now), Is.Null);

    /// <summary>At each end, and a moment before, the judgement is what a new one says: nothing is kept that time changed.</summary>
    [Test]
    public void NothingChangesBeforeTheEnd()
    {
        var change = Stated.Change().ReviewedBy("github:2002") with
        {
            IssuedAt = Some.Now.AddMinutes(10),
            ExpiresAt = Some.Now.AddMinutes(40),
            Approvals = [Stated.Review("github:2002") with { At = Some.Now.AddMinutes(20) }],
        };
        var verification = Verify(change, Some.Now.AddMinutes(2), Some.Now.AddMinutes(30));
        var question = new ImageQuestion(
            new JudgedImage(Stated.Digest),
            [new SourceRule(Stated.Repository, ["refs/heads/main"])],
            [new RunningImage("web:1", Stated.Running)]
        );
        string At(DateTimeOffset now)
        {
            var judged = OriginEvaluator.Evaluate(question, verification, now);
            return $"{judged.Origin} {judged.Reviews.Count} {judged.Findings.Count}";
        }

        var ends = new List<DateTimeOffset>();
        for (var now = Some.Now; JudgementTimes.EndOf(verification, now) is { } end; now = end)
        {
            Assert.That(At(end.AddTicks(-1)), Is.EqualTo(At(now)), $"from {now:T} to {end:T}");
            ends.Add(end);
        }

        Assert.That(ends.Select(e => (e - Some.Now).TotalMinutes), Is.EqualTo([2, 5, 15, 30, 40]));
        Assert.That(At(Some.Now.AddMinutes(15)), Is.EqualTo("NotAi 1 0"), "the test's statement counts between its dates");
    }

    private static DateTimeOffset? End(ChangeStatement change, DateTimeOffset? notBefore = null, DateTimeOffset? notAfter = null) =>
        JudgementTimes.EndOf(Verify(change with { ExpiresAt = change.ExpiresAt }, notBefore, notAfter), Some.Now);

    private static Verification Verify(ChangeStatement change, DateTimeOffset? notBefore, DateTimeOffset? notAfter)
    {
        var key = s_review.Trusted with { NotBefore = notBefore, NotAfter = notAfter };
        return AttestationVerifier.Verify([s_review.Says(change)], KeySet.Of(key));
    }
}

using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Tests;

/// <summary>Who may push chooses how many signatures lie beside an image: not all of them are checked.</summary>
public class SignatureCheckTests
{
    private static readonly Signer s_forge = new("forge", KeyRole.SourceReview);
    private static readonly Signer s_pusher = new("pusher", KeyRole.Build);
    private static readonly KeySet s_keys = KeySet.Of(s_forge.Trusted);

    [Test]
    public void BeyondTheBoundNothingIsBelievedOfAGoodStatement()
    {
        var result = Evaluate([.. Stated.Flood(s_pusher), s_forge.Says(Stated.Change().ReviewedBy("github:2002"), "last")]);

        Assert.Multiple(() =>
        {
            Assert.That(result.Origin, Is.EqualTo(OriginVerdict.Unknown));
            Assert.That(result.IsUnread, Is.True);
            Assert.That(result.Head, Is.Null);
            Assert.That(result.Findings.Last(f => f.Kind is FindingKind.Unread).Place, Is.EqualTo("last"));
        });
    }

    /// <summary>The good statement is read, and one after it is not: it may be a later word of the forge.</summary>
    [Test]
    public void WhatWasReadBeforeTheBoundRelaxesNothingEither()
    {
        var result = Evaluate([s_forge.Says(Stated.Change().ReviewedBy("github:2002")), .. Stated.Flood(s_pusher)]);

        Assert.Multiple(() =>
        {
            Assert.That(result.Origin, Is.EqualTo(OriginVerdict.Unknown));
            Assert.That(result.Reviews, Is.Empty);
            Assert.That(result.Chain, Is.Empty);
            Assert.That(result.Authors, Is.EqualTo(["github:1001"]), "they cannot approve");
        });
    }

    /// <summary>
    /// The bound is met between the two signatures of a dismissal: by the first of them alone it would take nothing back.
    /// </summary>
    [TestCase(16)]
    [TestCase(17)]
    public void AStatementOfWhichOneSignatureWasNotCheckedHidesNothing(int junk)
    {
        var reviewer = "github:2002";
        var dismissed = Stated.Change() with
        {
            Approvals = [Stated.Review(reviewer) with { State = ReviewState.Dismissed, At = Some.Now.AddHours(-1) }],
        };
        var byPusher = s_pusher.Envelope(dismissed.About(Stated.Image()));
        var byBoth = byPusher with
        {
            Signatures = [.. byPusher.Signatures, .. s_forge.Envelope(dismissed.About(Stated.Image())).Signatures],
        };
        var bad = byPusher with { Signatures = [.. Enumerable.Repeat(byPusher.Signatures[0] with { Value = new byte[70] }, 15)] };
        FoundAttestation[] found =
        [
            s_forge.Says(Stated.Change().ReviewedBy(reviewer), "good"),
            .. Enumerable.Range(0, junk).Select(i => new FoundAttestation($"junk {i}", AttestationFormat.Dsse, bad.ToJson())),
            new FoundAttestation("dismissal", AttestationFormat.Dsse, byBoth.ToJson()),
        ];

        var result = OriginEvaluator.Evaluate(
            Stated.Question(),
            AttestationVerifier.Verify(found, KeySet.Of(s_pusher.Trusted, s_forge.Trusted)),
            Some.Now
        );

        Assert.That(result.Reviews, Is.Empty);
        Assert.That(result.IsUnread, Is.EqualTo(junk == 17));
    }

    /// <summary>A newer program may have written it, and it may say that AI had a part.</summary>
    [Test]
    public void AChangeStatementByATrustedKeyThatCannotBeReadMayDenyTheOthers()
    {
        var change = Stated.Change();
        var upper = Stated.Change(ai: AiStatus.Assisted) with
        {
            Source = change.Source with { HeadCommit = change.Source.HeadCommit.ToUpperInvariant() },
        };

        var result = Evaluate([s_forge.Says(change.ReviewedBy("github:2002")), s_forge.Says(upper, "newer")]);

        Assert.That(result.IsUnread, Is.True);
        Assert.That(result.Reviews, Is.Empty);
        Assert.That(
            result.Findings.Single(f => f.Place == "newer").What,
            Does.StartWith("is a change statement by a trusted key that cannot be read")
        );
    }

    /// <summary>Of a later version, or with a mistake outside of the predicate. Any trusted key may say AI.</summary>
    [TestCase("deployguard.io/change/v1", "deployguard.io/change/v2", "/change/v2 is another version than is read")]
    [TestCase("in-toto.io/Statement/v1", "in-toto.io/Statement/v2", "_type: ")]
    [TestCase("\"subject\":", "\"subjects\":", "subject: is missing")]
    [TestCase("{\"_type\":", "{\"_type\":\"x\",\"_type\":", "Duplicate")]
    public void AChangeStatementInAFormThatIsNotReadMayDenyTheOthers(string what, string by, string fault)
    {
        var payload = Encoding.UTF8.GetString(Stated.Change(ai: AiStatus.Assisted).About(Stated.Image()).ToJson());
        Assert.That(payload, Does.Contain(what));
        var odd = Encoding.UTF8.GetBytes(payload.Replace(what, by, StringComparison.Ordinal));
        var result = Evaluate([
            s_forge.Says(Stated.Change().ReviewedBy("github:2002")),
            new FoundAttestation("odd", AttestationFormat.Dsse, Dsse.Sign(Statement.PayloadType, odd, s_forge.Key).ToJson()),
        ]);

        Assert.That((result.IsUnread, result.Origin, result.Reviews.Count), Is.EqualTo((true, OriginVerdict.Unknown, 0)));
        Assert.That(result.Findings.Single(f => f.Place == "odd").What, Does.Contain(fault));
    }

    [Test]
    public void ASignOfAiThatWasReadCounts() =>
        Assert.That(
            Evaluate([s_forge.Says(Stated.Change(ai: AiStatus.Assisted)), .. Stated.Flood(s_pusher)]).Origin,
            Is.EqualTo(OriginVerdict.Ai)
        );

    /// <summary>Twenty keys: without its hint, each of these statements would cost up to twenty checks.</summary>
    [Test]
    public void AHintSparesChecks()
    {
        var keys = KeySet.Of([.. Enumerable.Range(0, 19).Select(i => new Signer($"k{i}", KeyRole.Build).Trusted), s_forge.Trusted]);
        var found = Enumerable.Range(0, SignatureChecks.Most).Select(i => s_forge.Says(Stated.Change(), $"place {i}"));

        Assert.That(AttestationVerifier.Verify(found, keys).Findings, Is.Empty);
    }

    [Test]
    public void AHintDoesNotDecideWhoSigned()
    {
        var keys = KeySet.Of(s_pusher.Trusted, s_forge.Trusted);
        var envelope = s_forge.Envelope(Stated.Change().About(Stated.Image()));
        var misnamed = envelope with { Signatures = [envelope.Signatures[0] with { KeyId = s_pusher.Key.Public.KeyId }] };

        Assert.That(
            AttestationVerifier
                .Verify([new FoundAttestation("here", AttestationFormat.Dsse, misnamed.ToJson())], keys)
                .Statements.Single()
                .Signers.Single()
                .Name,
            Is.EqualTo("forge")
        );
    }

    [Test]
    public void ALargeContentCountsForMore()
    {
        var large = Dsse.Sign("application/spdx+json", new byte[900_000], s_pusher.Key);
        var found = Enumerable.Repeat(large.ToJson(), 130).Select(e => new FoundAttestation("here", AttestationFormat.Dsse, e));

        Assert.That(AttestationVerifier.Verify(found, s_keys).Findings.Select(f => f.Kind), Does.Contain(FindingKind.Unread));
    }

    /// <summary>The most that one image can cost, in the output of the test. docs/provenance.md has the figures.</summary>
    [TestCase("P-256")]
    [TestCase("P-384")]
    public void TheWorstCaseEnds(string curve)
    {
        var keys = KeySet.Of([.. Enumerable.Range(0, 20).Select(i => new TrustedKey($"k{i}", KeyRole.Build, NewKey(curve).Public, null))]);
        var stranger = NewKey(curve);
        var envelope = Dsse.Sign(Statement.PayloadType, Stated.Change().About(Stated.Image()).ToJson(), stranger);
        var json = (envelope with { Signatures = [.. Enumerable.Repeat(envelope.Signatures[0] with { KeyId = null }, 16)] }).ToJson();
        var found = Enumerable.Range(0, 17 * 32).Select(i => new FoundAttestation($"place {i}", AttestationFormat.Dsse, json)).ToList();

        var (started, used) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        var verification = AttestationVerifier.Verify(found, keys);
        TestContext.Out.WriteLine(
            $"{found.Count} statements with 16 signatures, 20 keys {curve}: {(Environment.CpuUsage.TotalTime - used).TotalMilliseconds:0} ms of "
                + $"processor time, {Stopwatch.GetElapsedTime(started).TotalMilliseconds:0} ms"
        );

        Assert.That(verification.Statements, Is.Empty);
        Assert.That(verification.Findings.Count(f => f.Kind is FindingKind.Unread), Is.GreaterThan(540));
    }

    private static SigningKey NewKey(string curve)
    {
        using var pair = ECDsa.Create(curve == "P-384" ? ECCurve.NamedCurves.nistP384 : ECCurve.NamedCurves.nistP256);
        return SigningKey.Parse(pair.ExportPkcs8PrivateKeyPem());
    }

    private static ImageProvenance Evaluate(FoundAttestation[] found) =>
        OriginEvaluator.Evaluate(Stated.Question(), AttestationVerifier.Verify(found, s_keys), Some.Now);
}

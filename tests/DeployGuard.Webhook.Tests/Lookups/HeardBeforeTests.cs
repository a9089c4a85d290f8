using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Registry.References;
using DeployGuard.Webhook.Lookups;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Webhook.Tests.Lookups;

/// <summary>Anybody who may push can copy statements beside many images, so that there is no room for what was heard.</summary>
[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class HeardBeforeTests
{
    private static readonly TrustedKey s_forge = new("forge", KeyRole.SourceReview, NewKey());
    private static readonly TrustedKey s_build = new("build", KeyRole.Build, NewKey());
    private static readonly KeySet s_keys = KeySet.Of(s_forge, s_build);

    private readonly FakeTimeProvider _time = new();

    [Test]
    public void WhatWasForgottenForWantOfRoomMayDenyWhatIsLeft()
    {
        var heard = new HeardBefore(_time);
        Assert.That(heard.MissingFrom(Reading("ai"), [Image(0)], s_keys), Is.EqualTo(Verification.Nothing));
        Assert.That(
            heard.MissingFrom(Reading(), [Image(0)], s_keys).Statements,
            Has.Count.EqualTo(1),
            "it is heard as long as there is room"
        );

        _time.Advance(TimeSpan.FromSeconds(1));
        Fill(heard);

        var missing = heard.MissingFrom(Reading(), [Image(0)], s_keys);
        Assert.That(missing.Findings.Select(f => f.Kind), Is.EqualTo(new[] { FindingKind.Unread }));

        _time.Advance(TimeSpan.FromMinutes(8));
        Assert.That(heard.MissingFrom(Reading(), [Image(0)], s_keys), Is.EqualTo(Verification.Nothing), "it would be heard no more either");
    }

    /// <summary>As in a rollover: the policy trusts a further key, or the same one under another name.</summary>
    [Test]
    public void AnEditOfTheKeysForgetsNothingThatOneOfThemSigned()
    {
        var heard = new HeardBefore(_time);
        heard.MissingFrom(By([s_forge, s_build], "ai"), [Image(0)], s_keys);
        var former = s_forge with { Name = "former" };

        var missing = heard.MissingFrom(Reading(), [Image(0)], KeySet.Of(former, new TrustedKey("next", KeyRole.SourceReview, NewKey())));

        Assert.That(SignersOf(missing), Is.EqualTo(new[] { former }), "it is judged by the keys that are trusted now");
        Assert.That(
            heard.MissingFrom(Reading(), [Image(0)], KeySet.Of(new TrustedKey("other", KeyRole.Build, NewKey()))),
            Is.EqualTo(Verification.Nothing)
        );
    }

    /// <summary>A reading in which nothing is missing is known by its object, which several images and policies may share.</summary>
    [Test]
    public void WhatNothingWasMissingFromForOneImageOrKeyIsAskedForAnother()
    {
        var heard = new HeardBefore(_time);
        heard.MissingFrom(Reading("ai"), [Image(0)], s_keys);
        var nothing = Reading();

        Assert.That(heard.MissingFrom(nothing, [Image(1)], s_keys), Is.EqualTo(Verification.Nothing));
        Assert.That(heard.MissingFrom(nothing, [Image(0)], KeySet.Of(s_build)), Is.EqualTo(Verification.Nothing));
        Assert.That(heard.MissingFrom(nothing, [Image(0)], s_keys).Statements, Has.Count.EqualTo(1));
        Assert.That(heard.Of([Image(0)], s_keys).Statements, Has.Count.EqualTo(1));
    }

    [Test]
    public void AnImageOfWhichNothingWasHeardIsNotMissingAnything()
    {
        var heard = new HeardBefore(_time);
        Fill(heard);

        Assert.That(heard.MissingFrom(Reading(), [Image(-1)], s_keys), Is.EqualTo(Verification.Nothing));
    }

    /// <summary>Without it, what is said of the commit says nothing of the image.</summary>
    [Test]
    public void ABuildThatAloneLinksTheImageToItsCommitIsHeard()
    {
        var heard = new HeardBefore(_time);
        heard.MissingFrom(By([s_build], "build", claim: new BuildClaim(new SlsaProvenance([]))), [Image(0)], s_keys);

        Assert.That(SignersOf(heard.MissingFrom(Reading(), [Image(0)], s_keys)), Is.EqualTo(new[] { s_build }));
    }

    /// <summary>Anybody who may push can make an index of the very image.</summary>
    [Test]
    public void WhatWasHeardOfAnImageIsHeardOfAnIndexThatHasIt()
    {
        var heard = new HeardBefore(_time);
        heard.MissingFrom(Reading("ai"), [Image(0)], s_keys);

        Assert.That(heard.MissingFrom(Reading(), [Image(1), Image(2), Image(0)], s_keys).Statements, Has.Count.EqualTo(1));
        Assert.That(heard.MissingFrom(Reading(), [Image(1), Image(2)], s_keys), Is.EqualTo(Verification.Nothing));
    }

    [Test]
    public void WhatNamesAPlatformIsHeardOfItWithoutItsIndex()
    {
        var heard = new HeardBefore(_time);
        var about = Reading("ai").Statements[0] with
        {
            Subjects = [StatementSubject.Of("web", StatementSubject.ImageDigest, Image(2).Hex)],
        };
        heard.MissingFrom(new Verification([about], []), [Image(1), Image(2), Image(3)], s_keys);

        Assert.That(heard.MissingFrom(Reading(), [Image(2)], s_keys).Statements, Has.Count.EqualTo(1));
        Assert.That(heard.MissingFrom(Reading(), [Image(3)], s_keys), Is.EqualTo(Verification.Nothing));
    }

    /// <summary>What the forge dismissed, a copy by a builder does not dismiss.</summary>
    [Test]
    public void ACopyByAnotherRoleDoesNotHideWhatTheForgeSigned()
    {
        var heard = new HeardBefore(_time);
        heard.MissingFrom(By([s_forge], "dismissal"), [Image(0)], s_keys);

        var copy = By([s_build], "dismissal");
        var missing = heard.MissingFrom(copy, [Image(0)], s_keys);

        Assert.That(SignersOf(missing), Is.EqualTo(new[] { s_forge }));
        Assert.That(SignersOf(copy.With(missing)), Is.EqualTo(new[] { s_build, s_forge }), "it is one statement of both");
        Assert.That(copy.With(missing).Statements, Has.Count.EqualTo(1));
    }

    [Test]
    public void ACopyByAnotherRoleBesideAnotherImageDoesNotTakeItsPlace()
    {
        var heard = new HeardBefore(_time);
        heard.MissingFrom(By([s_build], "dismissal", "the copy"), [Image(1)], s_keys);
        heard.MissingFrom(By([s_forge], "dismissal", "the original"), [Image(0)], s_keys);

        var missing = heard.MissingFrom(Reading(), [Image(0)], s_keys);

        Assert.That(SignersOf(missing), Is.EqualTo(new[] { s_forge }));
        Assert.That(missing.Statements.Select(s => s.Place), Is.EqualTo(new[] { "the original (a few minutes ago)" }));
    }

    [Test]
    public void ASignatureThatWasStrippedIsHeardAsLongAsAStatementThatWasDeleted()
    {
        var heard = new HeardBefore(_time);
        heard.MissingFrom(By([s_forge, s_build], "dismissal"), [Image(0)], s_keys);
        _time.Advance(TimeSpan.FromMinutes(5));

        Assert.That(SignersOf(heard.MissingFrom(By([s_build], "dismissal"), [Image(0)], s_keys)), Is.EqualTo(new[] { s_forge }));

        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.That(
            heard.MissingFrom(By([s_build], "dismissal"), [Image(0)], s_keys),
            Is.EqualTo(Verification.Nothing),
            "the copy does not prolong it"
        );
    }

    /// <summary>What ended is not dropped at once. One digest may lie in two repositories, of which one has the statement.</summary>
    [Test]
    public void WhatEndedAndIsHeardAgainIsMissingFromAReadingThatWasWhole()
    {
        var heard = new HeardBefore(_time);
        heard.MissingFrom(Reading("of another image"), [Image(9)], s_keys);
        _time.Advance(TimeSpan.FromMinutes(7));
        heard.MissingFrom(Reading("dismissal"), [Image(0)], s_keys);
        _time.Advance(TimeSpan.FromMinutes(1));
        // What is too old is dropped now, which the dismissal is not, and next in 7.5 minutes.
        heard.MissingFrom(Reading("of another image"), [Image(9)], s_keys);
        _time.Advance(TimeSpan.FromMinutes(6.75));
        var bare = Reading();
        Assert.That(heard.MissingFrom(bare, [Image(0)], s_keys), Is.EqualTo(Verification.Nothing), "it ended");

        _time.Advance(TimeSpan.FromSeconds(1));
        heard.MissingFrom(Reading("dismissal"), [Image(0)], s_keys);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.That(heard.MissingFrom(bare, [Image(0)], s_keys).Statements, Has.Count.EqualTo(1));
    }

    [Test]
    public void WhatEndedIsDroppedInTimeAlsoWhereThereIsRoom()
    {
        var heard = new HeardBefore(_time);
        var ended = Hear(heard, Image(0));
        _time.Advance(TimeSpan.FromMinutes(8));
        heard.MissingFrom(Reading("of another image"), [Image(1)], s_keys);

        Assert.That(IsKept(ended), Is.False);
        GC.KeepAlive(heard);
    }

    /// <summary>A statement may be large, and anybody who may push can copy it beside many images.</summary>
    [Test]
    public void WhatAStatementSaysIsKeptOnceForAllImagesUntilNoneHasItAnyMore()
    {
        var heard = new HeardBefore(_time);
        var first = Hear(heard, Image(0));
        _time.Advance(TimeSpan.FromMinutes(5));
        var copy = Hear(heard, Image(1));
        Assert.That((IsKept(first), IsKept(copy)), Is.EqualTo((true, false)));

        _time.Advance(TimeSpan.FromMinutes(5));
        heard.MissingFrom(Reading("of another image"), [Image(2)], s_keys);
        Assert.That(IsKept(first), Is.True, "the other image has it still");

        _time.Advance(TimeSpan.FromMinutes(8));
        heard.MissingFrom(Reading("of another image"), [Image(2)], s_keys);
        Assert.That(IsKept(first), Is.False);
        GC.KeepAlive(heard);
    }

    /// <returns>What the statement says, if it is kept.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Hear(HeardBefore heard, Digest image)
    {
        var reading = Reading("dismissal");
        heard.MissingFrom(reading, [image], s_keys);
        return new WeakReference(reading.Statements[0].Claim);
    }

    private static bool IsKept(WeakReference claim)
    {
        GC.Collect();
        return claim.IsAlive;
    }

    private static IEnumerable<TrustedKey> SignersOf(Verification verified) => verified.Statements.SelectMany(s => s.Signers);

    private static void Fill(HeardBefore heard)
    {
        string[] copies = [.. Enumerable.Range(0, 32).Select(i => $"copy {i}")];
        for (var image = 1; image <= (HeardBefore.Most / copies.Length) + 1; image++)
        {
            heard.MissingFrom(Reading(copies), [Image(image)], s_keys);
        }
    }

    private static Digest Image(int number) =>
        Digest.TryParse($"sha256:{number & 0xFFFFFFFF:x64}") ?? throw new InvalidOperationException($"no digest of {number}");

    private static Verification Reading(params string[] statements) =>
        new([.. statements.SelectMany(s => By([s_forge], s).Statements)], []);

    private static Verification By(TrustedKey[] signers, string statement, string place = "tag", Claim? claim = null) =>
        new(
            [new VerifiedStatement(place, statement, signers, [], claim ?? new SummaryClaim(new SourceSummary("verifier", "", true, [])))],
            []
        );

    private static PublicKey NewKey()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return SigningKey.Parse(pair.ExportPkcs8PrivateKeyPem()).Public;
    }
}

using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Registry.References;
using DeployGuard.Webhook.Lookups;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Webhook.Tests.Lookups;

/// <summary>Anybody who may push can copy statements beside many images, so that there is no room for what was heard.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class HeardBeforeTests
{
    private static readonly KeySet s_keys = KeySet.Of();

    private readonly FakeTimeProvider _time = new();

    [Test]
    public void WhatWasForgottenForWantOfRoomMayDenyWhatIsLeft()
    {
        var heard = new HeardBefore(_time);
        Assert.That(heard.MissingFrom(Reading("ai"), Image(0), s_keys), Is.EqualTo(Verification.Nothing));
        Assert.That(
            heard.MissingFrom(Reading(), Image(0), s_keys).Statements,
            Has.Count.EqualTo(1),
            "it is heard as long as there is room"
        );

        _time.Advance(TimeSpan.FromSeconds(1));
        Fill(heard);

        var missing = heard.MissingFrom(Reading(), Image(0), s_keys);
        Assert.That(missing.Findings.Select(f => f.Kind), Is.EqualTo(new[] { FindingKind.Unread }));

        _time.Advance(TimeSpan.FromMinutes(8));
        Assert.That(heard.MissingFrom(Reading(), Image(0), s_keys), Is.EqualTo(Verification.Nothing), "it would be heard no more either");
    }

    [Test]
    public void AnImageOfWhichNothingWasHeardIsNotMissingAnything()
    {
        var heard = new HeardBefore(_time);
        Fill(heard);

        Assert.That(heard.MissingFrom(Reading(), Image(-1), s_keys), Is.EqualTo(Verification.Nothing));
    }

    private static void Fill(HeardBefore heard)
    {
        string[] copies = [.. Enumerable.Range(0, 32).Select(i => $"copy {i}")];
        for (var image = 1; image <= (HeardBefore.Most / copies.Length) + 1; image++)
        {
            heard.MissingFrom(Reading(copies), Image(image), s_keys);
        }
    }

    private static Digest Image(int number) =>
        Digest.TryParse($"sha256:{number & 0xFFFFFFFF:x64}") ?? throw new InvalidOperationException($"no digest of {number}");

    private static Verification Reading(params string[] statements) =>
        new(
            [
                .. statements.Select(s => new VerifiedStatement(
                    "tag",
                    s,
                    [],
                    [],
                    new SummaryClaim(new SourceSummary("verifier", "", true, []))
                )),
            ],
            []
        );
}

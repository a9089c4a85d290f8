using System.Text.Json;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>Records and votes of version 0.2 count for the revision that they stand for now; they admit nothing more than before.</summary>
public class HashTranslationTests
{
    /// <summary>Two templates with the same hash in version 1, because it left out fields that the pods read.</summary>
    private static readonly Workload s_web = Web("this");
    private static readonly Workload s_disguised = Web("that");

    private static readonly string s_legacy = s_web.Template.LegacyHash;

    [Test]
    public void VersionOneHashesBothTemplatesAlike() =>
        Assert.Multiple(() =>
        {
            Assert.That(s_disguised.Template.LegacyHash, Is.EqualTo(s_legacy));
            Assert.That(s_disguised.Template.Hash, Is.Not.EqualTo(s_web.Template.Hash));
        });

    [Test]
    public void RecordStandsForTheRunningRevision() =>
        Assert.That(Translated(Live("", s_web, isCurrent: true)), Is.EqualTo(s_web.Template.Hash));

    [Test]
    public void NamedRevisionIsTranslatedToo() =>
        Assert.That(Translated(Live("web-1", s_disguised), Live("web-2", s_web), owned: "web-2"), Is.EqualTo(s_web.Template.Hash));

    [Test]
    public void RequestedRevisionIsNotTakenForTheObservedOne() =>
        Assert.That(Translated(Live("", s_web, isCurrent: true), requested: s_disguised), Is.EqualTo(s_web.Template.Hash));

    [Test]
    public void WithoutALiveObjectTheRequestedRevisionIsFoundByItsLegacyHash() =>
        Assert.That(Translated(requested: s_web), Is.EqualTo(s_web.Template.Hash));

    [Test]
    public void RevisionBeforeTheRequestIsKnown()
    {
        var translation = HashTranslation.WithoutCluster.For(s_web, s_disguised);

        Assert.That(translation.Change(Recorded(s_legacy)).TemplateHash, Is.EqualTo(s_web.Template.Hash));
    }

    [Test]
    public void AnUnknownHashStaysAsItIs() => Assert.That(Translated(requested: Web("x", image: "other")), Is.EqualTo(s_legacy));

    [TestCase("v2:0", "v2:0")]
    [TestCase(null, null)]
    public void VoteWithACurrentHashIsUnchanged(string? hash, string? expected) =>
        Assert.That(HashTranslation.WithoutCluster.For(null, s_web).Approvals([Vote(hash)])[0].TemplateHash, Is.EqualTo(expected));

    [Test]
    public void VoteStandsForTheRunningRevision()
    {
        var translation = new HashTranslation(_ => [Live("", s_web, isCurrent: true)], null, s_disguised);

        Assert.That(translation.Approvals([Vote(s_legacy)])[0].TemplateHash, Is.EqualTo(s_web.Template.Hash));
    }

    [Test]
    public void VoteGivenInAdvanceCountsForTheRequestedRevision() =>
        Assert.That(HashTranslation.WithoutCluster.For(null, s_web).Approvals([Vote(s_legacy)])[0].IsAbout(s_web));

    [Test]
    public void VoteOnAnotherWorkloadIsUnchanged() =>
        Assert.That(
            HashTranslation
                .WithoutCluster.For(null, s_web with { Ref = s_web.Ref with { Name = "other" } })
                .Approvals([Vote(s_legacy)])[0]
                .TemplateHash,
            Is.EqualTo(s_legacy)
        );

    [Test]
    public void RevisionUnderTwoNamesCountsOnceWithAllRequesters()
    {
        IReadOnlyList<Change> twice =
        [
            Recorded(s_legacy) with
            {
                Name = "old",
                Phase = Phase.Completed,
                Requesters = ["dana"],
                Evidence = [new Evidence("annotation", "deployguard.io/authors", "zoe")],
            },
            Recorded(s_web.Template.Hash) with
            {
                Name = "new",
                LegacyHash = null,
                Requesters = ["erin", "dana"],
                BreakGlassUses = [new BreakGlassUse("g", "erin", default, null)],
            },
        ];

        var read = HashTranslation.WithoutCluster.For(null, s_web).Changes(twice).Single();

        Assert.Multiple(() =>
        {
            Assert.That((read.Name, read.Phase, read.TemplateHash), Is.EqualTo(("old", Phase.Completed, s_web.Template.Hash)));
            Assert.That(read.Requesters, Is.EqualTo(new[] { "dana", "erin" }));
            Assert.That(read.Evidence, Has.Count.EqualTo(1));
            Assert.That(read.WasAdmittedUnreviewed, "a revision admitted by break-glass under either name needs its review");
        });
    }

    [Test]
    public void RehashedRecordSaysWhichRevisionItsVotesMean()
    {
        var rehashed = Recorded(s_web.Template.Hash) with { LegacyHash = s_legacy };
        var translation = new HashTranslation(_ => KnownTemplate.Recorded([rehashed]), null, s_disguised);

        Assert.That(translation.Approvals([Vote(s_legacy)])[0].TemplateHash, Is.EqualTo(s_web.Template.Hash));
    }

    private static string Translated(params IEnumerable<KnownTemplate> live) =>
        new HashTranslation(_ => live).Change(Recorded(s_legacy)).TemplateHash;

    private static string Translated(KnownTemplate live, Workload requested) =>
        new HashTranslation(_ => [live], null, requested).Change(Recorded(s_legacy)).TemplateHash;

    private static string Translated(KnownTemplate one, KnownTemplate other, string owned) =>
        new HashTranslation(_ => [one, other]).Change(Recorded(s_legacy) with { OwnedRevision = owned }).TemplateHash;

    private static string Translated(Workload requested) =>
        HashTranslation.WithoutCluster.For(null, requested).Change(Recorded(s_legacy)).TemplateHash;

    private static KnownTemplate Live(string name, Workload workload, bool isCurrent = false) =>
        new(name, workload.Template.LegacyHash, workload.Template.Hash, isCurrent);

    private static Change Recorded(string hash) =>
        new()
        {
            Name = "c",
            Workload = s_web.Ref,
            TemplateHash = hash,
            LegacyHash = s_legacy,
            Phase = Phase.Pending,
        };

    private static Approval Vote(string? hash) =>
        new()
        {
            Name = "a",
            Workload = s_web.Ref,
            TemplateHash = hash,
            Decision = Decision.Approve,
            Approver = new Requester("alice", "", []),
            CreatedAt = default,
        };

    private static Workload Web(string read, string image = "web:1") =>
        WorkloadReader.Default.Read(
            JsonDocument
                .Parse(
                    $$"""
                    {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop", "uid": "u"},
                     "spec": {"template": {"metadata": {"annotations": {"deployguard.io/run": "{{read}}"} },
                      "spec": {"containers": [{"name": "web", "image": "{{image}}"}],
                       "volumes": [{"name": "v", "downwardAPI": {"items": [{"path": "a", "fieldRef": {"fieldPath": "metadata.annotations"} }] } }] } } } }
                    """
                )
                .RootElement
        );
}

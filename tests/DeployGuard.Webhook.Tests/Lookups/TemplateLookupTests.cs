using System.Text;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using ImageReference = DeployGuard.Registry.References.ImageReference;

namespace DeployGuard.Webhook.Tests.Lookups;

/// <summary>A change of the template alone: looked up only if it brings a statement about that template, and then as a whole.</summary>
[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class TemplateLookupTests : EvidenceFixture
{
    private static readonly string s_runs = new('c', 40);
    private static readonly string s_head = new('d', 40);

    private Workload Before => Deployment([Image]);

    [Test]
    public async Task AStatementAboutTheTemplateIsJudgedFromTheCommitOfTheRevisionThatRuns()
    {
        var after = Deployment([Image, Image], statement: About(Changed().Template.Hash));

        var image = (await ReadAsync(Cluster(), Before, after)).Single().Images.Single();

        Assert.That(image.Image, Is.EqualTo(Image));
        Assert.That(
            image.Provenance,
            Has.Property("IsOfTemplate").True.And.Property("Missing").Null.And.Property("Origin").EqualTo(OriginVerdict.NotAi)
        );
        Assert.That(
            image.Provenance?.ReviewedTemplates,
            Is.EqualTo(new[] { new ReviewedTemplate("Deployment shop/web", after.Template.Hash) })
        );
    }

    [Test]
    public async Task WithoutOneTheRegistryIsNotAsked()
    {
        var asked = 0;
        Registry.Misbehave(
            _ =>
            {
                asked++;
                return false;
            },
            _ => Task.CompletedTask
        );

        Assert.That(await ReadAsync(Cluster(), Before, Changed()), Is.Empty);
        Assert.That(await ReadAsync(Cluster(), Before, Deployment([Image, Image], statement: About("v2:other"))), Is.Empty);
        Assert.That(asked, Is.Zero);
    }

    [Test]
    public async Task WhatLiesBesideTheImageMaySayThatAiHadAPart()
    {
        var ai = Change() with { Ai = new AiDeclaration(AiStatus.Assisted, []) };
        Repository.AttachReferrer(
            ImageReference.TryParse(Image)?.Pinned?.Digest ?? throw new AssertionException("no digest"),
            Encoding.UTF8.GetString(SigstoreBundle.Of(Sign(ai, "v2:other"), Forge.Public).ToJson())
        );

        var facts = await ReadAsync(Cluster(), Before, Deployment([Image, Image], statement: About(Changed().Template.Hash)));

        Assert.That(facts.Single().Images.Single().Provenance?.Origin, Is.EqualTo(OriginVerdict.Ai));
    }

    /// <summary>A second container of the same image.</summary>
    private Workload Changed() => Deployment([Image, Image]);

    private ClusterSnapshot Cluster()
    {
        var policy = Policy();
        var running = new Change
        {
            Name = "deployment-web-1",
            Workload = Before.Ref,
            TemplateHash = Before.Template.Hash,
            Phase = Phase.Proven,
            ProvenCommits = [new ProvenCommit(policy.Name, Image, Source, s_runs, ["forge"]) { KeyIds = [Forge.Public.KeyId] }],
        };
        return new ClusterSnapshot
        {
            Policies = [policy],
            LiveHash = running.TemplateHash,
            Changes = [running],
        };
    }

    private string About(string hash) => Encoding.UTF8.GetString(Sign(Change(), hash).ToJson());

    private static ChangeStatement Change()
    {
        var now = TimeProvider.System.GetUtcNow();
        return new ChangeStatement(
            new ChangeSource($"git+{Source}", "refs/heads/main", s_runs, s_head),
            IsComplete: true,
            new AiDeclaration(AiStatus.None, []),
            ["github:1001"],
            [],
            now.AddMinutes(-10),
            now.AddDays(1)
        );
    }

    private DsseEnvelope Sign(ChangeStatement change, string hash) =>
        Dsse.Sign(
            Statement.PayloadType,
            change
                .About(
                    StatementSubject.Of("web", StatementSubject.Commit, s_head),
                    StatementSubject.Of("Deployment shop/web", StatementSubject.TemplateHash, hash)
                )
                .ToJson(),
            Forge
        );
}

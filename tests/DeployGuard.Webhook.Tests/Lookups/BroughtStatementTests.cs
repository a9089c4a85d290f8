using System.Text;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Snapshots;

namespace DeployGuard.Webhook.Tests.Lookups;

/// <summary>Statements in the annotation <c>deployguard.io/change-statement</c>.</summary>
[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class BroughtStatementTests : EvidenceFixture
{
    private static readonly string s_head = new('c', 40);

    /// <summary>An image without a statement in the registry.</summary>
    private string _bare = "";

    [SetUp]
    public void PushBare() => _bare = $"{Registry.Host}/acme/web@{Repository.PushImage("bare")}";

    [Test]
    public async Task AStatementInTheAnnotationCountsAsOneOfTheRegistry()
    {
        var image = (await ReadAsync(Policy(), Deployment([_bare], statement: EnvelopeOf(_bare)))).Single().Images.Single();

        Assert.That(image.Provenance?.Head?.Commit, Is.EqualTo(s_head));
        Assert.That(image.Note, Is.Empty);
    }

    [Test]
    public async Task InTheAnnotationOfThePodTemplateAndAsABundleToo()
    {
        var bundle = Encoding.UTF8.GetString(SigstoreBundle.Of(Signed(HexOf(_bare)), Forge.Public).ToJson());

        var image = (await ReadAsync(Policy(), Deployment([_bare], inTemplate: bundle))).Single().Images.Single();

        Assert.That(image.Provenance?.Head?.Commit, Is.EqualTo(s_head));
    }

    [Test]
    public async Task TheSameStatementInBothPlacesIsOne()
    {
        var same = Encoding.UTF8.GetString(Attached?.ToJson() ?? []);

        var image = (await ReadAsync(Policy(), Deployment([Image], statement: same))).Single().Images.Single();

        Assert.That(image.Provenance?.Head?.Commit, Is.EqualTo(s_head));
        Assert.That(image.Provenance?.Findings, Is.Empty);
        Assert.That(image.Provenance?.Chain.Single().Statements, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task WhatNoTrustedKeySignedIsAFindingThatNamesTheAnnotation()
    {
        var forged = Encoding.UTF8.GetString(Signed(HexOf(_bare), NewKey()).ToJson());

        var image = (await ReadAsync(Policy(), Deployment([_bare], statement: forged))).Single().Images.Single();

        Assert.That(image.Provenance?.Head, Is.Null);
        var finding = image.Provenance?.Findings.Single();
        Assert.That(finding?.Kind, Is.EqualTo(FindingKind.WrongKey));
        Assert.That(finding?.Place, Is.EqualTo("annotation deployguard.io/change-statement"));
    }

    [TestCase("not json")]
    [TestCase("{}")]
    [TestCase("{\"dsseEnvelope\": 1}")]
    public async Task WhatCannotBeReadIsAFindingAndTheRegistryStillCounts(string text)
    {
        var image = (await ReadAsync(Policy(), Deployment([Image], statement: text))).Single().Images.Single();

        Assert.That(image.Provenance?.Head?.Commit, Is.EqualTo(s_head));
        Assert.That(image.Provenance?.Findings.Single().Kind, Is.EqualTo(FindingKind.Unreadable));
    }

    [Test]
    public async Task AStatementOfAnEarlierDeployIsOneAboutAnotherImage()
    {
        var image = (await ReadAsync(Policy(), Deployment([_bare], statement: EnvelopeOf(Image)))).Single().Images.Single();

        Assert.That(image.Provenance?.Head, Is.Null);
        Assert.That(image.Provenance?.Findings.Single().Kind, Is.EqualTo(FindingKind.OtherImage));
    }

    [Test]
    public async Task OfTwoNewImagesTheStatementIsAboutOneAndNoMistakeOfTheOther()
    {
        var images = (await ReadAsync(Policy(), Deployment([Image, _bare], statement: EnvelopeOf(_bare)))).Single().Images;

        Assert.That(images.Select(i => i.Provenance?.Head?.Commit), Is.EqualTo(new[] { s_head, s_head }));
        Assert.That(images.SelectMany(i => i.Provenance?.Findings ?? []), Is.Empty);
    }

    [Test]
    public async Task AnImageThatTheRegistryCannotBeAskedAboutStaysUndecided()
    {
        Registry.Misbehave(
            _ => true,
            context =>
            {
                context.Response.StatusCode = 403;
                return Task.CompletedTask;
            }
        );

        SignedImage image = (await ReadAsync(Policy(), Deployment([_bare], statement: EnvelopeOf(_bare)))).Single().Images.Single();

        Assert.That(image.Unavailable, Does.Contain(Registry.Host));
        Assert.That(
            (image.Provenance?.Origin, image.Provenance?.Head),
            Is.EqualTo((OriginVerdict.Unknown, (HeadCommit?)null)),
            "a statement that was not seen may say AI"
        );
        Assert.That(image.Provenance?.Authors, Is.EqualTo(new[] { "github:1001" }), "what the request brings tightens");
    }

    private string EnvelopeOf(string image) => Encoding.UTF8.GetString(Signed(HexOf(image)).ToJson());

    private static string HexOf(string image) => image.Split(':')[^1];
}

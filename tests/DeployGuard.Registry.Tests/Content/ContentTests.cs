using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Transport;

namespace DeployGuard.Registry.Tests.Content;

internal sealed class ContentTests : LookupFixture
{
    [Test]
    public async Task AnImageWithOtherContentThanItsDigestIsUnusable()
    {
        var (image, other) = (Repository.PushImage("1"), Repository.PushImage("2"));
        Registry.Contents[$"acme/web/manifests/{image}"] = Registry.Contents[$"acme/web/manifests/{other}"];

        var result = await FindAsync(image);

        Assert.That(result, Is.InstanceOf<Unavailable>().With.Property("Cause").EqualTo(FailureCause.BadContent));
        Assert.That(((Unavailable)result).Message, Does.EndWith("the registry answered with other content"));
    }

    [Test]
    public async Task AStatementWithOtherContentThanItsDigestIsRefusedAndTheOthersCount()
    {
        var image = Repository.PushImage();
        Repository.AttachReferrer(image, "good");
        Repository.AttachReferrer(image, "bad");
        Registry.Contents[$"acme/web/blobs/{Digest.Of("bad"u8)}"] = ("", Documents.Bytes("BAD"));

        var result = await FindAsync(image);

        Assert.That(Found(result), Is.EqualTo(["good"]));
        Assert.That(result.Refused, Has.One.EndsWith("the registry answered with other content"));
    }

    [TestCase("""{"mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": [], "manifests": []}""")]
    [TestCase("""{"mediaType": "application/vnd.oci.image.manifest.v1+json", "manifests": []}""")]
    [TestCase("""{"mediaType": "application/vnd.oci.image.index.v1+json", "layers": []}""")]
    [TestCase("""{"layers": [], "layers": []}""")]
    [TestCase("""{"layers": [{"digest": "none", "size": 1}]}""")]
    [TestCase("""{"layers": 1}""")]
    [TestCase("""{"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [], "Manifests": []}""")]
    [TestCase("""{"layers": [{"digest": "DIGEST", "Digest": "DIGEST", "size": 1}]}""")]
    [TestCase(
        """{"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [{"digest": "DIGEST", "size": 1, "platform": {"OS": "linux"} }]}"""
    )]
    [TestCase("""{"layers": [], "manife\u017ft\u017f": []}""")]
    [TestCase("""{"layers": [], "annotations": {"half": "\ud800"} }""")]
    [TestCase("""{"layers": [], "annotations": {"\ud800": "half"} }""")]
    [TestCase("[]")]
    [TestCase("")]
    public async Task AManifestThatTwoReadersCouldReadDifferentlyIsNone(string manifest)
    {
        var image = Repository.PushManifest(Documents.Bytes(manifest.Replace("DIGEST", $"{Digest.Of("x"u8)}", StringComparison.Ordinal)));

        Assert.That(await FindAsync(image), Is.InstanceOf<Unavailable>().With.Property("Cause").EqualTo(FailureCause.BadContent));
    }
}

using System.IO.Compression;
using DeployGuard.Registry.Access;
using DeployGuard.Registry.Content;
using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Transport;
using Microsoft.AspNetCore.Http;

namespace DeployGuard.Registry.Tests.Content;

internal sealed class BoundTests : LookupFixture
{
    [Test]
    public async Task Case37_AllPagesOfReferrersAreRead()
    {
        var image = Repository.PushImage();
        var members = Enumerable.Range(1, 5).Select(Member).ToList();
        ServePages(i => i <= 5 ? ([members[i - 1]], i < 5 ? $"<?page={i + 1}>; rel=\"next\"" : null) : ([], null));

        Assert.That(Found(await FindAsync(image)), Is.EqualTo(["1", "2", "3", "4", "5"]));
    }

    [Test]
    public async Task Case37_EndlessPagesEndAtTheBound()
    {
        var image = Repository.PushImage();
        var member = Member(1);
        ServePages(i => ([member], $"<?page={i + 1}>; rel=\"next\""));

        var result = await FindAsync(image);

        Assert.That(Found(result), Is.EqualTo(["1"]));
        Assert.That(Registry.Paths.Count(p => p.Contains("/referrers/", StringComparison.Ordinal)), Is.EqualTo(Limits.Pages));
        Assert.That(result.Refused, Has.One.Contains("lists more than can be read"));
    }

    [Test]
    public async Task APageOnAnotherHostIsNotReadAndIsReported()
    {
        await using var other = await FakeRegistry.StartAsync();
        var image = Repository.PushImage();
        ServePages(_ => ([], $"<http://{other.Host}/v2/>; rel=\"next\""));

        Assert.That((await FindAsync(image)).Refused, Has.One.Contains("lists more than can be read"));
        Assert.That(other.Calls, Is.Empty);
    }

    /// <summary>Registries copy the annotations of a referrer into their list: it must not hide the other referrers.</summary>
    [TestCase(0, 1001, 0)]
    [TestCase(1, 1001, 0)]
    [TestCase(0, 2, 2_100_000)]
    [TestCase(1, 2, 2_100_000)]
    public async Task AReferrerThatMakesTheListUnreadableLeavesItUnread(int readablePages, int annotations, int characters)
    {
        var image = Repository.PushImage();
        Repository.AttachByClassicTag(image, ".att", MediaTypes.Dsse, ["older"]);
        var texts = Enumerable.Range(0, annotations).ToDictionary(i => $"{i}", _ => new string('x', characters));
        var junk = Documents.Descriptor(MediaTypes.Manifest, Digest.Of("junk"u8), 4, annotations: texts);
        ServePages(i => i <= readablePages ? ([Member(1)], $"<?page={i + 1}>; rel=\"next\"") : ([junk], null));

        var result = await FindAsync(image);

        Assert.That(Found(result), Does.Contain("older"));
        Assert.That(result.Unread.Select(u => u.Name), Has.One.StartsWith("referrers of"));
    }

    /// <summary>The forge adds its later statement to what is there, and that can be made unreadable before.</summary>
    [TestCase(".att")]
    [TestCase("")]
    public async Task ATagThatCannotBeReadLeavesItUnread(string suffix)
    {
        var image = Repository.PushImage();
        Repository.AttachReferrer(image, "older");
        var texts = Enumerable.Range(0, ManifestParser.MostEntries + 1).ToDictionary(i => $"{i}", _ => "");
        var content =
            suffix.Length > 0
                ? Documents.Manifest(Repository.Blob(MediaTypes.ImageConfig, Documents.Bytes("{}")), [], annotations: texts)
                : Documents.Index([Member(1), Documents.Descriptor(MediaTypes.Manifest, Digest.Of("junk"u8), 4, annotations: texts)]);
        Repository.PushManifest(content, suffix.Length > 0 ? MediaTypes.Manifest : MediaTypes.Index, image.Tag + suffix);

        var result = await FindAsync(image);

        Assert.That(Found(result), Is.EqualTo(["older"]));
        Assert.That(result.Unread.Select(u => u.Name), Is.EqualTo([$"tag {image.Tag}{suffix} of {Registry.Host}/acme/web"]));
    }

    [Test]
    public async Task Case40_OfAThousandReferrersThirtyTwoAreOpenedAndStatementsComeFirst()
    {
        var image = Repository.PushImage();
        var junk = Enumerable
            .Range(0, ManifestParser.MostEntries - 1)
            .Select(i =>
                Documents.Descriptor(
                    MediaTypes.Manifest,
                    Digest.Of(Documents.Bytes($"{i}")),
                    10,
                    "\"artifactType\": \"application/sarif+json\""
                )
            );
        Registry.Referrers?.TryAdd($"acme/web/referrers/{image}", [.. junk]);
        Repository.AttachReferrer(image, "one");

        var result = await FindAsync(image);

        Assert.That(Found(result), Is.EqualTo(["one"]));
        Assert.That(result.Refused, Has.Some.Contains("lists more than can be read; 32 were opened"));
        // The image, the referrers, three tags, 32 members and a blob.
        Assert.That(Registry.Calls, Has.Count.EqualTo(5 + 32 + 1));
        Assert.That(result.Refused, Has.Count.LessThan(20));
        Assert.That(result.Unread.Select(u => u.Name), Has.One.StartsWith("referrers of"));
    }

    [Test]
    public async Task EntriesBeyondTheBoundAreNotReadAndTold()
    {
        var image = Repository.PushImage();
        Repository.AttachByClassicTag(
            image,
            ".att",
            MediaTypes.Dsse,
            Enumerable.Range(0, ManifestParser.MostEntries + 5).Select(i => $"{i}")
        );
        var index = Repository.PushIndex(
            Enumerable.Range(0, ManifestParser.MostEntries + 5).Select(i => ("linux", "amd64", Digest.Of(Documents.Bytes($"{i}"))))
        );

        var result = await FindAsync(image);
        var facts = (
            (NoStatement)await FindAsync(new LookupRequest(Repository.Image(index), CredentialSet.None) { Statements = false })
        ).Facts;

        Assert.That(result.Refused, Has.Some.EndsWith("has 5 layers more than can be read"));
        Assert.That(result.Unread.Select(u => u.Name), Has.One.Contains(".att of"));
        Assert.That(facts.Platforms, Has.Count.EqualTo(Limits.Platforms));
        Assert.That(facts.PlatformsNotRead, Is.EqualTo(ManifestParser.MostEntries + 5 - Limits.Platforms));
    }

    /// <summary>Each costs memory for as long as the result is kept, and far more than its characters.</summary>
    [TestCase(0, true)]
    [TestCase(1, false)]
    public async Task AnImageWithMoreAnnotationsThanAnyHasIsNotRead(int beyond, bool isRead)
    {
        var texts = Enumerable.Range(0, ManifestParser.MostEntries + beyond).ToDictionary(i => $"{i}", _ => "");
        var result = await FindAsync(Repository.PushImage(annotations: texts));

        Assert.That(result is NoStatement, Is.EqualTo(isRead));
        Assert.That(result is Unavailable { Cause: FailureCause.BadContent }, Is.Not.EqualTo(isRead));
    }

    [Test]
    public async Task LabelsOfAnImageWithMoreThanAnyHasAreNotWhole()
    {
        var texts = Enumerable.Range(0, ManifestParser.MostEntries + 1).ToDictionary(i => $"{i}", _ => "");
        var image = Repository.PushImage(labels: texts);

        var result = await FindAsync(new LookupRequest(Repository.Image(image), CredentialSet.None) { Labels = true });

        Assert.That((result as NoStatement)?.Facts.IsWhole, Is.False);
    }

    [Test]
    public async Task Case40_StatementsInAllPlacesTogetherAreBounded()
    {
        var image = Repository.PushImage();
        Repository.AttachByClassicTag(image, ".att", MediaTypes.Dsse, Enumerable.Range(0, 100).Select(i => $"{i}"));

        var result = await FindAsync(image);

        Assert.That(Found(result), Has.Exactly(Limits.Referrers).Items);
        Assert.That(result.Refused, Has.Some.Contains("is one of more than 32 statements"));
        Assert.That(result.Unread.Select(u => u.Name), Is.EqualTo([$"tag {image.Tag}.att of {Registry.Host}/acme/web"]));
    }

    [Test]
    public async Task Case40_WhatOneLookupKeepsIsBounded()
    {
        var image = Repository.PushImage();
        foreach (var i in Enumerable.Range(0, 20))
        {
            Repository.AttachReferrer(image, new string((char)('a' + i), 500_000));
        }

        var result = await FindAsync(image);

        Assert.That(result.Refused, Has.Some.Contains("bytes that one lookup keeps"));
        Assert.That(result.Unread.Select(u => u.Name), Has.One.StartsWith("referrers of"));
        Assert.That(((StatementsFound)result).Statements.Sum(s => s.Content.Length), Is.LessThanOrEqualTo(Limits.ResultBytes));
    }

    [Test]
    public async Task Case40_ABlobThatIsTooLargeIsNotRead()
    {
        var image = Repository.PushImage();
        Repository.AttachReferrer(image, new string('x', Limits.BlobBytes + 1));

        var result = await FindAsync(image);

        Assert.That(result, Is.InstanceOf<NoStatement>());
        Assert.That(result.Refused, Has.One.Contains("more than 1048576"));
        Assert.That(result.Unread, Is.Empty, "lists of components are often so large, and no statement that counts is");
        Assert.That(Registry.Paths, Has.None.Contains("/blobs/"));
    }

    [Test]
    public async Task Case40_ABlobThatGoesOnAfterItsSizeIsRefused()
    {
        var image = Repository.PushImage();
        Repository.AttachReferrer(image, "one");
        Registry.Misbehave(
            context => context.Request.Path.Value?.Contains("/blobs/", StringComparison.Ordinal) == true,
            context => context.Response.Body.WriteAsync(new byte[64 * 1024 * 1024]).AsTask()
        );

        var result = await FindAsync(image);

        Assert.That(result, Is.InstanceOf<NoStatement>());
        Assert.That(result.Refused, Has.One.EndsWith($"is larger than {Limits.BlobBytes} bytes"));
    }

    [Test]
    public async Task Case40_AnAnswerThatNeverEndsIsReadUpToTheBound()
    {
        using var endless = new EndlessServer();
        var lookup = NewLookup(Options with { Registries = [new RegistrySettings(endless.Host) { PlainHttp = true }] });
        var image = new PinnedImage(new(endless.Host, "acme/web"), Digest.Of("any"u8));

        var result = await lookup.FindAsync(new LookupRequest(image, CredentialSet.None), CancellationToken.None);

        Assert.That(result, Is.InstanceOf<Unavailable>().With.Property("Cause").EqualTo(FailureCause.TooLarge));
        // What the sockets of both sides hold comes to it.
        Assert.That(await endless.SentAsync(), Is.InRange(Limits.ManifestBytes, Limits.ManifestBytes + (32 * 1024 * 1024)));
    }

    [Test]
    public async Task Case40_AnAnswerThatUnpacksToFarMoreIsNotUnpacked()
    {
        var image = Repository.PushImage();
        Repository.AttachReferrer(image, "one");
        using var bomb = new MemoryStream();
        await using (var zip = new GZipStream(bomb, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            await zip.WriteAsync(new byte[64 * 1024 * 1024]);
        }

        Registry.Misbehave(
            context => context.Request.Path.Value?.Contains("/blobs/", StringComparison.Ordinal) == true,
            context =>
            {
                context.Response.Headers.ContentEncoding = "gzip";
                return context.Response.Body.WriteAsync(bomb.ToArray()).AsTask();
            }
        );

        var result = await FindAsync(image);

        Assert.That(result, Is.InstanceOf<NoStatement>());
        Assert.That(result.Refused, Has.One.Contains("answered compressed"));
    }

    private string Member(int i) => Repository.PushMember($"{i}", MediaTypesOf.Bundle, MediaTypesOf.Bundle);

    /// <summary>Pages are counted from 1.</summary>
    private void ServePages(Func<int, (IReadOnlyList<string> Members, string? Link)> page) =>
        Registry.Misbehave(
            context => context.Request.Path.Value?.Contains("/referrers/", StringComparison.Ordinal) == true,
            context =>
            {
                var (members, link) = page(int.TryParse(context.Request.Query["page"], out var number) ? number : 1);
                context.Response.Headers.Link = link;
                context.Response.ContentType = MediaTypes.Index;
                return context.Response.Body.WriteAsync(Documents.Index(members)).AsTask();
            }
        );
}

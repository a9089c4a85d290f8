using DeployGuard.Core.Provenance;

namespace DeployGuard.Core.Tests;

/// <summary>What labels and annotations of images say, and what only looks like it.</summary>
public class ImageMarksTests
{
    private const string Image = "ghcr.io/acme/web@sha256:1111";
    private const string Authors = "org.opencontainers.image.authors";

    [TestCase("deployguard.io/ai-assisted", "true")]
    [TestCase("deployguard.io/ai-assisted", "TRUE")]
    [TestCase("deployguard.io/ai-assisted", " True ")]
    [TestCase("deployguard.io/ai-assisted", "1")]
    [TestCase("deployguard.io/ai-assisted", "Yes\n")]
    [TestCase("deployguard.io/ai-tool", "cursor")]
    [TestCase("Assisted-by", "Claude:claude-opus-4")]
    [TestCase("generated-by", "ChatGPT 5")]
    [TestCase("Co-authored-by", "Cursor <cursoragent@cursor.com>")]
    [TestCase("Claude-Session", "01J")]
    [TestCase("Replit-Commit-Author", "Agent")]
    [TestCase(Authors, "Dana <dana@example.com>, Cursor <CursorAgent@cursor.com>")]
    [TestCase(Authors, "198982749+Copilot@users.noreply.github.com")]
    [TestCase(Authors, "Dana (aider) <dana@example.com>")]
    [TestCase("org.opencontainers.image.description", "Faster checkout\n\nAssisted-by: Codex")]
    [TestCase("org.opencontainers.image.title", "x\r\nCo-Authored-By: Claude <noreply@anthropic.com>\r\n")]
    [TestCase("org.opencontainers.image.description", "Squash\r\r    Assisted-by: Codex")]
    [TestCase("org.opencontainers.image.description", "Squash\n* Assisted-by: Codex")]
    [TestCase("org.opencontainers.image.description", "\U0001F916 Generated with [Claude Code](https://claude.com/claude-code)")]
    public void ASignOfAiTightens(string key, string value)
    {
        var evidence = ImageMarks.Of(Image, [new ImageText(true, key, value)]);

        Assert.That(evidence.Any(OriginReader.SaysAi), Is.True);
        Assert.That(evidence.Select(e => e.Source), Has.All.EndsWith($"image label of {Image}"));
        Assert.That(evidence.Select(e => e.By), Has.All.Null, "it belongs to the image, and to no requester");
    }

    [TestCase("deployguard.io/ai-assisted", "false")]
    [TestCase("deployguard.io/ai-assisted", "0")]
    [TestCase("deployguard.io/ai-assisted", "not true")]
    [TestCase("deployguard.io/ai-tool", " ")]
    [TestCase(Authors, "Claude Monet <claude@example.com>")]
    [TestCase(Authors, "Dana <dana@cursor.com>")]
    [TestCase("org.opencontainers.image.description", "A mirror of Claude Code and of cursoragent@cursor.com")]
    [TestCase("org.opencontainers.image.vendor", "Anthropic")]
    [TestCase("description", "Assisted-by: Codex")]
    [TestCase("Co-authored-by", "Dana <dana@example.com>")]
    [TestCase("Replit-Commit-Author", "Dana")]
    public void WhatOnlyLooksLikeItIsNone(string key, string value) =>
        Assert.That(ImageMarks.Of(Image, [new ImageText(false, key, value)]).Any(OriginReader.SaysAi), Is.False);

    [TestCase("deployguard.io/authors", "alice, bob", "alice", "bob")]
    [TestCase(Authors, "Alice <alice@example.com>", "Alice", "alice@example.com")]
    [TestCase(Authors, "alice", "alice")]
    [TestCase(Authors, "alice\nbob@example.com", "alice", "bob@example.com")]
    public void NamedAuthorsAreEvidence(string key, string value, params string[] authors) =>
        Assert.That(
            OriginReader.AuthorsIn(ImageMarks.Of(Image, [new ImageText(false, key, value)])),
            Is.EqualTo(authors).And.All.Not.Contains("\n")
        );

    [Test]
    public void AFloodOfTextsIsBoundedAndHidesNoSignOfAi()
    {
        var flood = Enumerable.Range(0, 10_000).Select(i => new ImageText(false, "deployguard.io/authors", $"author-{i}"));

        var evidence = ImageMarks.Of(Image, [.. flood, new ImageText(true, "deployguard.io/ai-assisted", "true")]);

        Assert.That(evidence, Has.Count.EqualTo(10));
        Assert.That(evidence[0].Key, Is.EqualTo("deployguard.io/ai-assisted"));
    }

    [Test]
    public void AHugeValueIsReadUpToABoundAndKeptInShort()
    {
        var evidence = ImageMarks.Of(Image, [new ImageText(true, "Generated-by", "codex " + new string('x', 5_000_000))]);

        Assert.That(evidence.Single().Value, Has.Length.EqualTo(200).And.StartsWith("codex: codex xxx"));
    }

    [Test]
    public void LineBreaksAndInvisibleCharactersDoNotReachTheRecord()
    {
        var evidence = ImageMarks.Of(
            Image,
            [new ImageText(true, "deployguard.io/ai-tool", "cur\nsor\u202e"), new ImageText(true, "Assisted-by", "a\u202eb")]
        );

        Assert.That(evidence, Has.Count.EqualTo(2));
        Assert.That(evidence.SelectMany(e => e.Value).Where(c => char.IsControl(c) || c == '\u202e'), Is.Empty);
    }

    [Test]
    public void TheRecordSaysTheSameAsTheImage()
    {
        var read = ImageMarks.Of(
            Image,
            [new ImageText(true, "Assisted-by", "Codex"), new ImageText(true, Authors, "Alice <a@example.com>")]
        );

        var origin = OriginReader.Read(Some.Deployment().Read(), null, "dana", read, [], []);

        Assert.That(origin.Kind, Is.EqualTo(OriginKind.AiAssisted));
        Assert.That(origin.Authors, Is.EqualTo(new[] { "Alice", "a@example.com" }));
        Assert.That(origin.Evidence, Is.EqualTo(read));
    }
}

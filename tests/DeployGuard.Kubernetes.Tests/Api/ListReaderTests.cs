using System.Text;
using System.Text.Json;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>A list is read object by object, however the network cuts it into pieces.</summary>
public class ListReaderTests
{
    private const string Page = """
        {"kind": "PodList", "metadata": {"resourceVersion": "7", "continue": "next"}, "items": [{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}]}
        """;

    [TestCase(1)]
    [TestCase(7)]
    [TestCase(100_000)]
    public async Task EveryObjectIsReadHoweverTheAnswerArrives(int piece)
    {
        var (names, reader) = await ReadAsync(Page, piece);
        Assert.That(names, Is.EqualTo(new[] { "a", "b" }));
        Assert.That((reader.Version, reader.Next), Is.EqualTo(("7", "next")));
    }

    [Test]
    public async Task TheMetadataMayFollowTheItems()
    {
        var (names, reader) = await ReadAsync(
            """{"items": [{"metadata": {"name": "a"}}], "more": [1, {"items": [2]}], "metadata": {"resourceVersion": "7"}}""",
            3
        );
        Assert.That(names, Is.EqualTo(new[] { "a" }));
        Assert.That((reader.Version, reader.Next), Is.EqualTo(("7", "")));
    }

    [Test]
    public async Task AnObjectMayBeLargerThanTheBuffer()
    {
        var large = new string('x', 700_000);
        var (names, _) = await ReadAsync(
            $$$"""{"metadata": {}, "items": [{"metadata": {"name": "a"}}, {"data": "{{{large}}}", "metadata": {"name": "b"}}, {"metadata": {"name": "c"}}]}""",
            10_000
        );
        Assert.That(names, Is.EqualTo(new[] { "a", "b", "c" }));
    }

    [Test]
    public async Task AnEmptyListMayBeNull() => Assert.That((await ReadAsync("""{"metadata": {}, "items": null}""", 5)).Names, Is.Empty);

    [TestCase("")]
    [TestCase("[]")]
    [TestCase("null")]
    [TestCase("""{"metadata": {"resourceVersion": "7"}}""")]
    [TestCase("""{"items": []}""")]
    [TestCase("""{"metadata": {}, "items": null, "items": []}""")]
    [TestCase("""{"metadata": {}, "items": {}}""")]
    [TestCase("""{"metadata": {}, "items": [], "items": []}""")]
    [TestCase("""{"metadata": {}, "items": []} {}""")]
    [TestCase("""{"metadata": {}, "items": [{"metadata": {"name": "a"}}""")]
    [TestCase("""{"metadata": {}, "items": [{"metadata": {"name": "a"}}]""")]
    public void WhatIsNoWholeListIsAnError(string body) => Assert.CatchAsync<JsonException>(() => ReadAsync(body, 5));

    private static async Task<(List<string?> Names, ListReader Reader)> ReadAsync(string body, int piece)
    {
        using var stream = new Pieces(Encoding.UTF8.GetBytes(body), piece);
        using var reader = new ListReader(stream);
        var names = new List<string?>();
        while (await reader.NextAsync(CancellationToken.None) is { } item)
        {
            using (item)
            {
                names.Add(item.RootElement.GetProperty("metadata").GetProperty("name").GetString());
            }
        }

        return (names, reader);
    }

    /// <summary>Gives at most so many bytes at a time, as a network does.</summary>
    private sealed class Pieces(byte[] content, int piece) : MemoryStream(content)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(piece, buffer.Length)], cancellationToken);
    }
}

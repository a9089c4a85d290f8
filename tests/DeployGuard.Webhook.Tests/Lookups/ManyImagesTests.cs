using System.Text.Json.Nodes;
using DeployGuard.Core.Policies;

namespace DeployGuard.Webhook.Tests.Lookups;

/// <summary>Requests with several containers, and policies with several keys.</summary>
[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ManyImagesTests : EvidenceFixture
{
    private const string Unsigned = """{"payload": "e30=", "payloadType": "x", "signatures": [{"sig": "AAAA"}]}""";

    [Test]
    public async Task Case11_EightContainersOfOneDigestUnderFiveKeysMakeOneLookup()
    {
        var facts = (await ReadAsync(Policy(key: string.Join(',', FiveKeys())), Deployment(Enumerable.Repeat(Image, 8)))).Single();

        Assert.That(facts.Images.Single().Provenance?.Head, Is.Not.Null);
        Assert.That(Registry.Paths.Where(p => p.Contains("/manifests/sha256:", StringComparison.Ordinal)), Is.Unique);
        Assert.That(Registry.Paths, Is.Unique);
    }

    /// <summary>What a request brings along, and nobody trusted signed, must not make the same statements be judged again.</summary>
    [Test]
    public async Task ManyNamesOfOneDigestAreJudgedOnceWhateverTheRequestBringsAlong()
    {
        var (repository, digest) = (Image.Split('@')[0], Image.Split('@')[1]);
        var names = Enumerable.Range(0, 20).Select(i => $"{repository}:t{i}@{digest}").ToList();

        var plain = (await ReadAsync(Policy(), Deployment(names))).Single();
        var brought = (await ReadAsync(Policy(), Deployment(names, Unsigned))).Single();

        Assert.That(plain.Images.Select(i => i.Image), Is.EqualTo(names));
        Assert.That(plain.Images.Select(i => i.Provenance), Has.All.SameAs(plain.Images[0].Provenance).And.All.Not.Null);
        Assert.That(brought.Images.Select(i => i.Provenance), Has.All.SameAs(brought.Images[0].Provenance));
        Assert.That(
            brought.Images[0].Provenance?.Findings.Select(f => f.Place),
            Has.Some.Contains("annotation"),
            "it is told all the same"
        );
        Assert.That(brought.Images[0].Provenance?.Head, Is.Not.Null);
    }

    [Test]
    public async Task TheSameStatementsAreNotJudgedAgainForUnsignedOnesThatARequestBringsAlong()
    {
        var policy = Policy();

        var first = (await ReadAsync(policy, Deployment([Image], Unsigned))).Single().Images[0].Provenance;
        var second = (await ReadAsync(policy, Deployment([Image], Unsigned))).Single().Images[0].Provenance;

        Assert.That(second?.Head, Is.Not.Null.And.SameAs(first?.Head));
    }

    [Test]
    public async Task Case12_TenImagesAreAskedAboutSideBySide()
    {
        var images = Enumerable.Range(0, 10).Select(i => $"{Registry.Host}/acme/web@{Repository.PushImage($"{i}")}").ToList();
        var (asked, all) = (0, new TaskCompletionSource());
        Registry.Own = async context =>
        {
            // Nobody is answered before all have asked.
            if (Interlocked.Increment(ref asked) == images.Count)
            {
                all.SetResult();
            }

            await all.Task.WaitAsync(context.RequestAborted);
            return false;
        };

        var facts = (await ReadAsync(Policy(), Deployment(images))).Single();

        Assert.That(facts.Images.Select(i => i.Image), Is.EqualTo(images));
        Assert.That(facts.Images.Select(i => i.Unavailable), Has.All.Empty);
    }

    [Test]
    public async Task Case31_AnImageThatNoSourceNamesDoesNotEndTheLookupOfTheNext()
    {
        var other = $"registry.example.com/acme/other@sha256:{new string('7', 64)}";

        var facts = (await ReadAsync(Policy(), Deployment([other, Image]))).Single();

        Assert.That(facts.Images.Single().Image, Is.EqualTo(Image));
        Assert.That(facts.Images.Single().Provenance?.Head, Is.Not.Null);
    }

    [Test]
    public async Task Case36_WhatCannotBeLookedUpIsNotEvenTriedWhileOnlyAuditing()
    {
        Registry.Misbehave(_ => true, context => throw new InvalidOperationException($"{context.Request.Path} was asked"));

        Assert.That(await ReadAsync(Policy() with { Mode = Mode.Audit }), Is.Empty);
        Assert.That(await ReadAsync(Policy() with { Mode = Mode.Warn }), Is.Empty);
        Assert.That(Registry.Calls, Is.Empty);
    }

    private IEnumerable<string> FiveKeys() =>
        Enumerable.Range(0, 4).Select(i => KeyOf($"other-{i}", NewKey().Public.Pem)).Append(KeyOf("forge", Forge.Public.Pem));

    private static string KeyOf(string name, string pem) =>
        $$"""{"name": "{{name}}", "role": "SourceReview", "pem": {{JsonValue.Create(pem).ToJsonString()}} }""";
}

using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;

namespace DeployGuard.Webhook.Tests.Lookups;

/// <summary>What is read of the labels and annotations of new images.</summary>
[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ImageClaimTests : EvidenceFixture
{
    private static readonly Dictionary<string, string> s_ai = new() { ["deployguard.io/ai-assisted"] = "true" };
    private static readonly Dictionary<string, string> s_author = new() { ["org.opencontainers.image.authors"] = "Ann <ann@example.com>" };

    [Test]
    public async Task LabelsAndAnnotationsAreEvidenceWithTheImageThatTheyAreOf()
    {
        Image = $"{Registry.Host}/acme/web@{Repository.PushImage("2", s_ai, s_author)}";

        var facts = (await ReadAsync(Labelled())).Single();

        Assert.That(
            facts.Claims.Select(c => (c.Source, c.Key)),
            Is.EqualTo([
                ($"image label of {Image}", "deployguard.io/ai-assisted"),
                ($"image annotation of {Image}", "org.opencontainers.image.authors"),
            ])
        );
        Assert.That(facts.Images, Is.Empty);
        Assert.That(Registry.Paths, Has.None.Contains("referrers").And.None.EndsWith(".att"), "no statements are looked for");
    }

    [Test]
    public async Task OfAnIndexEveryPlatformIsHeard()
    {
        var (amd, arm) = (Repository.PushImage("amd"), Repository.PushImage("arm", s_ai));
        Image = $"{Registry.Host}/acme/web@{Repository.PushIndex(("linux", "amd64", amd), ("linux", "arm64", arm))}";

        Assert.That((await ReadAsync(Labelled())).Single().Claims.Any(OriginReader.SaysAi), Is.True);
    }

    [Test]
    public async Task BesideKeysTheyAreReadInTheSameLookup()
    {
        var facts = (await ReadAsync(Policy(more: "\"imageLabels\": \"Read\","))).Single();

        Assert.That(facts.Images.Single().Provenance?.Head, Is.Not.Null);
        Assert.That(facts.Claims, Is.Empty);
        Assert.That(Registry.Paths.Count(p => p.EndsWith($"manifests/{Image.Split('@')[1]}", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test]
    public async Task WhereThePolicyDoesNotAskForThemTheyAreNotRead()
    {
        Image = $"{Registry.Host}/acme/web@{Repository.PushImage("2", s_ai)}";

        Assert.That((await ReadAsync(Policy())).Single().Claims, Is.Empty);
        Assert.That(Registry.Paths, Has.None.Contains("/blobs/"));
    }

    [Test]
    public async Task AnAuditPolicyReadsNone()
    {
        await ReadAsync(Labelled() with { Mode = Mode.Audit });

        Assert.That(Registry.Calls, Is.Empty);
    }

    [Test]
    public async Task AnImageOfARegistryThatIsNotListedIsNotLookedUp()
    {
        Image = $"registry.example.com/acme/web@sha256:{new string('9', 64)}";

        Assert.That(await ReadAsync(Labelled()), Is.Empty);
    }

    [Test]
    public async Task WhatTheRegistryLacksIsUnreadBecauseItMayBePushedLater()
    {
        Image = $"{Registry.Host}/acme/web@sha256:{new string('9', 64)}";

        var facts = (await ReadAsync(Labelled())).Single();

        Assert.That(facts.Claims, Is.Empty);
        Assert.That(facts.ClaimsUnavailable, Does.Contain("the registry has no such image"));
    }

    [Test]
    public async Task LabelsThatAreTooLargeAreUnread()
    {
        var many = new Dictionary<string, string> { ["much"] = new('x', 2 * 1024 * 1024) };
        Image = $"{Registry.Host}/acme/web@{Repository.PushImage("large", many)}";

        Assert.That((await ReadAsync(Labelled())).Single().ClaimsUnavailable, Does.Contain("not all labels could be read"));
    }

    [Test]
    public async Task ARegistryThatFailsLeavesThemUnread()
    {
        Registry.Misbehave(
            _ => true,
            context =>
            {
                context.Response.StatusCode = 403;
                return Task.CompletedTask;
            }
        );

        Assert.That((await ReadAsync(Labelled())).Single().ClaimsUnavailable, Does.Contain(Registry.Host).And.Contain("403"));
    }

    private SafeguardPolicy Labelled() =>
        Read(
            $$"""
            {"approval": {"quorum": [{"groups": ["a"]}]},
             "origin": {"imageLabels": "Read", "registries": [{"host": "{{Registry.Host}}", "plainHttp": true}]} }
            """
        );
}

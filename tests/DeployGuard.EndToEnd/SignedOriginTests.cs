using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using DeployGuard.Core.Attestations;
using DeployGuard.Registry.Content;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Tests;
using DeployGuard.Rig;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>Signed evidence in a real registry, up to the answer that a real kubectl prints.</summary>
[Parallelizable(ParallelScope.Self)]
public sealed class SignedOriginTests
{
    private const string Policy = "signed";
    private const string Repository = "acme/web";
    private const string Source = "https://github.com/acme/web";
    private const string Envelope = "application/vnd.dsse.envelope.v1+json";

    private static readonly SigningKey s_forge = NewKey();
    private static readonly SigningKey s_stranger = NewKey();

    private ImageRegistry? _registry;
    private X509Certificate2? _authority;
    private RegistryPush? _push;

    private RegistryPush Push => _push ?? throw new InvalidOperationException("not started");

    private string Host => _registry?.Host ?? throw new InvalidOperationException("not started");

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _authority = TestAuthority.New();
        using var certificate = TestAuthority.Issue(_authority, IPAddress.Loopback);
        _registry = await ImageRegistry.StartAsync(await Toolbox.InstallAsync(), certificate);
        _push = new RegistryPush(Host, Repository, "", "");
        await TestCluster.Rig.Plane.Api.CreateAsync("apis/deployguard.io/v1alpha1/safeguardpolicies", PolicyJson());
    }

    [OneTimeTearDown]
    public void Stop()
    {
        _push?.Dispose();
        _registry?.Dispose();
        _authority?.Dispose();
    }

    [Test]
    public async Task ASignedReviewedHumanChangePassesWithoutAnyApprovalAndEachFailureSaysWhy()
    {
        var sandbox = await WithProvenCommitAsync();

        // An unsigned claim changes nothing.
        var claimed = await ImageAsync("claimed");
        Assert.That(await RefusedAsync(sandbox, claimed), Does.Contain("ApprovalMissing").And.Contain("no signed statement was found"));

        var stranger = await ImageAsync("stranger");
        await AttestAsync(stranger, Change('b', 'c'), s_stranger);
        Assert.That(await RefusedAsync(sandbox, stranger), Does.Contain("StatementKey"));

        var replayed = await ImageAsync("replayed");
        await AttestAsync(replayed, Change('b', 'c'), s_forge, about: claimed);
        Assert.That(await RefusedAsync(sandbox, replayed), Does.Contain("StatementReplayed"));

        var headOnly = await ImageAsync("head only");
        await AttestAsync(headOnly, Change('d', 'e'), s_forge);
        Assert.That(await RefusedAsync(sandbox, headOnly), Does.Contain("StatementHeadOnly"));

        var good = await ImageAsync("good");
        await AttestAsync(good, Change('b', 'c'), s_forge);
        (await sandbox.SetImageAsync(Name(good))).OrFail();

        var shown = await sandbox.KubectlAsync("alice", "deployguard", "show", await sandbox.ChangeOfAsync(Name(good)));
        Assert.That(shown.Output, Does.Contain("forge (SourceReview)").And.Contain("review by github:2002").And.Contain("statement "));
        Assert.That(
            (await sandbox.ListAsync("apis/deployguard.io/v1alpha1", "changeapprovals")).Count,
            Is.EqualTo(1),
            "the approval of the first image alone"
        );
    }

    /// <summary>A namespace in which an image of a proven commit is proven: it was approved by a person once.</summary>
    private async Task<Sandbox> WithProvenCommitAsync()
    {
        var sandbox = await UnguardedAsync();
        (await sandbox.ApplyAsync("admin", Together(Pools.Service(), Web(V1)))).OrFail();
        await sandbox.IsRolledOutAsync("web");
        await sandbox.GuardAsync(Policy);
        var first = await ImageAsync("first");
        await AttestAsync(first, Change('a', 'b'), s_forge);
        Assert.That(await RefusedAsync(sandbox, first), Does.Contain("is not known, so that nobody can say what changed since then"));
        (await sandbox.ApproveAsync("alice", await sandbox.ChangeInPhaseAsync("Pending"))).OrFail();
        (await sandbox.SetImageAsync(Name(first))).OrFail();
        await Rig.Wait.UntilAsync(
            sandbox.ChangesAsync,
            changes =>
                changes.Any(c =>
                    PhaseOf(c) == "Proven" && c.GetProperty("spec").GetRawText().Contains($"{first}", StringComparison.Ordinal)
                ),
            "the approved image to be proven"
        );
        return sandbox;
    }

    private async Task<string> RefusedAsync(Sandbox sandbox, Digest image)
    {
        var run = await sandbox.SetImageAsync(Name(image));
        Assert.That(run.Output, Does.Contain("refused by policy"));
        return run.Output;
    }

    private string Name(Digest image) => $"{Host}/{Repository}@{image}";

    private Task<Digest> ImageAsync(string seed) => Push.ImageAsync(seed);

    /// <summary>Where cosign 2 puts attestations.</summary>
    private async Task AttestAsync(Digest image, ChangeStatement change, SigningKey key, Digest? about = null)
    {
        var statement = change.About(StatementSubject.Of("web", StatementSubject.ImageDigest, (about ?? image).Hex));
        var envelope = Dsse.Sign(Statement.PayloadType, statement.ToJson(), key);
        var layer = await Push.BlobAsync(Envelope, System.Text.Encoding.UTF8.GetString(envelope.ToJson()));
        var config = await Push.BlobAsync(MediaTypes.ImageConfig, "{}");
        await Push.ManifestAsync(Documents.Manifest(config, [layer]), tag: $"{image.Tag}.att");
    }

    private static ChangeStatement Change(char from, char to)
    {
        var now = TimeProvider.System.GetUtcNow();
        return new ChangeStatement(
            new ChangeSource($"git+{Source}", "refs/heads/main", new string(from, 40), new string(to, 40)),
            IsComplete: true,
            new AiDeclaration(AiStatus.None, []),
            ["github:1001"],
            [new StatedApproval("github:2002", ApproverKind.Human, ReviewState.Approved, new string(to, 40), now.AddHours(-1))],
            now.AddMinutes(-10),
            now.AddDays(1)
        );
    }

    private string PolicyJson() =>
        new JsonObject
        {
            ["apiVersion"] = "deployguard.io/v1alpha1",
            ["kind"] = "SafeguardPolicy",
            ["metadata"] = new JsonObject { ["name"] = Policy },
            ["spec"] = Parse(
                $$"""
                {"mode": "Enforce", "match": {"namespaceSelector": {"matchLabels": {"tests": "{{Policy}}"} } },
                 "approval": {"required": "Always", "quorum": [{"groups": ["senior-engineers"]}]},
                 "canary": {"required": "Always", "steps": [50], "soak": "2s", "pace": {"percent": 50, "minReady": "1s"} },
                 "origin": {
                   "keys": [{"name": "forge", "role": "SourceReview", "pem": {{JsonValue.Create(s_forge.Public.Pem).ToJsonString()}} }],
                   "sources": [{"images": ["{{Host}}/{{Repository}}"], "repository": "{{Source}}", "refs": ["refs/heads/main"]}],
                   "registries": [{"host": "{{Host}}", "caBundle": {{JsonValue.Create(
                    _authority?.ExportCertificatePem() ?? ""
                ).ToJsonString()}} }]},
                 "identities": [{"person": "erin", "names": ["github:2002"], "groups": ["senior-engineers"]}]}
                """
            ),
        }.ToJsonString();

    private static SigningKey NewKey()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return SigningKey.Parse(pair.ExportPkcs8PrivateKeyPem());
    }
}

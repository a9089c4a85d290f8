using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using DeployGuard.Core.Attestations;
using DeployGuard.Registry.Content;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Tests;
using DeployGuard.Rig;
using static DeployGuard.EndToEnd.Sandbox;

namespace DeployGuard.EndToEnd;

/// <summary>A repository whose images lie in a real registry with statements beside them, and policies that trust its keys.</summary>
internal sealed class SignedSource : IDisposable
{
    public const string Address = "https://github.com/acme/web";

    private const string Images = "acme/web";
    private const string Envelope = "application/vnd.dsse.envelope.v1+json";

    private readonly X509Certificate2 _authority;
    private readonly ImageRegistry _registry;
    private readonly RegistryPush _push;

    private SignedSource(X509Certificate2 authority, ImageRegistry registry)
    {
        (_authority, _registry) = (authority, registry);
        _push = new RegistryPush(registry.Host, Images, "", "");
    }

    public SigningKey Forge { get; } = NewKey();

    public SigningKey Build { get; } = NewKey();

    public static async Task<SignedSource> StartAsync()
    {
        var authority = TestAuthority.New();
        using var certificate = TestAuthority.Issue(authority, IPAddress.Loopback);
        return new SignedSource(authority, await ImageRegistry.StartAsync(await Toolbox.InstallAsync(), certificate));
    }

    public void Dispose()
    {
        _push.Dispose();
        _registry.Dispose();
        _authority.Dispose();
    }

    /// <summary>The image with a label of that text.</summary>
    public Task<Digest> ImageAsync(string seed) => _push.ImageAsync(seed);

    public string Name(Digest image) => $"{_registry.Host}/{Images}@{image}";

    /// <summary>A tag that anybody who can write to the registry may move.</summary>
    public string Tag(string tag) => $"{_registry.Host}/{Images}:{tag}";

    public Task TagAsync(Digest image, string tag) => _push.TagAsync(image, tag);

    /// <summary>The same image in a repository that no policy names, with a statement of the forge beside it.</summary>
    public async Task<string> LookAlikeAsync(string seed, ChangeStatement change)
    {
        using var push = new RegistryPush(_registry.Host, $"{Images}-evil", "", "");
        var image = await push.ImageAsync(seed);
        await AttachAsync(push, image, [Signed(change.About(Subject(image)), Forge)]);
        return $"{_registry.Host}/{Images}-evil@{image}";
    }

    /// <summary>Signs a statement about an image, and puts it beside that image.</summary>
    public Task AttestAsync(Digest image, ChangeStatement change, SigningKey? key = null) =>
        AttachAsync(image, Signed(change.About(Subject(image)), key ?? Forge));

    /// <summary>Where cosign 2 puts attestations.</summary>
    public Task AttachAsync(Digest image, params IEnumerable<DsseEnvelope> envelopes) => AttachAsync(_push, image, envelopes);

    private static async Task AttachAsync(RegistryPush push, Digest image, IEnumerable<DsseEnvelope> envelopes)
    {
        var layers = new List<string>();
        foreach (var envelope in envelopes)
        {
            layers.Add(await push.BlobAsync(Envelope, Encoding.UTF8.GetString(envelope.ToJson())));
        }

        var config = await push.BlobAsync(MediaTypes.ImageConfig, "{}");
        await push.ManifestAsync(Documents.Manifest(config, layers), tag: $"{image.Tag}.att");
    }

    /// <summary>Reviewed by github:2002, and without AI.</summary>
    public static ChangeStatement Change(char from, char to)
    {
        var now = TimeProvider.System.GetUtcNow();
        return new ChangeStatement(
            new ChangeSource($"git+{Address}", "refs/heads/main", new string(from, 40), new string(to, 40)),
            IsComplete: true,
            new AiDeclaration(AiStatus.None, []),
            ["github:1001"],
            [new StatedApproval("github:2002", ApproverKind.Human, ReviewState.Approved, new string(to, 40), now.AddHours(-1))],
            now.AddMinutes(-10),
            now.AddDays(1)
        );
    }

    public static StatementSubject Subject(Digest image) => StatementSubject.Of("web", StatementSubject.ImageDigest, image.Hex);

    public static DsseEnvelope Signed(Statement statement, SigningKey key) => Dsse.Sign(Statement.PayloadType, statement.ToJson(), key);

    public static SigningKey NewKey()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return SigningKey.Parse(pair.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>Creates a policy, for namespaces with a label of its name. The reviewer github:2002 is a senior engineer.</summary>
    /// <param name="required">When it requires an approval.</param>
    public Task CreatePolicyAsync(string name, string required) =>
        TestCluster.Rig.Plane.Api.CreateAsync(
            "apis/deployguard.io/v1alpha1/safeguardpolicies",
            new JsonObject
            {
                ["apiVersion"] = "deployguard.io/v1alpha1",
                ["kind"] = "SafeguardPolicy",
                ["metadata"] = new JsonObject { ["name"] = name },
                ["spec"] = PolicySpec(name, required),
            }.ToJsonString()
        );

    /// <summary>A namespace in which an image of commit b is proven: a person approved it once.</summary>
    public async Task<Sandbox> WithProvenCommitAsync(string policy)
    {
        var sandbox = await UnguardedAsync();
        (await sandbox.ApplyAsync("admin", Together(Pools.Service(), Web(V1)))).OrFail();
        await sandbox.IsRolledOutAsync("web");
        await sandbox.GuardAsync(policy);
        var first = await ImageAsync("first");
        await AttestAsync(first, Change('a', 'b'));
        Assert.That(await RefusedAsync(sandbox, first), Does.Contain("is not known, so that nobody can say what changed since then"));
        (await sandbox.ApproveAsync("alice", await sandbox.ChangeInPhaseAsync("Pending"))).OrFail();
        (await SetImageAsync(sandbox, first)).OrFail();
        await Wait.UntilAsync(
            sandbox.ChangesAsync,
            changes =>
                changes.Any(c =>
                    PhaseOf(c) == "Proven" && c.GetProperty("spec").GetRawText().Contains($"{first}", StringComparison.Ordinal)
                ),
            "the approved image to be proven"
        );
        return sandbox;
    }

    public Task<Run> SetImageAsync(Sandbox sandbox, Digest image) => sandbox.SetImageAsync(Name(image));

    /// <summary>The text of the refusal.</summary>
    public async Task<string> RefusedAsync(Sandbox sandbox, Digest image)
    {
        var run = await SetImageAsync(sandbox, image);
        Assert.That(run.Output, Does.Contain("refused by policy"));
        return run.Output;
    }

    /// <summary>Replaces the keys of a policy, as its author does.</summary>
    public static Task TrustAsync(string policy, params IEnumerable<(string Name, string Role, SigningKey Key)> keys) =>
        TestCluster.Rig.Plane.Api.MergeAsync(
            $"apis/deployguard.io/v1alpha1/safeguardpolicies/{policy}",
            $$"""
            {"spec": {"origin": {"keys": [{{string.Join(
                ", ",
                keys.Select(k => $$"""{"name": "{{k.Name}}", "role": "{{k.Role}}", "pem": {{Json(k.Key.Public.Pem)}} }""")
            )}}]} } }
            """
        );

    private JsonObject PolicySpec(string name, string required) =>
        Parse(
            $$"""
            {"mode": "Enforce", "dryRun": "Refuse", "match": {"namespaceSelector": {"matchLabels": {"tests": "{{name}}"} } },
             "approval": {"required": "{{required}}", "quorum": [{"groups": ["senior-engineers"]}]},
             "canary": {"required": "Always", "steps": [50], "soak": "2s", "pace": {"percent": 50, "minReady": "1s"} },
             "origin": {
               "keys": [{"name": "forge", "role": "SourceReview", "pem": {{Json(Forge.Public.Pem)}} },
                        {"name": "build", "role": "Build", "pem": {{Json(Build.Public.Pem)}} }],
               "sources": [{"images": ["{{_registry.Host}}/{{Images}}"], "repository": "{{Address}}", "refs": ["refs/heads/main"]}],
               "registries": [{"host": "{{_registry.Host}}", "caBundle": {{Json(_authority.ExportCertificatePem())}} }]},
             "identities": [{"person": "erin", "names": ["github:2002"], "groups": ["senior-engineers"]}]}
            """
        );

    private static string Json(string text) => JsonValue.Create(text).ToJsonString();
}

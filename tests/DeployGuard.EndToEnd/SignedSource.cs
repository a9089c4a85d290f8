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

    /// <summary>The image with a label of that text, and with others.</summary>
    public Task<Digest> ImageAsync(string seed, params IEnumerable<(string Key, string Value)> labels) => _push.ImageAsync(seed, labels);

    public string Name(Digest image) => $"{_registry.Host}/{Images}@{image}";

    /// <summary>Signs a statement about an image, and puts it beside that image.</summary>
    public Task AttestAsync(Digest image, ChangeStatement change, SigningKey? key = null) =>
        AttachAsync(image, Signed(change.About(Subject(image)), key ?? Forge));

    /// <summary>Where cosign 2 puts attestations.</summary>
    public async Task AttachAsync(Digest image, params IEnumerable<DsseEnvelope> envelopes)
    {
        var layers = new List<string>();
        foreach (var envelope in envelopes)
        {
            layers.Add(await _push.BlobAsync(Envelope, Encoding.UTF8.GetString(envelope.ToJson())));
        }

        var config = await _push.BlobAsync(MediaTypes.ImageConfig, "{}");
        await _push.ManifestAsync(Documents.Manifest(config, layers), tag: $"{image.Tag}.att");
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
    public Task CreatePolicyAsync(string name, string required) => CreateAsync(name, PolicySpec(name, required));

    /// <summary>Creates a policy without keys that reads what images say of themselves, and counts an unknown origin as human.</summary>
    public Task CreateLabelPolicyAsync(string name) =>
        CreateAsync(
            name,
            Parse(
                $$"""
                {"mode": "Enforce", "match": {"namespaceSelector": {"matchLabels": {"tests": "{{name}}"} } },
                 "approval": {"required": "AiAssisted", "quorum": [{"groups": ["senior-engineers"]}]},
                 "origin": {"unknown": "Human", "imageLabels": "Read", "registries": [{{RegistrySpec}}]} }
                """
            )
        );

    private string RegistrySpec => $$"""{"host": "{{_registry.Host}}", "caBundle": {{Json(_authority.ExportCertificatePem())}} }""";

    private static Task CreateAsync(string name, JsonObject spec) =>
        TestCluster.Rig.Plane.Api.CreateAsync(
            "apis/deployguard.io/v1alpha1/safeguardpolicies",
            new JsonObject
            {
                ["apiVersion"] = "deployguard.io/v1alpha1",
                ["kind"] = "SafeguardPolicy",
                ["metadata"] = new JsonObject { ["name"] = name },
                ["spec"] = spec,
            }.ToJsonString()
        );

    private JsonObject PolicySpec(string name, string required) =>
        Parse(
            $$"""
            {"mode": "Enforce", "match": {"namespaceSelector": {"matchLabels": {"tests": "{{name}}"} } },
             "approval": {"required": "{{required}}", "quorum": [{"groups": ["senior-engineers"]}]},
             "canary": {"required": "Always", "steps": [50], "soak": "2s", "pace": {"percent": 50, "minReady": "1s"} },
             "origin": {
               "keys": [{"name": "forge", "role": "SourceReview", "pem": {{Json(Forge.Public.Pem)}} },
                        {"name": "build", "role": "Build", "pem": {{Json(Build.Public.Pem)}} }],
               "sources": [{"images": ["{{_registry.Host}}/{{Images}}"], "repository": "{{Address}}", "refs": ["refs/heads/main"]}],
               "registries": [{{RegistrySpec}}]},
             "identities": [{"person": "erin", "names": ["github:2002"], "groups": ["senior-engineers"]}]}
            """
        );

    private static string Json(string text) => JsonValue.Create(text).ToJsonString();
}

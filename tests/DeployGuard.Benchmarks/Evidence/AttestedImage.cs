using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using DeployGuard.Core.Attestations;
using DeployGuard.Registry.Tests;

namespace DeployGuard.Benchmarks.Evidence;

/// <summary>
/// An image in a registry of this process, with a signed statement: everything since the commit that runs is by humans, and one person
/// reviewed it.
/// </summary>
internal sealed class AttestedImage : IAsyncDisposable
{
    public const string Source = "https://github.com/acme/web";

    /// <summary>Who reviewed it, by the name in the forge.</summary>
    public const string Reviewer = "github:2002";

    private static readonly string s_head = new('c', 40);

    private readonly FakeRegistry _registry;
    private readonly PublicKey _key;

    private AttestedImage(FakeRegistry registry, PublicKey key, string reference) =>
        (_registry, _key, Reference) = (registry, key, reference);

    public const string KeyName = "forge";

    /// <summary>The commit of what runs before the image.</summary>
    public static string Base { get; } = new('b', 40);

    /// <summary>As a template names it.</summary>
    public string Reference { get; }

    /// <summary>Of the key, in the record of what runs.</summary>
    public string KeyId => _key.KeyId;

    /// <summary>How many requests the registry received.</summary>
    public int Calls => _registry.Calls.Count;

    /// <summary>The fields of <c>origin</c> in a policy that asks for the statement.</summary>
    public JsonObject Origin =>
        new()
        {
            ["keys"] = new JsonArray(
                new JsonObject
                {
                    ["name"] = KeyName,
                    ["role"] = "SourceReview",
                    ["pem"] = _key.Pem,
                }
            ),
            ["sources"] = new JsonArray(
                new JsonObject
                {
                    ["images"] = new JsonArray($"{_registry.Host}/acme/web"),
                    ["repository"] = Source,
                    ["refs"] = new JsonArray("refs/heads/main"),
                }
            ),
            ["registries"] = new JsonArray(new JsonObject { ["host"] = _registry.Host, ["plainHttp"] = true }),
        };

    public static async Task<AttestedImage> StartAsync()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var key = SigningKey.Parse(pair.ExportPkcs8PrivateKeyPem());
        var registry = await FakeRegistry.StartAsync();
        var repository = new Repository(registry);
        var digest = repository.PushImage();
        var statement = SigstoreBundle.Of(Signed(digest.Hex, key), key.Public);
        repository.AttachReferrer(digest, Encoding.UTF8.GetString(statement.ToJson()));
        return new AttestedImage(registry, key.Public, $"{registry.Host}/acme/web@{digest}");
    }

    public ValueTask DisposeAsync() => _registry.DisposeAsync();

    private static DsseEnvelope Signed(string digest, SigningKey key)
    {
        var now = TimeProvider.System.GetUtcNow();
        var change = new ChangeStatement(
            new ChangeSource($"git+{Source}", "refs/heads/main", Base, s_head),
            IsComplete: true,
            new AiDeclaration(AiStatus.None, []),
            ["github:1001"],
            [new StatedApproval(Reviewer, ApproverKind.Human, ReviewState.Approved, s_head, now.AddMinutes(-20))],
            now.AddMinutes(-10),
            now.AddDays(1)
        );
        return Dsse.Sign(
            Statement.PayloadType,
            change.About(StatementSubject.Of("web", StatementSubject.ImageDigest, digest)).ToJson(),
            key
        );
    }
}

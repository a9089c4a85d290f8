using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using DeployGuard.Core.Attestations;
using DeployGuard.Registry.References;
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
    private readonly SigningKey _key;
    private readonly Digest _digest;

    private AttestedImage(FakeRegistry registry, SigningKey key, Digest digest) => (_registry, _key, _digest) = (registry, key, digest);

    public const string KeyName = "forge";

    /// <summary>The commit of what runs before the image.</summary>
    public static string Base { get; } = new('b', 40);

    /// <summary>Where nothing runs: the whole history of the repository is attested.</summary>
    public static string NoCommit { get; } = new('0', 40);

    /// <summary>As a template names it.</summary>
    public string Reference => $"{_registry.Host}/acme/web@{_digest}";

    /// <summary>Of the key, in the record of what runs.</summary>
    public string KeyId => _key.Public.KeyId;

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
                    ["pem"] = _key.Public.Pem,
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
        var image = await StartWithoutStatementAsync();
        image.Attest(Base);
        return image;
    }

    public static async Task<AttestedImage> StartWithoutStatementAsync()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var registry = await FakeRegistry.StartAsync();
        return new AttestedImage(registry, SigningKey.Parse(pair.ExportPkcs8PrivateKeyPem()), new Repository(registry).PushImage());
    }

    /// <param name="from">The commit that the statement begins at.</param>
    /// <param name="templates">That it is about besides the image.</param>
    public void Attest(string from, params IReadOnlyList<StatementSubject> templates)
    {
        StatementSubject[] subjects = [StatementSubject.Of("web", StatementSubject.ImageDigest, _digest.Hex), .. templates];
        var statement = SigstoreBundle.Of(Signed(from, subjects), _key.Public);
        new Repository(_registry).AttachReferrer(_digest, Encoding.UTF8.GetString(statement.ToJson()));
    }

    public ValueTask DisposeAsync() => _registry.DisposeAsync();

    private DsseEnvelope Signed(string from, StatementSubject[] subjects)
    {
        var now = TimeProvider.System.GetUtcNow();
        var change = new ChangeStatement(
            new ChangeSource($"git+{Source}", "refs/heads/main", from, s_head),
            IsComplete: true,
            new AiDeclaration(AiStatus.None, []),
            ["github:1001"],
            [new StatedApproval(Reviewer, ApproverKind.Human, ReviewState.Approved, s_head, now.AddMinutes(-20))],
            now.AddMinutes(-10),
            now.AddDays(1)
        );
        return Dsse.Sign(Statement.PayloadType, change.About(subjects).ToJson(), _key);
    }
}

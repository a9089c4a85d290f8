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

    private const string RegistryTooLate = "did not answer in time";

    private readonly X509Certificate2 _authority;
    private readonly ImageRegistry _registry;
    private readonly RegistryPush _push;

    private SignedSource(X509Certificate2 authority, ImageRegistry registry, SigningKey forge)
    {
        (_authority, _registry, Forge) = (authority, registry, forge);
        _push = new RegistryPush(registry.Host, Images, RegistryUser.Name, RegistryUser.Password);
    }

    public SigningKey Forge { get; }

    public SigningKey Build { get; } = NewKey();

    public string Host => _registry.Host;

    /// <summary>Its images lie there.</summary>
    public string Repository => $"{Host}/{Images}";

    /// <summary>Issued the certificate of the registry.</summary>
    public string Authority => _authority.ExportCertificatePem();

    /// <param name="forge">Null for a new key.</param>
    /// <param name="isPrivate">Whether only <see cref="RegistryUser"/> may read and write.</param>
    public static async Task<SignedSource> StartAsync(SigningKey? forge = null, bool isPrivate = false)
    {
        var authority = TestAuthority.New();
        using var certificate = TestAuthority.Issue(authority, IPAddress.Loopback);
        var user = isPrivate ? RegistryUser.Htpasswd : null;
        return new SignedSource(
            authority,
            await ImageRegistry.StartAsync(await Toolbox.InstallAsync(), certificate, user),
            forge ?? NewKey()
        );
    }

    public void Dispose()
    {
        _push.Dispose();
        _registry.Dispose();
        _authority.Dispose();
    }

    /// <summary>The image with a label of that text, and with others.</summary>
    public Task<Digest> ImageAsync(string seed, params IEnumerable<(string Key, string Value)> labels) => _push.ImageAsync(seed, labels);

    /// <summary>An image whose manifest has so many annotations.</summary>
    public Task<Digest> AnnotatedImageAsync(string seed, int annotations) => _push.AnnotatedImageAsync(seed, annotations);

    /// <summary>Puts a list of referrers beside an image, of which one entry has more annotations than are read.</summary>
    public Task UnreadableListAsync(Digest image) => _push.UnreadableListAsync(image);

    public string Name(Digest image) => $"{Repository}@{image}";

    /// <summary>A tag that anybody who can write to the registry may move.</summary>
    public string Tag(string tag) => $"{_registry.Host}/{Images}:{tag}";

    public Task TagAsync(Digest image, string tag) => _push.TagAsync(image, tag);

    /// <summary>The same image in a repository that no policy names, with a statement of the forge beside it.</summary>
    public Task<string> LookAlikeAsync(string seed, ChangeStatement change) =>
        ImageElsewhereAsync($"{Images}-evil", seed, image => [Signed(change.About(Subject(image)), Forge)]);

    /// <summary>An image in another repository of the registry. The same seed gives the same digest in each.</summary>
    /// <param name="statements">What lies beside it.</param>
    /// <returns>Its name.</returns>
    public async Task<string> ImageElsewhereAsync(string repository, string seed, Func<Digest, DsseEnvelope[]> statements)
    {
        using var push = new RegistryPush(Host, repository, RegistryUser.Name, RegistryUser.Password);
        var image = await push.ImageAsync(seed);
        await AttachAsync(push, image, statements(image));
        return $"{Host}/{repository}@{image}";
    }

    /// <summary>Signs a statement about an image, and puts it beside that image.</summary>
    public Task AttestAsync(Digest image, ChangeStatement change, SigningKey? key = null) =>
        AttachAsync(image, Signed(change.About(Subject(image)), key ?? Forge));

    /// <summary>Where cosign 2 puts attestations.</summary>
    public Task AttachAsync(Digest image, params IEnumerable<DsseEnvelope> envelopes) => AttachAsync(_push, image, envelopes);

    private static async Task AttachAsync(RegistryPush push, Digest image, IEnumerable<DsseEnvelope> envelopes)
    {
        var layers = new List<string>();
        // cosign reads no layer without it.
        var annotations = new Dictionary<string, string> { [SimpleSigning.SignatureAnnotation] = "" };
        foreach (var envelope in envelopes)
        {
            layers.Add(await push.BlobAsync(Envelope, Encoding.UTF8.GetString(envelope.ToJson()), annotations));
        }

        var config = await push.BlobAsync(MediaTypes.ImageConfig, "{}");
        await push.ManifestAsync(Documents.Manifest(config, layers), tag: $"{image.Tag}.att");
    }

    /// <summary>Reviewed by github:2002, and without AI. The commits have this letter alone.</summary>
    public static ChangeStatement Change(char from, char to) => Change(Commit(from), Commit(to));

    public static ChangeStatement Change(string from, string to)
    {
        var now = TimeProvider.System.GetUtcNow();
        return new ChangeStatement(
            new ChangeSource($"git+{Address}", "refs/heads/main", from, to),
            IsComplete: true,
            new AiDeclaration(AiStatus.None, []),
            ["github:1001"],
            [new StatedApproval("github:2002", ApproverKind.Human, ReviewState.Approved, to, now.AddHours(-1))],
            now.AddMinutes(-10),
            now.AddDays(1)
        );
    }

    public static StatementSubject Subject(Digest image) => StatementSubject.Of("web", StatementSubject.ImageDigest, image.Hex);

    public static StatementSubject OfCommit(char letter) => StatementSubject.Of("web", StatementSubject.Commit, Commit(letter));

    public static string Commit(char letter) => new(letter, 40);

    public static DsseEnvelope Signed(Statement statement, SigningKey key) => Dsse.Sign(Statement.PayloadType, statement.ToJson(), key);

    public static SigningKey NewKey()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return SigningKey.Parse(pair.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>Creates a policy, for namespaces with a label of its name. The reviewer github:2002 is a senior engineer.</summary>
    /// <param name="required">When it requires an approval.</param>
    /// <param name="pullSecret">The Secret with the password of the registry, if it needs one.</param>
    public Task CreatePolicyAsync(string name, string required, string? pullSecret = null) =>
        CreateAsync(name, PolicySpec(name, required, pullSecret));

    /// <summary>The same policy with a change to its <c>spec</c>.</summary>
    public Task CreatePolicyAsync(string name, string required, Action<JsonNode> edit)
    {
        var spec = PolicySpec(name, required, null);
        edit(spec);
        return CreateAsync(name, spec);
    }

    /// <summary>Creates a policy without keys that reads what images say of themselves, and counts an unknown origin as human.</summary>
    public Task CreateLabelPolicyAsync(string name) =>
        CreateAsync(
            name,
            Parse(
                $$"""
                {"mode": "Enforce", "match": {"namespaceSelector": {"matchLabels": {"tests": "{{name}}"} } },
                 "approval": {"required": "AiAssisted", "quorum": [{"groups": ["senior-engineers"]}]},
                 "origin": {"unknown": "Human", "imageLabels": "Read",
                            "registries": [{"host": "{{Host}}", "caBundle": {{Json(Authority)}} }]} }
                """
            )
        );

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

    /// <summary>A namespace in which the image of a commit is proven: a person approved it once.</summary>
    /// <param name="change">Ends with that commit; from a to b if it is left out.</param>
    public async Task<Sandbox> WithProvenCommitAsync(string policy, ChangeStatement? change = null)
    {
        var sandbox = await UnguardedAsync();
        (await sandbox.ApplyAsync("admin", Together(Pools.Service(), Web(V1)))).OrFail();
        await sandbox.IsRolledOutAsync("web");
        await sandbox.GuardAsync(policy);
        var first = await ImageAsync($"first of {sandbox.Namespace}");
        await AttestAsync(first, change ?? Change('a', 'b'));
        Assert.That(await RefusedAsync(sandbox, first), Does.Contain("is not known, so that nobody can say what changed since then"));
        (await sandbox.ApproveAsync("alice", await sandbox.ChangeInPhaseAsync("Pending"))).OrFail();
        (await SetImageAsync(sandbox, first)).OrFail();
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

    public Task<Run> SetImageAsync(Sandbox sandbox, Digest image) => AnsweredAsync(() => sandbox.SetImageAsync(Name(image)));

    public Task<Run> DryRunSetImageAsync(Sandbox sandbox, Digest image) => AnsweredAsync(() => sandbox.DryRunSetImageAsync(Name(image)));

    /// <summary>Repeats a request, as its message advises, while the registry or a busy machine takes longer than it can wait.</summary>
    public static Task<Run> AnsweredAsync(Func<Task<Run>> request) =>
        Busy.AnsweredAsync(request, isDryRun: false, RegistryTooLate, Busy.Unanswered);

    /// <summary>What a refused request for that image printed.</summary>
    public async Task<string> RefusedAsync(Sandbox sandbox, Digest image)
    {
        var run = await SetImageAsync(sandbox, image);
        Assert.That(run.Output, Does.Contain("refused by policy"));
        return run.Output;
    }

    /// <summary>Waits until a dry run for that image is refused with each of these texts.</summary>
    public Task<Run> IsRefusedAsync(Sandbox sandbox, Digest image, params string[] texts) =>
        Wait.UntilAsync(
            () => DryRunSetImageAsync(sandbox, image),
            run => !run.Succeeded && texts.All(t => run.Output.Contains(t, StringComparison.Ordinal)),
            $"a refusal with: {string.Join(", ", texts)}"
        );

    /// <summary>Waits until a dry run for that image passes. What was found is kept for longer than this where it is enough.</summary>
    public Task<Run> PassesAsync(Sandbox sandbox, Digest image) =>
        Wait.UntilAsync(() => DryRunSetImageAsync(sandbox, image), run => run.Succeeded, "the new statement to be found", seconds: 60);

    /// <summary>How many approvals people gave in the cluster.</summary>
    public static async Task<int> VotesAsync(Sandbox sandbox) =>
        (await sandbox.ListAsync("apis/deployguard.io/v1alpha1", "changeapprovals")).Count;

    /// <summary>Replaces the keys of a policy, as its author does.</summary>
    public static Task TrustAsync(string policy, params IEnumerable<(string Name, string Role, SigningKey Key)> keys) =>
        EditOriginAsync(
            policy,
            $$"""
            {"keys": [{{string.Join(
                ", ",
                keys.Select(k => $$"""{"name": "{{k.Name}}", "role": "{{k.Role}}", "pem": {{Json(k.Key.Public.Pem)}} }""")
            )}}]}
            """
        );

    /// <summary>Merges fields into the block <c>origin</c> of a policy.</summary>
    public static Task EditOriginAsync(string policy, string origin) =>
        TestCluster.Rig.Plane.Api.MergeAsync(
            $"apis/deployguard.io/v1alpha1/safeguardpolicies/{policy}",
            $$"""{"spec": {"origin": {{origin}} } }"""
        );

    private JsonObject PolicySpec(string name, string required, string? pullSecret) =>
        Parse(
            $$"""
            {"mode": "Enforce", "dryRun": "Refuse", "match": {"namespaceSelector": {"matchLabels": {"tests": "{{name}}"} } },
             "approval": {"required": "{{required}}", "quorum": [{"groups": ["senior-engineers"]}]},
             "canary": {"required": "Always", "steps": [50], "soak": "2s", "pace": {"percent": 50, "minReady": "1s"} },
             "origin": {
               "keys": [{"name": "forge", "role": "SourceReview", "pem": {{Json(Forge.Public.Pem)}} },
                        {"name": "build", "role": "Build", "pem": {{Json(Build.Public.Pem)}} }],
               "sources": [{"images": ["{{Repository}}"], "repository": "{{Address}}", "refs": ["refs/heads/main"]}],
               "registries": [{"host": "{{Host}}", "caBundle": {{Json(Authority)}}{{(
                pullSecret is null ? "" : $", \"pullSecret\": \"{pullSecret}\""
            )}} }]},
             "identities": [{"person": "erin", "names": ["github:2002"], "groups": ["senior-engineers"]}]}
            """
        );

    /// <summary>The text as JSON.</summary>
    public static string Json(string text) => JsonValue.Create(text).ToJsonString();
}

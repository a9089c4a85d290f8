using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Safeguards;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Registry.Tests;
using DeployGuard.Statements;
using DeployGuard.Webhook.Lookups;
using DeployGuard.Webhook.Telemetry;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Webhook.Tests.Lookups;

/// <summary>A registry with an image and a statement about it, and the reader that a policy makes ask there.</summary>
internal abstract class EvidenceFixture : IAsyncDisposable
{
    protected const string Source = "https://github.com/acme/web";

    private FakeRegistry? _registry;
    private RegistryLookups? _lookups;
    private EvidenceReader? _reader;

    protected RegistryLookups Lookups => _lookups ?? throw new InvalidOperationException("not started");

    protected Meter Meter { get; } = new("tests");

    /// <summary>The reader's clock. It stands still: a busy machine may need longer than a request would wait.</summary>
    protected FakeTimeProvider Clock { get; } = new(TimeProvider.System.GetUtcNow());

    protected SigningKey Forge { get; } = NewKey();

    /// <summary>The statement about the image that lies in the registry. It covers the whole history, because nothing runs yet.</summary>
    protected DsseEnvelope? Attached { get; private set; }

    /// <summary>As the template names it.</summary>
    protected string Image { get; set; } = "";

    protected FakeRegistry Registry => _registry ?? throw new InvalidOperationException("not started");

    protected Repository Repository => new(Registry);

    [SetUp]
    public async Task StartAsync()
    {
        _registry = await FakeRegistry.StartAsync();
        Use(RegistryProxy.None);
        var digest = Repository.PushImage();
        Image = $"{Registry.Host}/acme/web@{digest}";
        Attached = Signed(digest.Hex);
        Repository.AttachReferrer(digest, Encoding.UTF8.GetString(SigstoreBundle.Of(Attached, Forge.Public).ToJson()));
    }

    public async ValueTask DisposeAsync()
    {
        _lookups?.Dispose();
        Meter.Dispose();
        if (_registry is { } registry)
        {
            await registry.DisposeAsync();
        }
    }

    /// <param name="ofLookups">Their clock; null for that of the machine.</param>
    protected void Use(RegistryProxy proxy, TimeProvider? ofLookups = null)
    {
        _lookups?.Dispose();
        _lookups = new RegistryLookups(null, proxy, new EvidenceTelemetry(Meter), ofLookups ?? TimeProvider.System);
        _reader = new EvidenceReader(_lookups, new TrustedKeySets(null), Clock);
    }

    protected Task<IReadOnlyList<SignedFacts>> ReadAsync(SafeguardPolicy policy, CancellationToken deadline = default) =>
        ReadAsync(policy, Deployment([Image]), deadline);

    protected Task<IReadOnlyList<SignedFacts>> ReadAsync(SafeguardPolicy policy, Workload after, CancellationToken deadline = default) =>
        ReadAsync(new ClusterSnapshot { Policies = [policy] }, null, after, deadline);

    /// <param name="before">Null if nothing runs.</param>
    protected async Task<IReadOnlyList<SignedFacts>> ReadAsync(
        ClusterSnapshot cluster,
        Workload? before,
        Workload after,
        CancellationToken deadline = default
    )
    {
        var reader = _reader ?? throw new InvalidOperationException("not started");
        return (await reader.ReadAsync(Evaluated(cluster, before, after), cluster, deadline)).SignedFacts;
    }

    /// <summary>The second look of a request for a new workload.</summary>
    /// <param name="first">What the first one found.</param>
    protected async Task<IReadOnlyList<SignedFacts>> ReadAgainAsync(SafeguardPolicy policy, IReadOnlyList<SignedFacts> first)
    {
        var cluster = new ClusterSnapshot { Policies = [policy], SignedFacts = first };
        var reader = _reader ?? throw new InvalidOperationException("not started");
        return (await reader.ReadAgainAsync(Evaluated(cluster, null, Deployment([Image])), cluster, CancellationToken.None)).SignedFacts;
    }

    private static EvaluatedRequest Evaluated(ClusterSnapshot cluster, Workload? before, Workload after)
    {
        var request = new WorkloadRequest
        {
            Operation = before is null ? Operation.Create : Operation.Update,
            Requester = new Requester("dana", "", []),
            Target = after.Ref,
            Before = before,
            After = after,
        };
        var evaluator = SafeguardList.Evaluator(TrustedControllers.BuiltIn);
        return evaluator.Classify(request, cluster, TimeProvider.System.GetUtcNow());
    }

    /// <param name="host">Of the registry; null for the one that runs.</param>
    /// <param name="ofRegistry">Further fields of the registry, each after a comma.</param>
    /// <param name="more">Further fields of the block <c>origin</c>, each followed by a comma.</param>
    protected SafeguardPolicy Policy(
        SigningKey? signer = null,
        string images = "acme/web",
        string? key = null,
        string more = "",
        string? host = null,
        string ofRegistry = ""
    )
    {
        host ??= Registry.Host;
        var pem = JsonValue.Create((signer ?? Forge).Public.Pem).ToJsonString();
        key ??= $$"""{"name": "forge", "role": "SourceReview", "pem": {{pem}} }""";
        return Read(
            $$"""
            {"approval": {"quorum": [{"groups": ["a"]}]},
             "origin": {
               "keys": [{{key}}], {{more}}
               "sources": [{"images": ["{{host}}/{{images}}"], "repository": "{{Source}}", "refs": ["refs/heads/main"]}],
               "registries": [{"host": "{{host}}", "plainHttp": true {{ofRegistry}} }]} }
            """
        );
    }

    protected static SafeguardPolicy Read(string spec)
    {
        var policy = PolicyReader.Read(JsonDocument.Parse($$"""{"metadata": {"name": "tier-1"}, "spec": {{spec}} }""").RootElement);
        Assert.That(policy.Errors, Is.Empty, "the test's own policy must be valid");
        return policy;
    }

    /// <param name="statement">In the annotation of the Deployment.</param>
    /// <param name="inTemplate">In that of its pod template.</param>
    protected static Workload Deployment(IEnumerable<string> images, string statement = "", string inTemplate = "") =>
        WorkloadReader.Default.Read(
            JsonDocument
                .Parse(
                    $$$"""
                    {"apiVersion": "apps/v1", "kind": "Deployment",
                     "metadata": {"name": "web", "namespace": "shop", "uid": "u1", "annotations": {{{Annotation(statement)}}} },
                     "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}},
                      "template": {"metadata": {"labels": {"app": "web"}, "annotations": {{{Annotation(inTemplate)}}} },
                       "spec": {"containers": [{{{string.Join(
                        ',',
                        images.Select((i, n) => $$"""{"name": "c{{n}}", "image": "{{i}}"}""")
                    )}}}]} } } }
                    """
                )
                .RootElement
        );

    /// <param name="digest">In hex.</param>
    /// <param name="template">Hash of the template of the Deployment that it is about too; null for none.</param>
    protected DsseEnvelope Signed(
        string digest,
        SigningKey? by = null,
        string? template = null,
        Func<ChangeStatement, ChangeStatement>? with = null
    )
    {
        var now = TimeProvider.System.GetUtcNow();
        var change = new ChangeStatement(
            new ChangeSource($"git+{Source}", "refs/heads/main", new string('0', 40), new string('c', 40)),
            IsComplete: true,
            new AiDeclaration(AiStatus.None, []),
            ["github:1001"],
            [],
            now.AddMinutes(-10),
            now.AddDays(1)
        );
        return Dsse.Sign(
            Statement.PayloadType,
            (with?.Invoke(change) ?? change)
                .About([
                    StatementSubject.Of("web", StatementSubject.ImageDigest, digest),
                    .. template is null
                        ? (StatementSubject[])[]
                        : [StatementSubject.Of("Deployment shop/web", StatementSubject.TemplateHash, template)],
                ])
                .ToJson(),
            by ?? Forge
        );
    }

    protected static SigningKey NewKey()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return SigningKey.Parse(pair.ExportPkcs8PrivateKeyPem());
    }

    private static string Annotation(string statement) =>
        statement.Length == 0
            ? "{}"
            : JsonSerializer.Serialize(new Dictionary<string, string> { [Workload.StatementAnnotation] = statement });
}

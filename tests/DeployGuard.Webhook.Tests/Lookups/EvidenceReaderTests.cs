using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Safeguards;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Evidence;
using DeployGuard.Registry.Tests;
using DeployGuard.Webhook.Lookups;
using DeployGuard.Webhook.Telemetry;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Webhook.Tests.Lookups;

[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class EvidenceReaderTests : IAsyncDisposable
{
    private const string Source = "https://github.com/acme/web";

    private readonly SigningKey _forge = NewKey();
    private readonly Meter _meter = new("tests");
    private FakeRegistry? _registry;
    private RegistryLookups? _lookups;
    private string _image = "";

    private FakeRegistry Registry => _registry ?? throw new InvalidOperationException("not started");

    [SetUp]
    public async Task StartAsync()
    {
        _registry = await FakeRegistry.StartAsync();
        _lookups = new RegistryLookups(null, new EvidenceTelemetry(_meter), TimeProvider.System);
        var repository = new Repository(_registry);
        var digest = repository.PushImage();
        _image = $"{_registry.Host}/acme/web@{digest}";
        repository.AttachReferrer(digest, Encoding.UTF8.GetString(SigstoreBundle.Of(Signed(digest.Hex), _forge.Public).ToJson()));
    }

    public async ValueTask DisposeAsync()
    {
        _lookups?.Dispose();
        _meter.Dispose();
        if (_registry is { } registry)
        {
            await registry.DisposeAsync();
        }
    }

    [Test]
    public async Task TheCommitOfANewImageIsProven() =>
        Assert.That((await ReadAsync(Policy())).Single().Images.Single().Provenance?.Head?.Commit, Is.EqualTo(new string('c', 40)));

    [Test]
    public async Task WhatIsCachedIsNotLookedUpAgain()
    {
        await ReadAsync(Policy());
        var calls = Registry.Calls.Count;

        Assert.That((await ReadAsync(Policy())).Single().Images.Single().Provenance?.Head, Is.Not.Null);
        Assert.That(Registry.Calls, Has.Count.EqualTo(calls));
    }

    [Test]
    public async Task WhatOneKeyVerifiedIsNotBelievedUnderAnother()
    {
        await ReadAsync(Policy());

        var other = (await ReadAsync(Policy(NewKey()))).Single().Images.Single();

        Assert.That(other.Provenance?.Head, Is.Null);
        Assert.That(other.Provenance?.Findings.Select(f => f.Kind), Does.Contain(FindingKind.WrongKey));
    }

    [Test]
    public async Task APolicyWithoutKeysCallsNoRegistry()
    {
        await ReadAsync(Read("""{"approval": {"quorum": [{"groups": ["a"]}]}}"""));

        Assert.That(Registry.Calls, Is.Empty);
    }

    [Test]
    public async Task AnAuditPolicyCallsNoRegistry()
    {
        await ReadAsync(Policy() with { Mode = Mode.Audit });

        Assert.That(Registry.Calls, Is.Empty);
    }

    [Test]
    public async Task AnImageThatNoSourceNamesIsNotLookedUp()
    {
        await ReadAsync(Policy(images: "acme/other"));

        Assert.That(Registry.Calls, Is.Empty);
    }

    [Test]
    public async Task AnImageThatTheRegistryLacksIsNoFailure()
    {
        _image = $"{Registry.Host}/acme/web@sha256:{new string('9', 64)}";

        var image = (await ReadAsync(Policy())).Single().Images.Single();

        Assert.That(image.Unavailable, Is.Empty);
        Assert.That(image.Note, Does.StartWith("the registry has no such image"));
        Assert.That(image.Provenance?.Origin, Is.EqualTo(OriginVerdict.Unknown));
    }

    [Test]
    public async Task ARegistryThatFailsLeavesItUndecidedAndIsAskedAgain()
    {
        Registry.Misbehave(
            _ => true,
            context =>
            {
                context.Response.StatusCode = 403;
                return Task.CompletedTask;
            }
        );
        var failed = (await ReadAsync(Policy())).Single().Images.Single();
        Registry.Own = null;

        Assert.That(failed.Provenance, Is.Null);
        Assert.That(failed.Unavailable, Does.Contain(Registry.Host));
        Assert.That((await ReadAsync(Policy())).Single().Images.Single().Provenance?.Head, Is.Not.Null);
    }

    [Test]
    public async Task ARegistryThatHangsIsNotWaitedForAndARetryFindsTheResult()
    {
        var hang = new TaskCompletionSource();
        Registry.Own = async _ =>
        {
            await hang.Task;
            return false;
        };
        using var deadline = new CancellationTokenSource();
        var reading = ReadAsync(Policy(), deadline.Token);
        await deadline.CancelAsync();

        Assert.That((await reading).Single().Images.Single().Unavailable, Does.Contain("did not answer in time; the lookup goes on"));
        hang.SetResult();
        Assert.That((await ReadAsync(Policy())).Single().Images.Single().Provenance?.Head, Is.Not.Null);
    }

    [Test]
    public async Task ARegistryThatAsksForAPauseRestsAndTheMetricSaysSo()
    {
        var resting = new List<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter == _meter && instrument.Name == "deployguard_provenance_registry_resting")
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<int>((_, _, tags, _) => resting.Add($"{tags[0].Value}"));
        listener.Start();
        listener.RecordObservableInstruments();
        Assert.That(resting, Is.Empty);

        Registry.Misbehave(
            _ => true,
            context =>
            {
                context.Response.StatusCode = 429;
                context.Response.Headers.RetryAfter = "600";
                return Task.CompletedTask;
            }
        );
        await ReadAsync(Policy());
        listener.RecordObservableInstruments();

        Assert.That(resting, Is.EqualTo([Registry.Host]));
    }

    [Test]
    public async Task AKeyInASecretThatIsNotThereIsUnavailable() =>
        Assert.That(
            (
                await ReadAsync(
                    Policy(key: """{"name": "forge", "role": "SourceReview", "secretRef": {"name": "k", "key": "cosign.pub"} }""")
                )
            )
                .Single()
                .Images.Single()
                .Unavailable,
            Does.Contain("the key forge is in a Secret")
        );

    private async Task<IReadOnlyList<SignedFacts>> ReadAsync(SafeguardPolicy policy, CancellationToken deadline = default)
    {
        var cluster = new ClusterSnapshot { Policies = [policy] };
        var after = Deployment(_image);
        var request = new WorkloadRequest
        {
            Operation = Operation.Create,
            Requester = new Requester("dana", "", []),
            Target = after.Ref,
            After = after,
        };
        var evaluator = SafeguardList.Evaluator(TrustedControllers.BuiltIn);
        var evaluated = evaluator.Classify(request, cluster, TimeProvider.System.GetUtcNow());
        var reader = new EvidenceReader(
            _lookups ?? throw new InvalidOperationException("not started"),
            new TrustedKeySets(null),
            // Its clock stands still: a busy machine may need longer than a request would wait.
            new FakeTimeProvider(TimeProvider.System.GetUtcNow())
        );
        return (await reader.ReadAsync(evaluated, cluster, deadline)).SignedFacts;
    }

    private SafeguardPolicy Policy(SigningKey? signer = null, string images = "acme/web", string? key = null)
    {
        var pem = JsonValue.Create((signer ?? _forge).Public.Pem).ToJsonString();
        key ??= $$"""{"name": "forge", "role": "SourceReview", "pem": {{pem}} }""";
        return Read(
            $$"""
            {"approval": {"quorum": [{"groups": ["a"]}]},
             "origin": {
               "keys": [{{key}}],
               "sources": [{"images": ["{{Registry.Host}}/{{images}}"], "repository": "{{Source}}", "refs": ["refs/heads/main"]}],
               "registries": [{"host": "{{Registry.Host}}", "plainHttp": true}]} }
            """
        );
    }

    private static SafeguardPolicy Read(string spec)
    {
        var policy = PolicyReader.Read(JsonDocument.Parse($$"""{"metadata": {"name": "tier-1"}, "spec": {{spec}} }""").RootElement);
        Assert.That(policy.Errors, Is.Empty, "the test's own policy must be valid");
        return policy;
    }

    private static Workload Deployment(string image) =>
        WorkloadReader.Default.Read(
            JsonDocument
                .Parse(
                    $$$"""
                    {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop", "uid": "u1"},
                     "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}},
                      "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "{{{image}}}"}]} } } }
                    """
                )
                .RootElement
        );

    private DsseEnvelope Signed(string digest)
    {
        var now = TimeProvider.System.GetUtcNow();
        var change = new ChangeStatement(
            new ChangeSource($"git+{Source}", "refs/heads/main", new string('b', 40), new string('c', 40)),
            IsComplete: true,
            new AiDeclaration(AiStatus.None, []),
            ["github:1001"],
            [],
            now.AddMinutes(-10),
            now.AddDays(1)
        );
        return Dsse.Sign(
            Statement.PayloadType,
            change.About(StatementSubject.Of("web", StatementSubject.ImageDigest, digest)).ToJson(),
            _forge
        );
    }

    private static SigningKey NewKey()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return SigningKey.Parse(pair.ExportPkcs8PrivateKeyPem());
    }
}

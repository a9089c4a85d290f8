using System.Text;
using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>The certificate that replicas keep in one Secret, over an API server's storing side.</summary>
public class ManagedCertificateTests
{
    private const string Secret = "api/v1/namespaces/deployguard-system/secrets/deployguard-tls";

    private CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];
    private FakeTimeProvider _time = new();
    private ObjectStore _store = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _stop = new CancellationTokenSource();
        _running.Clear();
        _time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 25, 8, 0, 0, TimeSpan.Zero));
        _store = await ObjectStore.StartAsync();
        _store.Put(Secret, []);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running).ContinueWith(static _ => { }, TaskScheduler.Default);
        _stop.Dispose();
        await _store.DisposeAsync();
    }

    [Test]
    public async Task ReplicasThatFindTheSecretEmptyAgreeOnOneCertificate()
    {
        var (first, second) = (Run(), Run());

        await UntilAsync(() => first.Current is not null && second.Current is not null);
        Assert.That(first.Current?.TargetCertificate.Thumbprint, Is.EqualTo(second.Current?.TargetCertificate.Thumbprint));
        Assert.That(first.CaBundle, Is.EqualTo(second.CaBundle));
    }

    [Test]
    public async Task RotationOrderIsExecutedOnceAndPickedUpByTheOthers()
    {
        var (leader, other) = (Run(), Run());
        await UntilAsync(() => leader.Current is not null && other.Current is not null);
        var before = other.Current?.TargetCertificate.Thumbprint;
        _store.Objects[Secret]["metadata"]!["annotations"] = new JsonObject { ["deployguard.io/rotate"] = "certificate" };

        await leader.RenewAsync(_ => TimeSpan.FromHours(1), CancellationToken.None);

        Assert.That(_store.Objects[Secret]["metadata"]?["annotations"]?["deployguard.io/rotate"], Is.Null);
        await UntilAsync(() => other.Current?.TargetCertificate.Thumbprint != before);
        Assert.That(other.Current?.TargetCertificate.Thumbprint, Is.EqualTo(leader.Current?.TargetCertificate.Thumbprint));
    }

    [Test]
    public async Task EmptiedSecretIsRestored()
    {
        var replica = Run();
        await UntilAsync(() => replica.Current is not null);
        var before = replica.Current?.TargetCertificate.Thumbprint;
        _store.Objects[Secret].Remove("data");

        await UntilAsync(() => _store.Objects[Secret]["data"]?["tls.crt"] is not null);
        Assert.That(replica.Current?.TargetCertificate.Thumbprint, Is.EqualTo(before), "the API server trusts no other yet");
    }

    [Test]
    public async Task CertificateThatExpiredDuringADowntimeIsReplacedAtTheStart()
    {
        var past = Material.Begin(["localhost"], _time.GetUtcNow().AddDays(-100));
        _store.Put(Secret, new JsonObject { ["data"] = past.ToJson() });

        var late = Run();

        await UntilAsync(() => late.Current is not null);
        Assert.That(late.Current?.TargetCertificate.NotAfter, Is.GreaterThan(_time.GetUtcNow().LocalDateTime));
        Assert.That(Encoding.UTF8.GetString(late.CaBundle ?? []), Is.EqualTo(past.Bundle), "the CA had not expired");
    }

    [TestCase("tls.crt")]
    [TestCase("tls.key")]
    [TestCase("ca.crt")]
    public async Task InvalidSecretIsNamedAndNothingIsServed(string key)
    {
        var data = Material.Begin(["localhost"], _time.GetUtcNow()).ToJson();
        data[key] = Convert.ToBase64String("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----"u8);
        _store.Put(Secret, new JsonObject { ["data"] = data });

        var replica = Run();

        await UntilAsync(() => replica.Problem is not null);
        Assert.That(replica.Problem, Does.Contain($"deployguard-tls/{key}"));
        Assert.That(replica.Current, Is.Null);
    }

    [Test]
    public async Task UnreadableSecretIsNamed()
    {
        _store.Objects.TryRemove(Secret, out _);

        var replica = Run();

        await UntilAsync(() => replica.Problem is not null);
        Assert.That(replica.Problem, Does.Contain("secrets/deployguard-tls"));
    }

    private ManagedCertificate Run()
    {
        var options = new ClusterOptions
        {
            Namespace = "deployguard-system",
            Service = "deployguard",
            Secret = "deployguard-tls",
            WebhookConfiguration = "deployguard",
            Lease = "deployguard-leader",
        };
        var certificate = new ManagedCertificate(_store.Connection, options, _time, NullLogger.Instance);
        _running.Add(certificate.RunAsync(_stop.Token));
        return certificate;
    }

    /// <summary>Advances the clock while it waits, so that periodic reads happen.</summary>
    private async Task UntilAsync(Func<bool> condition)
    {
        for (var i = 0; i < 500; i++)
        {
            if (condition())
            {
                return;
            }

            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(20);
        }

        Assert.Fail("not within 10 s");
    }
}

using System.Text;
using DeployGuard.Core.Ports;
using DeployGuard.Kubernetes.Cache;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>Who takes a key out of its Secret revokes it, so that nothing counts for long that cannot be watched.</summary>
public class OwnSecretsTests
{
    private readonly FakeTimeProvider _time = new();
    private FakeApi _api = null!;
    private OwnSecrets _secrets = null!;
    private CancellationTokenSource _stop = null!;
    private int? _status;

    [SetUp]
    public async Task StartAsync()
    {
        _api = await FakeApi.StartAsync();
        _api.List = $$"""
            {"metadata": {"resourceVersion": "5"}, "items": [{"metadata": {"name": "forge", "namespace": "dg", "resourceVersion": "5"},
              "type": "Opaque", "data": {"cosign.pub": "{{Convert.ToBase64String("pem"u8)}}" } }]}
            """;
        _api.Own = async context =>
        {
            if (_status is not { } status)
            {
                return false;
            }

            context.Response.StatusCode = status;
            await context.Response.WriteAsync("""{"kind": "Status", "message": "no"}""");
            return true;
        };
        _stop = new CancellationTokenSource();
        _secrets = new OwnSecrets(_api.Connection, "dg", _time, NullLogger.Instance);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _api.DisposeAsync();
        _stop.Dispose();
    }

    [TestCase(403)]
    [TestCase(401)]
    public async Task KeysThatMayNoLongerBeReadDoNotCount(int status)
    {
        await FollowedAsync();
        await FailAsync(status);
        // An API server that has just started may refuse everybody.
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.That(Found(), Is.EqualTo("pem"));

        _time.Advance(TimeSpan.FromSeconds(10));
        var refused = Assert.Throws<UnavailableException>(() => Found());
        Assert.That(refused!.Message, Is.EqualTo("the API server does not let DeployGuard read the Secrets of namespace dg"));
        Assert.That(refused.Remedy, Is.EqualTo("Ask the platform team to set originSecrets of the chart to true"));

        _status = null;
        await UntilAsync(() => IsFound());
    }

    /// <summary>Keys roll over by an edit of their Secret, and are revoked by its deletion; no replica restarts for it.</summary>
    [Test]
    public async Task ANewKeyCountsAtOnceAndADeletedOneNoMore()
    {
        await FollowedAsync();
        var other = $$"""{"cosign.pub": "{{Convert.ToBase64String("other"u8)}}"}""";
        var named = """{"name": "forge", "namespace": "dg", "resourceVersion": "6"}""";
        _api.Events.Add($$"""{"type": "MODIFIED", "object": {"metadata": {{named}}, "type": "Opaque", "data": {{other}} } }""");
        await UntilAsync(() => Found() == "other", moves: false);

        _api.Events.Add("""{"type": "DELETED", "object": {"metadata": {"name": "forge", "namespace": "dg", "resourceVersion": "7"} } }""");
        await UntilAsync(() => Found() is null, moves: false);
    }

    [Test]
    public async Task AShortOutageStopsNothing()
    {
        await FollowedAsync();
        await FailAsync(503);
        _time.Advance(TimeSpan.FromSeconds(100));
        Assert.That(Found(), Is.EqualTo("pem"));

        _time.Advance(TimeSpan.FromSeconds(50));
        var unknown = Assert.Throws<UnavailableException>(() => Found());
        Assert.That(unknown!.Message, Does.Match("^the Secrets of namespace dg have not been read for [23] minutes$"));
        Assert.That(unknown.Remedy, Does.Contain("originSecrets of the chart"));

        _status = null;
        await UntilAsync(() => IsFound());
    }

    [Test]
    public async Task AQuietNamespaceIsRead()
    {
        await FollowedAsync();
        for (var minute = 0; minute < 5; minute++)
        {
            _time.Advance(TimeSpan.FromSeconds(70));
            Assert.That(Found(), Is.EqualTo("pem"));
            _api.Events.Add("""{"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "6"}}}""");
            await UntilAsync(() => _secrets.Watched?.Silence < TimeSpan.FromSeconds(1), moves: false);
        }
    }

    [Test]
    public async Task WhoMayNotReadSecretsFromTheStartIsToldSo()
    {
        _status = 403;
        Assert.That(
            () => Found(),
            Throws.TypeOf<UnavailableException>().With.Message.EqualTo("the Secrets of namespace dg are not read yet")
        );
        Assert.That(_secrets.Watched, Is.Null);
        _secrets.Follow(true, _stop.Token);

        await UntilAsync(() => Refused().Contains("does not let DeployGuard read", StringComparison.Ordinal), moves: false);
        Assert.That(_secrets.Watched?.IsSynced, Is.False);
    }

    private async Task FollowedAsync()
    {
        _secrets.Follow(true, _stop.Token);
        await UntilAsync(() => IsFound(), moves: false);
        Assert.That(_secrets.Watched?.IsSynced, Is.True);
    }

    /// <summary>Ends the watch, and fails what follows; returns once one attempt has failed.</summary>
    private async Task FailAsync(int status)
    {
        _status = status;
        var before = _api.Requests.Count;
        _api.Events.Add(null);
        // The second request follows the wait after the first.
        await UntilAsync(() => _api.Requests.Count >= before + 2, TimeSpan.FromMilliseconds(20));
    }

    private string? Found() => _secrets.Find("forge", "cosign.pub") is { } content ? Encoding.UTF8.GetString(content.Span) : null;

    private bool IsFound() => Refused().Length == 0 && Found() == "pem";

    private string Refused()
    {
        try
        {
            Found();
            return "";
        }
        catch (UnavailableException unavailable)
        {
            return unavailable.Message;
        }
    }

    private Task UntilAsync(Func<bool> holds, bool moves) => UntilAsync(holds, moves ? TimeSpan.FromSeconds(4) : TimeSpan.Zero);

    /// <param name="step">Time goes on by this between two looks: a watch waits between its attempts.</param>
    private async Task UntilAsync(Func<bool> holds, TimeSpan? step = null)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!holds())
        {
            _time.Advance(step ?? TimeSpan.FromSeconds(4));
            await Task.Delay(20, limit.Token);
        }
    }
}

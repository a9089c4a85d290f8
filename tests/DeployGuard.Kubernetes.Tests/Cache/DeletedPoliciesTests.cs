using DeployGuard.Core.Policies;
using DeployGuard.Kubernetes.Cache;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace DeployGuard.Kubernetes.Tests;

/// <summary>Which deleted policies a replica remembers.</summary>
public class DeletedPoliciesTests
{
    private readonly FakeTimeProvider _time = new();
    private FakeApi _api = null!;
    private ResourceCache<PolicyEntry> _stored = null!;
    private DeletedPolicies _deleted = null!;
    private CancellationTokenSource _stop = null!;
    private Task _watching = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _api = await FakeApi.StartAsync();
        _api.List =
            $$"""{"metadata": {"resourceVersion": "1"}, "items": [{{Policy("old", "Enforce")}}, {{Policy("soft", "Warn")}}, {{Policy("look", "Audit")}}, {{Policy("stored", null)}}]}""";
        _stored = new ResourceCache<PolicyEntry>(
            "safeguardpolicies",
            _ => ValueTask.FromResult("apis/deployguard.io/v1alpha1/safeguardpolicies"),
            PolicyEntry.Read,
            null,
            _api.Connection,
            TimeProvider.System,
            NullLogger.Instance
        );
        _deleted = new DeletedPolicies(_stored, _time);
        _stop = new CancellationTokenSource();
        _watching = _stored.RunAsync(_stop.Token);
        await UntilAsync(() => _stored.IsSynced);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _watching.ContinueWith(_ => { }, TaskScheduler.Default);
        _stop.Dispose();
        await _api.DisposeAsync();
    }

    [TestCase("old", Mode.Enforce)]
    [TestCase("soft", Mode.Warn)]
    [TestCase("stored", Mode.Enforce)]
    public async Task WhatDidMoreThanAuditIsRememberedForTenMinutes(string name, Mode mode)
    {
        Assert.That(_deleted.FormerOf(name), Is.EqualTo(new FormerPolicy(mode, null)), "its deletion may be on its way");
        await SendAsync("DELETED", name, mode.ToString(), () => _stored.Find($"/{name}") is null);
        _time.Advance(TimeSpan.FromSeconds(599));
        Assert.That(_deleted.FormerOf(name), Is.EqualTo(new FormerPolicy(mode, TimeSpan.FromSeconds(599))));

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.That(_deleted.FormerOf(name), Is.Null);
    }

    [Test]
    public async Task WhatAuditedIsNotRemembered()
    {
        Assert.That(_deleted.FormerOf("look"), Is.Null);
        await SendAsync("DELETED", "look", "Audit", () => _stored.Find("/look") is null);

        Assert.That(_deleted.FormerOf("look"), Is.Null);
        Assert.That(_deleted.FormerOf("never"), Is.Null);
    }

    [Test]
    public async Task APolicyThatWasCreatedAgainHasItsNewMode()
    {
        await SendAsync("DELETED", "old", "Enforce", () => _stored.Find("/old") is null);
        await SendAsync("ADDED", "old", "Audit", () => _stored.Find("/old") is not null);
        await SendAsync("DELETED", "old", "Audit", () => _stored.Find("/old") is null);

        Assert.That(_deleted.FormerOf("old"), Is.Null);
    }

    [Test]
    public async Task ANewListShowsWhatWasDeletedMeanwhile()
    {
        _api.List = $$"""{"metadata": {"resourceVersion": "9"}, "items": [{{Policy("look", "Audit")}}]}""";
        _api.Events.Add("""{"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old"} }""");

        await UntilAsync(() => _stored.All().Count == 1);
        await UntilAsync(() => _deleted.FormerOf("old") is not null);
    }

    private async Task SendAsync(string type, string name, string mode, Func<bool> seen)
    {
        _api.Events.Add($$"""{"type": "{{type}}", "object": {{Policy(name, mode)}} }""");
        await UntilAsync(seen);
        // The content changes just before its readers are told.
        if (type == "DELETED" && mode != "Audit")
        {
            await UntilAsync(() => _deleted.FormerOf(name) is not null);
        }
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        var waited = System.Diagnostics.Stopwatch.StartNew();
        while (!holds())
        {
            Assert.That(waited.Elapsed.TotalSeconds, Is.LessThan(30), "it did not come");
            await Task.Delay(10);
        }
    }

    private static string Policy(string name, string? mode) =>
        $$"""{"metadata": {"name": "{{name}}", "resourceVersion": "2"}, "spec": { {{(mode is null ? "" : $"\"mode\": \"{mode}\", ")}} "images": {} } }""";
}

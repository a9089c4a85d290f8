using System.Text.Json;
using DeployGuard.Kubernetes.Cache;
using Microsoft.Extensions.Logging.Abstractions;

namespace DeployGuard.Kubernetes.Tests;

public class ResourceCacheTests
{
    private FakeApi _api = null!;
    private ResourceCache<string> _cache = null!;
    private CancellationTokenSource _stop = null!;
    private Task _running = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _api = await FakeApi.StartAsync();
        _api.List = List("5", "a", "b");
        _cache = new ResourceCache<string>(
            "things",
            _ => ValueTask.FromResult("api/v1/things"),
            item => Name(item) == "hidden" ? null : Name(item),
            name => [name[..1]],
            _api.Connection,
            TimeProvider.System,
            NullLogger.Instance
        );
        _stop = new CancellationTokenSource();
        _running = _cache.RunAsync(_stop.Token);
        await UntilAsync(() => _cache.IsSynced);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.ContinueWith(_ => { }, TaskScheduler.Default);
        Assert.That(_running.IsFaulted, Is.False, $"{_running.Exception}");
        await _api.DisposeAsync();
        _stop.Dispose();
    }

    [Test]
    public void ListedObjectsAreInTheCache()
    {
        Assert.That(_cache.All(), Is.EquivalentTo(new[] { "a", "b" }));
        Assert.That(_cache.Find("ns/a"), Is.EqualTo("a"));
        Assert.That(_cache.Under("b"), Is.EqualTo(new[] { "b" }));
    }

    [TestCase("""{"type": "ADDED", "object": {"kind": "Thing"}}""")]
    [TestCase("""{"object": 1}""")]
    [TestCase("nothing that the API would say")]
    public async Task InvalidEventDoesNotEndTheWatch(string line)
    {
        _api.List = List("9", "a", "c");
        _api.Events.Add(line);

        await UntilAsync(() => _cache.All().Order().SequenceEqual(["a", "c"]));
    }

    /// <summary>
    /// Any user writes the <c>managedFields</c> of an object as they like, and the data of a ControllerRevision has no schema. Nothing
    /// reads the former.
    /// </summary>
    [TestCase("""{"name": "deep", "namespace": "ns", "resourceVersion": "5"}, "data": DEEP""", 70, "a b deep")]
    [TestCase("""{"name": "deep", "namespace": "ns", "resourceVersion": "5"}, "data": DEEP""", 9_990, "a b")]
    [TestCase("""{"name": "deep", "namespace": "ns", "resourceVersion": "5", "managedFields": DEEP}""", 70, "a b deep")]
    [TestCase("""{"name": "deep", "namespace": "ns", "resourceVersion": "5", "managedFields": DEEP}""", 9_990, "a b deep")]
    public async Task ADeepObjectHidesNoOther(string metadata, int depth, string read)
    {
        var nested = $"{new string('[', depth)}{new string(']', depth)}";
        var deep = $$"""{"metadata": {{metadata.Replace("DEEP", nested, StringComparison.Ordinal)}}}""";
        _api.Events.Add($$"""{"type": "ADDED", "object": {{deep}}}""");
        _api.Events.Add(Event("ADDED", "c", "6"));
        await UntilAsync(() => _cache.All().Order().SequenceEqual($"{read} c".Split(' ').Order()));
        Assert.That(_api.Requests.Count(r => !r.Contains("watch", StringComparison.Ordinal)), Is.EqualTo(1), "no second list");

        _api.List = $$"""{"metadata": {"resourceVersion": "9"}, "items": [{{deep}}, {{Item("b", "1")}}, {{Item("a", "1")}}]}""";
        _api.Events.Add("""{"type": "ERROR", "object": {"code": 410}}""");
        await UntilAsync(() => _cache.All().Order().SequenceEqual(read.Split(' ').Order()));
    }

    [Test]
    public async Task EventsAreFollowed()
    {
        _api.Events.Add(Event("ADDED", "c", "6"));
        _api.Events.Add(Event("DELETED", "a", "7"));

        await UntilAsync(() => _cache.All().Order().SequenceEqual(["b", "c"]));
        Assert.That(_cache.Under("a"), Is.Empty);
    }

    [Test]
    public async Task AnEndedWatchIsResumedAtItsLastBookmark()
    {
        _api.Events.Add("""{"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "42"}}}""");
        _api.Events.Add(null);

        await UntilAsync(() => _api.Requests.Any(r => r.Contains("resourceVersion=42", StringComparison.Ordinal)));
        Assert.That(_api.Requests.Count(r => !r.Contains("watch", StringComparison.Ordinal)), Is.EqualTo(1), "no second list");
    }

    [Test]
    public async Task ADroppedConnectionIsResumedWithoutAList()
    {
        _api.Events.Add(Event("ADDED", "c", "6"));
        await UntilAsync(() => _cache.Find("ns/c") is not null);
        _api.Events.Add("DROP");

        await UntilAsync(() => _api.Requests.Count(r => r.Contains("watch", StringComparison.Ordinal)) > 1);
        Assert.That(_cache.All(), Has.Count.EqualTo(3));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task ExpiredResourceVersionIsListedAgain(bool asEvent)
    {
        _api.List = List("50", "z");
        if (asEvent)
        {
            _api.Events.Add("""{"type": "ERROR", "object": {"code": 410, "message": "too old"}}""");
        }
        else
        {
            _api.WatchStatus = 410;
            _api.Events.Add(null);
        }

        await UntilAsync(() => _cache.All().SequenceEqual(["z"]));
        await UntilAsync(() => _api.Requests.Any(r => r.Contains("resourceVersion=50", StringComparison.Ordinal)));
    }

    [Test]
    public async Task ReadersNeverSeeAHalfFilledCache()
    {
        _api.List = List("50", [.. Enumerable.Range(0, 300).Select(i => $"n{i}")]);
        _api.Events.Add("""{"type": "ERROR", "object": {"code": 410, "message": "too old"}}""");
        var sizes = new HashSet<int>();

        await UntilAsync(() =>
        {
            sizes.Add(_cache.All().Count);
            return sizes.Contains(300);
        });

        Assert.That(sizes, Is.SubsetOf(new[] { 2, 300 }));
    }

    [Test]
    public async Task ObjectThatNoLongerMatchesIsRemoved()
    {
        _api.Events.Add(Event("ADDED", "c", "6"));
        await UntilAsync(() => _cache.Find("ns/c") is not null);
        _api.Events.Add("""{"type": "MODIFIED", "object": {"metadata": {"name": "hidden", "namespace": "ns", "resourceVersion": "7"}}}""");
        _api.Events.Add(Event("ADDED", "d", "8"));

        await UntilAsync(() => _cache.Find("ns/d") is not null);
        Assert.That(_cache.Find("ns/hidden"), Is.Null);
    }

    private static string? Name(JsonElement item) => item.GetProperty("metadata").GetProperty("name").GetString();

    private static string List(string version, params string[] names) =>
        $$"""{"metadata": {"resourceVersion": "{{version}}"}, "items": [{{string.Join(',', names.Select(n => Item(n, version)))}}]}""";

    private static string Item(string name, string version) =>
        $$"""{"metadata": {"name": "{{name}}", "namespace": "ns", "resourceVersion": "{{version}}"} }""";

    private static string Event(string type, string name, string version) =>
        $$"""{"type": "{{type}}", "object": {{Item(name, version)}} }""";

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition())
        {
            await Task.Delay(10, deadline.Token);
        }
    }
}

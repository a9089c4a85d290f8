using System.Text;
using DeployGuard.Registry.Access;
using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.References;

namespace DeployGuard.Registry.Tests;

/// <summary>A registry, a repository in it, and a client that may call it.</summary>
internal abstract class LookupFixture
{
    private readonly List<IDisposable> _disposables = [];
    private FakeRegistry? _registry;
    private RegistryLookup? _lookup;

    /// <summary>Waits are short, because time is real where a test does not say otherwise.</summary>
    protected static readonly LookupLimits Limits = new()
    {
        RetryDelay = TimeSpan.FromMilliseconds(1),
        Attempt = TimeSpan.FromSeconds(20),
        BreakerThroughput = 1000,
    };

    protected FakeRegistry Registry => _registry ?? throw new InvalidOperationException("not started");

    protected Repository Repository => new(Registry);

    protected RegistryOptions Options => new() { Registries = [Registry.Settings], Limits = Limits };

    protected RegistryLookup Lookup => _lookup ??= NewLookup(Options);

    [SetUp]
    public async Task StartRegistryAsync() => (_registry, _lookup) = (await FakeRegistry.StartAsync(), null);

    [TearDown]
    public async Task StopRegistryAsync()
    {
        _disposables.ForEach(d => d.Dispose());
        _disposables.Clear();
        await Registry.DisposeAsync();
    }

    protected RegistryLookup NewLookup(RegistryOptions options, TimeProvider? time = null)
    {
        var lookup = new RegistryLookup(options, time ?? TimeProvider.System);
        _disposables.Add(lookup);
        return lookup;
    }

    protected Task<LookupResult> FindAsync(Digest digest) => FindAsync(new LookupRequest(Repository.Image(digest), CredentialSet.None));

    protected Task<LookupResult> FindAsync(LookupRequest request) => Lookup.FindAsync(request, CancellationToken.None);

    protected static CredentialSet Credentials(string json, string source = "Secret shop/pull") =>
        new(DockerConfig.Parse(Encoding.UTF8.GetBytes(json), source));

    /// <summary>The texts of all statements that were found, sorted.</summary>
    protected static IEnumerable<string> Found(LookupResult result) =>
        result is StatementsFound found
            ? found.Statements.Select(s => Encoding.UTF8.GetString(s.Content.Span)).Order(StringComparer.Ordinal)
            : throw new AssertionException($"{result.GetType().Name}: {string.Join("; ", result.Looked)}");
}

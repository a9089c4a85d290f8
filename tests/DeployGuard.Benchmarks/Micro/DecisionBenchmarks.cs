using BenchmarkDotNet.Attributes;
using DeployGuard.Benchmarks.Growth;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;
using DeployGuard.Webhook.Admission;
using DeployGuard.Webhook.Reviews;

namespace DeployGuard.Benchmarks.Micro;

/// <summary>The parts of a decision, one by one. BenchmarkDotNet derives classes from it, so it is public and open.</summary>
public class DecisionBenchmarks
{
    private readonly RequestReader _reader = new(WorkloadReader.Default);
    private InProcessReplica? _replica;
    private WholeDecision? _decision;
    private IReadOnlyList<VariedReview> _unchanged = [];
    private IReadOnlyList<VariedReview> _newRevision = [];
    private Pool? _small;
    private Pool? _large;
    private int _count;

    [GlobalSetup]
    public async Task StartAsync()
    {
        var @case = new GrowthCase("micro") { WorkloadsOutside = 1_000 };
        var recorded = (await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "review.json"))).Trim();
        var reviews = new GrowthReviews(recorded, @case);
        var cluster = new GrowthCluster(@case, reviews);
        _replica = await InProcessReplica.StartAsync(cluster.Answer, cluster.Namespaces);
        _decision = new WholeDecision(_replica.Services);
        (_unchanged, _newRevision) = (reviews.Unchanged(), reviews.NewRevision());
        (_small, _large) = (new Pool(10), new Pool(10_000));
    }

    [GlobalCleanup]
    public async Task StopAsync()
    {
        if (_replica is not null)
        {
            await _replica.DisposeAsync();
        }
    }

    [Benchmark(Baseline = true, Description = "bare server: parse the body, answer")]
    public void OnlyParse() => WholeDecision.OnlyParse(Next(_unchanged));

    [Benchmark(Description = "reader: body to request, same template")]
    public bool ReadUnchanged() => Read(_unchanged, static request => request.DryRun);

    [Benchmark(Description = "reader: body to request, new template")]
    public bool ReadNewRevision() => Read(_newRevision, static request => request.DryRun);

    [Benchmark(Description = "reader, and the hash of both templates")]
    public int Hash() =>
        Read(
            _newRevision,
            static request =>
                request is WorkloadRequest { Before: { } before, After: { } after }
                    ? before.Template.Hash.Length + after.Template.Hash.Length
                    : throw new InvalidOperationException("no update")
        );

    [Benchmark(Description = "decision: allowed")]
    public void Allow() => _decision?.Decide(Next(_unchanged), isAllowed: true);

    [Benchmark(Description = "decision: refused")]
    public void Refuse() => _decision?.Decide(Next(_newRevision), isAllowed: false);

    [Benchmark(Description = "pool of 10 pods: refused canary")]
    public void SmallPool() => _small?.Decide();

    [Benchmark(Description = "pool of 10,000 pods: refused canary")]
    public void LargePool() => _large?.Decide();

    /// <param name="use">Uses the request while its body is there: templates are views into it.</param>
    private T Read<T>(IReadOnlyList<VariedReview> reviews, Func<Request, T> use)
    {
        using var body = ReviewBody.ReadAsync(Next(reviews)).AsTask().GetAwaiter().GetResult();
        return use(_reader.Read(Review.Read(body)));
    }

    private HttpContext Next(IReadOnlyList<VariedReview> reviews) => WholeDecision.Context(reviews[_count % reviews.Count].Next(_count++));

    private sealed class Pool
    {
        private readonly Workload _canary;
        private readonly IReadOnlyList<Change> _changes;
        private readonly NamespaceObjects _objects;

        public Pool(int pods)
        {
            var web = PoolFixture.Deployment("web", pods / 2, '1');
            _canary = PoolFixture.Deployment("web-canary", pods / 2, '2');
            _changes = [PoolFixture.Change(web, Phase.Proven), PoolFixture.Change(_canary, Phase.Completed)];
            _objects = PoolFixture.Objects(web, _canary, _changes);
        }

        public void Decide() => PoolDecision.Decide(_canary, _changes, _objects.ToSnapshot);
    }
}

using System.Collections.Concurrent;
using DeployGuard.Registry.Access;
using DeployGuard.Registry.Content;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Transport;

namespace DeployGuard.Registry.Lookups;

/// <summary>One lookup, from the first request to its result.</summary>
internal sealed class Lookup(
    LookupPlan plan,
    ConnectionPool pool,
    TokenSource tokens,
    LookupLimits limits,
    ContentInFlight inFlight,
    TimeProvider time
) : IDisposable
{
    /// <summary>Whether statements lie there cannot be told from a refusal: some registries refuse also what they do not have.</summary>
    private const string Denied =
        "It is a signatureRepository: create it, if it is not there, and let the same credentials read it. Many registries refuse access to "
        + "a repository that is not there";

    private readonly LookupBudget _budget = new(limits);
    private readonly ReadBudget _reads = new(limits, inFlight);
    private readonly ConcurrentQueue<RepositoryReader> _readers = [];
    private readonly Place _image = new($"image {plan.Home}@{plan.Request.Image.Digest}");

    private PinnedImage Image => plan.Request.Image;

    /// <summary>
    /// Whether a registry is away: for a while it answered nothing about manifests, referrers or blobs, not even that there are none. One
    /// that was only just asked is not: who may push can make another one take nearly all the time.
    /// </summary>
    public bool IsAway => _readers.GroupBy(r => r.Repository.Host).Any(host => host.All(r => !r.WasAnswered) && host.Any(r => r.IsAway));

    /// <summary>What the result holds, in bytes.</summary>
    public long Bytes => _budget.Bytes;

    public void Dispose() => _reads.Dispose();

    public async Task<LookupResult> RunAsync(CancellationToken cancel)
    {
        Place[] places = [];
        try
        {
            var home = Reader(plan.Home);
            var facts = await new ImageReader(home, _image, _budget, limits).ReadAsync(Image.Digest, plan.Request.Labels, cancel);
            _image.Outcome = facts is null ? "no such image" : "there";
            places = facts is null || !plan.Request.Statements ? [] : await StatementsAsync(facts, home, cancel);
            return Result(facts, [_image, .. places]);
        }
        catch (RegistryException e)
        {
            _image.Outcome = e.Message;
            return WithTrail(new Unavailable(Image, e.Cause, e.Message, e.RetryAfter) { IsAway = IsAway }, [_image, .. places]);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            var message = $"{plan.Home.Host} did not answer everything within {limits.Lookup.TotalSeconds:0.#} s";
            _image.Outcome = message;
            return WithTrail(new Unavailable(Image, FailureCause.Timeout, message) { IsAway = IsAway }, [_image]);
        }
    }

    /// <summary>A statement may be about the index, or about each of its platforms.</summary>
    private async Task<Place[]> StatementsAsync(ImageFacts facts, RepositoryReader home, CancellationToken cancel)
    {
        Digest[] subjects = [Image.Digest, .. facts.Platforms.Select(p => p.Digest)];
        RepositoryReader[] repositories = [home, .. plan.Others.Select(Reader)];
        var places = await Task.WhenAll(
            subjects.SelectMany(s => repositories.Select(r => new StatementReader(r, s, _budget, limits).ReadAsync(cancel)))
        );
        return [.. places.SelectMany((p, i) => i % repositories.Length == 0 ? p : p.Select(o => o.ExplainDenial(Denied)))];
    }

    private LookupResult Result(ImageFacts? facts, IReadOnlyList<Place> places)
    {
        Statement[] statements = [.. places.SelectMany(p => p.Statements)];
        var failures = places.Select(p => p.Failure).OfType<RegistryException>().ToList();
        LookupResult result =
            facts is null ? new ImageNotFound(Image)
            // What was not seen might say something else than what was.
            : failures.Count > 0
                ? new Unavailable(Image, failures[0].Cause, Message(failures), failures.Max(f => f.RetryAfter)) { IsAway = IsAway }
            : statements.Length > 0 ? new StatementsFound(Image, facts, statements)
            : new NoStatement(Image, facts);
        return WithTrail(result, places);
    }

    private static string Message(IEnumerable<RegistryException> failures) => string.Join("; ", failures.Select(f => f.Message).Distinct());

    private LookupResult WithTrail(LookupResult result, IReadOnlyList<Place> places) =>
        result with
        {
            Looked = [.. places.Select(p => p.Looked)],
            Refused = [.. places.SelectMany(p => p.Refused)],
            Unread = [.. places.Select(p => p.Unread).OfType<UnreadPlace>()],
            CredentialsTried = [.. _readers.SelectMany(r => r.CredentialsTried).Distinct()],
        };

    private RepositoryReader Reader(RepositoryName repository)
    {
        var session = new RepositorySession(pool.To(repository), repository, plan.Request.Credentials.For(repository), tokens, time);
        var reader = new RepositoryReader(session, limits, _reads);
        _readers.Enqueue(reader);
        return reader;
    }
}

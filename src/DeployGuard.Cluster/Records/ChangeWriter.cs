using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Cluster.Access;
using DeployGuard.Core.Changes;
using Polly;
using Polly.Retry;

namespace DeployGuard.Cluster.Records;

/// <summary>Writes Change objects: reads what is stored, merges, writes back, and does so again if somebody else was faster.</summary>
internal sealed class ChangeWriter(ApiConnection api, TimeProvider time)
{
    private readonly ResiliencePipeline _pipeline = new ResiliencePipelineBuilder { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<ApiException>(e => e.IsTransient).Handle<HttpRequestException>(),
            MaxRetryAttempts = 6,
            BackoffType = DelayBackoffType.Exponential,
            Delay = TimeSpan.FromMilliseconds(30),
            MaxDelay = TimeSpan.FromSeconds(2),
            UseJitter = true,
        })
        .Build();

    /// <exception cref="ApiException">The API server refused for good.</exception>
    /// <exception cref="HttpRequestException">It could not be reached.</exception>
    /// <exception cref="OperationCanceledException">Time was up.</exception>
    public Task WriteAsync(ChangeEntry entry, CancellationToken cancel) =>
        UpsertAsync(entry.Workload.Namespace, entry.Name, existing => ChangeDocument.Merge(existing, entry, time.GetUtcNow()), cancel);

    /// <summary>Moves a Change on record to a phase that was observed. A Change that is gone stays gone.</summary>
    public Task AdvanceAsync(RecordedChange change, Phase phase, string? ownedRevision, CancellationToken cancel) =>
        UpsertAsync(change.Workload.Namespace, change.Name, existing =>
        {
            if (existing?["status"] is not JsonObject status || !ChangeDocument.Advance(status, phase, time.GetUtcNow()))
            {
                return null;
            }

            if (ownedRevision is not null)
            {
                status["ownedRevision"] = ownedRevision;
            }

            return existing;
        }, cancel);

    /// <param name="change">Gets what is stored, or null; returns what to store, or null for nothing.</param>
    private async Task UpsertAsync(string @namespace, string name, Func<JsonObject?, JsonObject?> change, CancellationToken cancel)
    {
        var collection = $"apis/deployguard.io/v1alpha1/namespaces/{@namespace}/changes";
        await _pipeline.ExecuteAsync(
            async token =>
            {
                using var stored = await api.FindAsync($"{collection}/{name}", token);
                var existing = stored is null ? null : JsonObject.Create(stored.RootElement.Clone());
                var isNew = existing is null;
                if (change(existing) is { } document)
                {
                    var body = document.ToJsonString();
                    // A PUT carries the resourceVersion that was read; a POST fails if the object came to be meanwhile. Both are a Conflict then.
                    using var written = isNew
                        ? await api.WriteAsync(HttpMethod.Post, collection, body, token)
                        : await api.WriteAsync(HttpMethod.Put, $"{collection}/{name}", body, token);
                }
            },
            cancel);
    }
}

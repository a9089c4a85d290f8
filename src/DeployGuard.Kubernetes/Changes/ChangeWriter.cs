using System.Text.Json.Nodes;
using DeployGuard.Core.Changes;
using DeployGuard.Kubernetes.Api;
using Polly;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>Writes Change objects: reads what is stored, merges, writes back, and does so again if somebody else was faster.</summary>
internal sealed class ChangeWriter(ApiConnection api, TimeProvider time)
{
    private readonly ResiliencePipeline _pipeline = WriteRetries.Of(time);

    /// <returns>The uid of the Change.</returns>
    /// <exception cref="ApiException">The API server refused for good.</exception>
    /// <exception cref="HttpRequestException">It could not be reached.</exception>
    /// <exception cref="OperationCanceledException">Time was up.</exception>
    /// <exception cref="ChangeNameTakenException">The name stands for another revision.</exception>
    public Task<string> WriteAsync(ChangeEntry entry, CancellationToken cancel) =>
        UpsertAsync(entry.Workload.Namespace, entry.Name, existing => ChangeDocument.Merge(existing, entry, time.GetUtcNow()), cancel);

    /// <summary>Alters the status of a Change on record. One that is gone stays gone.</summary>
    /// <param name="alter">Returns whether anything changed.</param>
    /// <returns>The uid of the Change; empty where nothing was written.</returns>
    public Task<string> AlterAsync(Change change, Func<JsonObject, bool> alter, CancellationToken cancel) => UpsertAsync(
        change.Workload.Namespace,
        change.Name,
        existing => existing?["status"] is JsonObject status && alter(status) ? existing : null,
        cancel);

    /// <summary>Forgets a Change; one that is gone already is as good. Its whole template would follow by itself, some time later.</summary>
    public async Task DeleteAsync(Change change, CancellationToken cancel)
    {
        await api.DeleteAsync($"{Collection(change.Workload.Namespace)}/{change.Name}", cancel);
        await api.DeleteAsync($"{TemplateStore.Folder(change.Workload.Namespace)}/{change.Name}", cancel);
    }

    /// <param name="change">Gets what is stored, or null; returns what to store, or null for nothing.</param>
    private async Task<string> UpsertAsync(string @namespace, string name, Func<JsonObject?, JsonObject?> change, CancellationToken cancel)
    {
        var collection = Collection(@namespace);
        return await _pipeline.ExecuteAsync(
            async token =>
            {
                using var stored = await api.FindAsync($"{collection}/{name}", token);
                var existing = stored is null ? null : JsonObject.Create(stored.RootElement.Clone());
                var isNew = existing is null;
                if (change(existing) is not { } document)
                {
                    return "";
                }

                var body = document.ToJsonString();
                // A PUT carries the resourceVersion that was read; a POST fails if the object came to be meanwhile. Both are a Conflict then.
                using var written = isNew
                    ? await api.WriteAsync(HttpMethod.Post, collection, body, token)
                    : await api.WriteAsync(HttpMethod.Put, $"{collection}/{name}", body, token);
                return written.RootElement.GetProperty("metadata").GetProperty("uid").GetString() ?? "";
            },
            cancel);
    }

    private static string Collection(string @namespace) => $"apis/deployguard.io/v1alpha1/namespaces/{@namespace}/changes";
}

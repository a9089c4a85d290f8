using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Changes;
using DeployGuard.Kubernetes.Api;
using Polly;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>Writes Change objects by compare-and-swap, with retries.</summary>
internal sealed class ChangeWriter(ApiConnection api, TimeProvider time)
{
    private readonly ResiliencePipeline _pipeline = WriteRetries.Of(time);

    /// <param name="turn">First only while a request waits for it.</param>
    /// <returns>The Change as it was stored.</returns>
    /// <exception cref="ApiException">The API server refused it, and a retry does not help.</exception>
    /// <exception cref="HttpRequestException">It could not be reached.</exception>
    /// <exception cref="OperationCanceledException">Time was up.</exception>
    /// <exception cref="ChangeNameTakenException">The Change of this name is of another revision.</exception>
    public async Task<WrittenChange> WriteAsync(ChangeEntry entry, WriteTurn turn, CancellationToken cancel)
    {
        var stays = false;
        var uid = await UpsertAsync(
            entry.Workload.Namespace,
            entry.Name,
            existing =>
            {
                stays = ChangeDocument.StaysAdmitted(existing?["status"] as JsonObject, entry);
                return ChangeDocument.Merge(existing, entry);
            },
            turn,
            cancel
        );
        return new WrittenChange(uid, stays);
    }

    /// <summary>Alters the status of a Change. A deleted Change is not created again.</summary>
    /// <param name="alter">Returns whether anything changed.</param>
    /// <returns>The uid of the Change; empty where nothing was written.</returns>
    public Task<string> AlterAsync(Change change, Func<JsonObject, bool> alter, CancellationToken cancel) =>
        UpsertAsync(
            change.Workload.Namespace,
            change.Name,
            existing => existing?["status"] is JsonObject status && alter(status) ? existing : null,
            WriteTurn.Background,
            cancel
        );

    /// <summary>Deletes a Change, and its whole template, which the garbage collector would delete later.</summary>
    public async Task DeleteAsync(Change change, CancellationToken cancel)
    {
        await api.DeleteAsync(ApiPaths.One(ApiPaths.Changes(change.Workload.Namespace), change.Name), cancel);
        await api.DeleteAsync(ApiPaths.One(ApiPaths.ChangeTemplates(change.Workload.Namespace), change.Name), cancel);
    }

    /// <param name="change">Returns the document to store, from the stored one or null; or null to store nothing.</param>
    private async Task<string> UpsertAsync(
        string @namespace,
        string name,
        Func<JsonObject?, JsonObject?> change,
        WriteTurn turn,
        CancellationToken cancel
    )
    {
        return await _pipeline.ExecuteAsync(
            async token =>
            {
                // The leader writes too when votes come, so a conflict is common, and soon over.
                using var written = await api.SwapAndReadAsync(
                    ApiPaths.Changes(@namespace),
                    name,
                    stored => Task.FromResult(Next(stored)),
                    turn,
                    token
                );
                return written?.RootElement.Member("metadata")?.Text("uid") ?? "";
            },
            cancel
        );

        string? Next(JsonElement? stored) => change(stored is { } existing ? JsonObject.Create(existing.Clone()) : null)?.ToJsonString();
    }
}

/// <summary>A Change that a request was written to.</summary>
/// <param name="StaysAdmitted">It had been admitted: its ChangeTemplate stays as well.</param>
internal sealed record WrittenChange(string Uid, bool StaysAdmitted);

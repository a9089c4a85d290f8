using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Api;
using Polly;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>Writes ChangeTemplates, which approvers are shown, after the answer to the request.</summary>
internal sealed class TemplateWriter(ApiConnection api, TemplateStore store, TimeProvider time)
{
    private readonly ResiliencePipeline _pipeline = WriteRetries.Of(time);

    /// <param name="written">The Change, as it was stored.</param>
    /// <returns>False if the namespace has no room for it.</returns>
    /// <exception cref="ApiException">The API server refused it, and a retry does not help.</exception>
    /// <exception cref="HttpRequestException">It could not be reached.</exception>
    /// <exception cref="OperationCanceledException">Time was up.</exception>
    public async Task<bool> WriteAsync(TemplateEntry entry, WrittenChange written, CancellationToken cancel)
    {
        // What an admitted revision replaced is known from its admission alone.
        entry = written.StaysAdmitted ? entry.WithoutBase() : entry;
        var document = TemplateDocument.Of(entry, written.Uid, time.GetUtcNow());
        return await _pipeline.ExecuteAsync(async token => await WriteAsync(entry, document, token), cancel);
    }

    private async ValueTask<bool> WriteAsync(TemplateEntry entry, JsonObject document, CancellationToken cancel)
    {
        if (!await store.MakeRoomAsync(entry, document["spec"]?.ToJsonString().Length ?? 0, cancel))
        {
            return false;
        }

        await api.SwapAsync(
            ApiPaths.ChangeTemplates(entry.Namespace),
            entry.Name,
            stored => Task.FromResult(TemplateDocument.Next(stored, document)),
            cancel
        );
        return true;
    }
}

using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Records;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Files;

namespace DeployGuard.Cli;

/// <summary>DeployGuard's objects of one namespace, as the commands read and write them.</summary>
internal sealed class Records(ApiConnection api, string @namespace)
{
    private string Folder => $"apis/deployguard.io/v1alpha1/namespaces/{@namespace}";

    public string Namespace => @namespace;

    /// <exception cref="ManifestException">There is no such Change.</exception>
    public async Task<ChangeView> FindChangeAsync(string name, CancellationToken cancel)
    {
        using var found = await api.FindAsync($"{Folder}/changes/{name}", cancel)
            ?? throw new ManifestException($"no change {name} in namespace {@namespace}; list them with: kubectl deployguard changes -n {@namespace}");
        return new ChangeView(found.RootElement);
    }

    /// <summary>A Change with all that it would change.</summary>
    public async Task<VoteTarget> SubjectAsync(ChangeView change, CancellationToken cancel) => VoteTarget.Of(change, ShownChange.Of(change, await FindTemplateAsync(change.Name, cancel)));

    public async Task<IReadOnlyList<ChangeView>> ChangesAsync(CancellationToken cancel)
    {
        using var list = await api.GetAsync($"{Folder}/changes", cancel);
        return [.. list.RootElement.GetProperty("items").EnumerateArray().Select(c => new ChangeView(c))];
    }

    /// <summary>The Changes as decisions see them; none for somebody who may not list them.</summary>
    public async Task<IReadOnlyList<Change>> RecordedAsync(CancellationToken cancel)
    {
        try
        {
            return [.. (await ChangesAsync(cancel)).Select(c => c.Recorded).OfType<Change>()];
        }
        catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden)
        {
            return [];
        }
    }

    public async Task<IReadOnlyList<Approval>> ApprovalsAsync(CancellationToken cancel)
    {
        using var list = await api.GetAsync($"{Folder}/changeapprovals", cancel);
        return [.. list.RootElement.GetProperty("items").EnumerateArray().Select(a => ApprovalReader.Read(a, DateTimeOffset.MinValue))];
    }

    public Task WithdrawAsync(Approval vote, CancellationToken cancel) => api.DeleteAsync($"{Folder}/changeapprovals/{vote.Name}", cancel);

    /// <summary>
    /// Who one is, only the server knows: whoever may vote no more must be able to take back what he said. A server that does not tell stamps a dry
    /// run of a vote, of those who may vote.
    /// </summary>
    /// <exception cref="ManifestException">It tells neither way.</exception>
    public async Task<string> WhoAmIAsync(VoteTarget subject, CancellationToken cancel)
    {
        try
        {
            using var told = await api.WriteAsync(HttpMethod.Post, "apis/authentication.k8s.io/v1/selfsubjectreviews", """{"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}""", cancel);
            return told.RootElement.GetProperty("status").GetProperty("userInfo").GetProperty("username").GetString() ?? "";
        }
        catch (ApiException untold) when (untold.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Forbidden)
        {
            // Before 1.28 there is none, and nobody may ask for it.
        }

        try
        {
            return (await VoteAsync(subject, Decision.Reject, "who am I", null, cancel, dryRun: true)).Approver;
        }
        catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden)
        {
            throw new ManifestException($"this API server does not say who you are ({refused.ServerMessage}). Withdraw your vote by its own name: kubectl get changeapprovals -n {@namespace}");
        }
    }

    /// <summary>Casts a vote.</summary>
    /// <returns>The name of the ChangeApproval, and under whom it was stamped.</returns>
    public async Task<(string Name, string Approver)> VoteAsync(VoteTarget subject, Decision decision, string? reason, DateTimeOffset? expiresAt, CancellationToken cancel, bool dryRun = false)
    {
        var spec = new JsonObject { ["workload"] = WorkloadJson(subject.Workload), ["templateHash"] = subject.TemplateHash, ["decision"] = decision.ToString() };
        // The hash says it all; images beside it help under policies that cover images.
        if (subject.Images.Count > 0 && RecordLimits.AllowImages(subject.Images))
        {
            spec["images"] = new JsonArray([.. subject.Images.Select(i => JsonValue.Create(i))]);
        }

        Set(spec, "reason", reason);
        SetTime(spec, "expiresAt", expiresAt);
        var prefix = $"{subject.Workload.Kind.ToLowerInvariant()}-{subject.Workload.Name}";
        using var written = await CreateAsync("changeapprovals", ApprovalReader.Kind, prefix, spec, dryRun, cancel);
        return (written.RootElement.GetProperty("metadata").GetProperty("name").GetString() ?? "",
            written.RootElement.GetProperty("spec").GetProperty("approver").GetProperty("username").GetString() ?? "");
    }

    /// <returns>The BreakGlass as stored.</returns>
    public async Task<BreakGlass> BreakGlassAsync(BreakGlass wanted, DateTimeOffset? expiresAt, CancellationToken cancel)
    {
        var spec = new JsonObject
        {
            ["waives"] = new JsonArray([.. wanted.Waives.Select(w => JsonValue.Create(w))]),
            ["incident"] = wanted.Incident,
            ["reason"] = wanted.Reason,
        };
        if (wanted.Workload is { } workload)
        {
            spec["workload"] = WorkloadJson(workload);
        }

        Set(spec, "for", wanted.For);
        SetTime(spec, "expiresAt", expiresAt);
        using var written = await CreateAsync("breakglasses", BreakGlassReader.Kind, wanted.Workload?.Name ?? @namespace, spec, dryRun: false, cancel);
        return BreakGlassReader.Read(written.RootElement, DateTimeOffset.MinValue);
    }

    /// <summary>It is written a moment after its Change: whoever is quick waits for it.</summary>
    private async Task<StoredTemplate> FindTemplateAsync(string change, CancellationToken cancel)
    {
        const int Attempts = 4;
        for (var attempt = 1; attempt <= Attempts; attempt++)
        {
            try
            {
                using var found = await api.FindAsync($"{Folder}/changetemplates/{change}", cancel);
                if (found is not null)
                {
                    return new StoredTemplate(found.RootElement.Clone(), "");
                }
            }
            catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden)
            {
                return new StoredTemplate(null, $"You may not read the whole template: {refused.ServerMessage}");
            }

            await Task.Delay(attempt < Attempts ? TimeSpan.FromMilliseconds(300) : TimeSpan.Zero, cancel);
        }

        return new StoredTemplate(null, "The whole template is not on record: the Change is older than this, was adopted, or its namespace has no room for more.");
    }

    private Task<JsonDocument> CreateAsync(string resource, string kind, string prefix, JsonObject spec, bool dryRun, CancellationToken cancel)
    {
        var document = new JsonObject
        {
            ["apiVersion"] = PolicyReader.ApiVersion,
            ["kind"] = kind,
            // The server adds five characters, and cuts nothing that fits.
            ["metadata"] = new JsonObject { ["generateName"] = $"{(prefix.Length > 240 ? prefix[..240].TrimEnd('-', '.') : prefix)}-" },
            ["spec"] = spec,
        };
        return api.WriteAsync(HttpMethod.Post, $"{Folder}/{resource}{(dryRun ? "?dryRun=All" : "")}", document.ToJsonString(), cancel);
    }

    private static JsonObject WorkloadJson(WorkloadRef workload)
    {
        var json = new JsonObject { ["kind"] = workload.Kind, ["name"] = workload.Name };
        Set(json, "apiGroup", workload.ApiGroup);
        return json;
    }

    private static void Set(JsonObject owner, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            owner[name] = value;
        }
    }

    private static void SetTime(JsonObject owner, string name, DateTimeOffset? time)
    {
        if (time is { } at)
        {
            owner[name] = at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture);
        }
    }
}

using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using DeployGuard.Cli.Views;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Records;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Manifests;

namespace DeployGuard.Cli;

/// <summary>Reads and writes DeployGuard's objects of one namespace.</summary>
internal sealed partial class RecordClient(ApiConnection api, string @namespace)
{
    private IReadOnlyList<ChangeView>? _changes;

    public string Namespace => @namespace;

    /// <summary>A Change by its name. A refusal names it, and it is on record a moment later, so this waits for it.</summary>
    /// <exception cref="ManifestException">There is no such Change.</exception>
    public async Task<ChangeView> FindChangeAsync(string name, CancellationToken cancel)
    {
        const int Attempts = 12;
        // A slash or dots would be a part of the path, and ask for something else.
        if (!ChangeName().IsMatch(name))
        {
            throw new ManifestException(
                $"{name}: not the name of a Change, such as deployment-web-7f9c2ab41d03e6aa; list them with: kubectl deployguard changes -n "
                    + @namespace
            );
        }

        for (var attempt = 1; ; attempt++)
        {
            using var found = await api.FindAsync(ApiPaths.One(ApiPaths.Changes(@namespace), name), cancel);
            if (found is not null)
            {
                return new ChangeView(found.RootElement);
            }

            if (attempt == Attempts)
            {
                throw new ManifestException(
                    $"no change {name} in namespace {@namespace}; list them with: kubectl deployguard changes -n {@namespace}"
                );
            }

            await Task.Delay(TimeSpan.FromMilliseconds(250), cancel);
        }
    }

    /// <summary>The workload that an argument names, whether or not it exists.</summary>
    /// <exception cref="ManifestException">It names none.</exception>
    public Task<WorkloadRef> ReadWorkloadAsync(string what, CancellationToken cancel) =>
        new WorkloadLookup(api, @namespace).ReadAsync(what, cancel);

    /// <summary>A Change with everything that it would change.</summary>
    /// <param name="isFull">Also what is folded by default.</param>
    public async Task<VoteTarget> VoteTargetAsync(ChangeView change, bool isFull, CancellationToken cancel) =>
        VoteTarget.Of(
            change,
            TemplateView.Of(change, await FindTemplateAsync(change.Name, cancel), isFull, await ChangesOrNullAsync(cancel)),
            isFull
        );

    /// <summary>The Change once DeployGuard has counted a vote on it: usually within a second.</summary>
    /// <returns>As it is at last, whether it shows the vote or not.</returns>
    public Task<ChangeView> CountedAsync(string change, string vote, CancellationToken cancel) =>
        ReadUntilAsync(change, c => c.Lists(vote), cancel);

    /// <summary>The Change once nothing waits for it any more; as it is, if that takes longer than five seconds.</summary>
    public Task<ChangeView> EndedAsync(string change, CancellationToken cancel) =>
        ReadUntilAsync(change, c => c.Parsed is not { Phase: Phase.Pending or Phase.Rejected }, cancel);

    private async Task<ChangeView> ReadUntilAsync(string change, Func<ChangeView, bool> isSo, CancellationToken cancel)
    {
        const int Attempts = 20;
        var found = await FindChangeAsync(change, cancel);
        for (var attempt = 1; attempt < Attempts && !isSo(found); attempt++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(250), cancel);
            found = await FindChangeAsync(change, cancel);
        }

        return found;
    }

    /// <summary>The Changes of the namespace, listed once for a command.</summary>
    public async Task<IReadOnlyList<ChangeView>> ChangesAsync(CancellationToken cancel)
    {
        if (_changes is null)
        {
            using var list = await api.GetAsync(ApiPaths.Changes(@namespace), cancel);
            _changes = [.. list.RootElement.GetProperty("items").EnumerateArray().Select(c => new ChangeView(c))];
        }

        return _changes;
    }

    /// <summary>The Change of a revision; null if there is none, or the user may not list Changes.</summary>
    public async Task<ChangeView?> FindChangeOfAsync(VoteTarget target, CancellationToken cancel) =>
        (await ChangesOrNullAsync(cancel))?.FirstOrDefault(c =>
            c.Parsed is { } parsed && parsed.Workload == target.Workload && parsed.HasHash(target.TemplateHash)
        );

    /// <summary>The Changes as the evaluation reads them; none where the user may not list them.</summary>
    public async Task<IReadOnlyList<Change>> ParsedChangesAsync(CancellationToken cancel) =>
        [.. (await ChangesOrNullAsync(cancel) ?? []).Select(c => c.Parsed).OfType<Change>()];

    public async Task<IReadOnlyList<Approval>> ApprovalsAsync(CancellationToken cancel)
    {
        using var list = await api.GetAsync(ApiPaths.Approvals(@namespace), cancel);
        return [.. list.RootElement.GetProperty("items").EnumerateArray().Select(a => ApprovalReader.Read(a, DateTimeOffset.MinValue))];
    }

    /// <summary>The same; none where the user may not list them.</summary>
    public async Task<IReadOnlyList<Approval>> ApprovalsOrNoneAsync(CancellationToken cancel)
    {
        try
        {
            return await ApprovalsAsync(cancel);
        }
        catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden)
        {
            return [];
        }
    }

    public Task WithdrawAsync(Approval vote, CancellationToken cancel) =>
        api.DeleteAsync(ApiPaths.One(ApiPaths.Approvals(@namespace), vote.Name), cancel);

    /// <summary>
    /// The user name, which only the server knows: users who may no longer vote must still find the votes that they gave. Where the server
    /// has no answer, it stamps the name on the dry run of a vote, but only for users who may vote.
    /// </summary>
    /// <exception cref="ManifestException">The server tells the name neither way.</exception>
    public async Task<string> WhoAmIAsync(VoteTarget target, CancellationToken cancel)
    {
        try
        {
            using var told = await api.WriteAsync(
                HttpMethod.Post,
                ApiPaths.SelfSubjectReviews,
                """{"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}""",
                cancel
            );
            return told.RootElement.GetProperty("status").GetProperty("userInfo").GetProperty("username").GetString() ?? "";
        }
        catch (ApiException untold) when (untold.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Forbidden)
        {
            // Kubernetes before 1.28 does not serve it, or allows no user to create it.
        }

        // Voters may reject, and requesters may withdraw: either dry run tells the name.
        ApiException? refusal = null;
        foreach (var decision in (Decision[])[Decision.Reject, Decision.Withdraw])
        {
            try
            {
                return (await VoteAsync(target, decision, "who am I", null, cancel, dryRun: true)).Approver;
            }
            catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden)
            {
                refusal ??= refused;
            }
        }

        throw new ManifestException(
            $"the API server does not tell your user name ({refusal?.ServerMessage}). Withdraw the ChangeApproval by its "
                + $"name; to list them, run: kubectl get changeapprovals -n {@namespace}"
        );
    }

    /// <summary>The user name; null where the server does not tell it.</summary>
    public async Task<string?> WhoAmIOrNullAsync(VoteTarget target, CancellationToken cancel)
    {
        try
        {
            return await WhoAmIAsync(target, cancel);
        }
        catch (Exception untold) when (untold is ManifestException or ApiException)
        {
            return null;
        }
    }

    /// <summary>Casts a vote.</summary>
    /// <returns>The name of the ChangeApproval, and the approver that was stamped on it.</returns>
    public async Task<(string Name, string Approver)> VoteAsync(
        VoteTarget target,
        Decision decision,
        string? reason,
        DateTimeOffset? expiresAt,
        CancellationToken cancel,
        bool dryRun = false
    )
    {
        var spec = new JsonObject
        {
            ["workload"] = WorkloadJson(target.Workload),
            ["templateHash"] = target.TemplateHash,
            ["decision"] = decision.ToString(),
        };
        // The hash identifies the revision. The images are for policies that cover images.
        if (target.Images.Count > 0 && RecordLimits.AllowImages(target.Images))
        {
            spec["images"] = new JsonArray([.. target.Images.Select(i => JsonValue.Create(i))]);
        }

        Set(spec, "reason", reason);
        SetTime(spec, "expiresAt", expiresAt);
        var prefix = $"{target.Workload.Kind.ToLowerInvariant()}-{target.Workload.Name}";
        using var written = await CreateAsync("changeapprovals", ApprovalReader.Kind, prefix, spec, dryRun, cancel);
        return (
            written.RootElement.GetProperty("metadata").GetProperty("name").GetString() ?? "",
            written.RootElement.GetProperty("spec").GetProperty("approver").GetProperty("username").GetString() ?? ""
        );
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
        using var written = await CreateAsync(
            "breakglasses",
            BreakGlassReader.Kind,
            wanted.Workload?.Name ?? @namespace,
            spec,
            dryRun: false,
            cancel
        );
        return BreakGlassReader.Read(written.RootElement, DateTimeOffset.MinValue);
    }

    /// <summary>Null where the user may not list them.</summary>
    private async Task<IReadOnlyList<ChangeView>?> ChangesOrNullAsync(CancellationToken cancel)
    {
        try
        {
            return await ChangesAsync(cancel);
        }
        catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden)
        {
            return null;
        }
    }

    /// <summary>The template is written a moment after its Change, so this waits for it.</summary>
    private async Task<StoredTemplate> FindTemplateAsync(string change, CancellationToken cancel)
    {
        const int Attempts = 4;
        for (var attempt = 1; attempt <= Attempts; attempt++)
        {
            try
            {
                using var found = await api.FindAsync(ApiPaths.One(ApiPaths.ChangeTemplates(@namespace), change), cancel);
                if (found is not null)
                {
                    return new StoredTemplate(found.RootElement.Clone(), "");
                }
            }
            catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden)
            {
                return new StoredTemplate(null, $"You may not read the complete template: {MissingRight.Explain(refused)}")
                {
                    IsForbidden = true,
                };
            }

            await Task.Delay(attempt < Attempts ? TimeSpan.FromMilliseconds(300) : TimeSpan.Zero, cancel);
        }

        return new StoredTemplate(
            null,
            "The complete template is not on record: an older version recorded the Change, the Change was adopted, or its "
                + "namespace has no room for more."
        );
    }

    private Task<JsonDocument> CreateAsync(
        string resource,
        string kind,
        string prefix,
        JsonObject spec,
        bool dryRun,
        CancellationToken cancel
    )
    {
        var document = new JsonObject
        {
            ["apiVersion"] = PolicyReader.ApiVersion,
            ["kind"] = kind,
            // Leaves room for the five characters that the server adds.
            ["metadata"] = new JsonObject { ["generateName"] = $"{(prefix.Length > 240 ? prefix[..240].TrimEnd('-', '.') : prefix)}-" },
            ["spec"] = spec,
        };
        return api.WriteAsync(
            HttpMethod.Post,
            $"{ApiPaths.OwnIn(@namespace, resource)}{(dryRun ? "?dryRun=All" : "")}",
            document.ToJsonString(),
            cancel
        );
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
            owner[name] = Rfc3339.Show(at);
        }
    }

    [GeneratedRegex("^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")]
    private static partial Regex ChangeName();
}

using System.Text.Json.Nodes;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>
/// The Change object in its wire form. Evidence, requesters and approvals only accumulate: dropping an annotation and asking again
/// takes nothing back.
/// </summary>
internal static class ChangeDocument
{
    private const int MaxOfEach = 20;

    /// <summary>Nobody who asked may be forgotten, or he could approve. People cannot be made up as service accounts can.</summary>
    private const int MaxPeople = 1000;

    /// <param name="existing">As stored; null for the first entry. It is changed and returned.</param>
    /// <exception cref="ChangeNameTakenException">What is stored under this name is the record of another revision.</exception>
    public static JsonObject Merge(JsonObject? existing, ChangeEntry entry, DateTimeOffset now)
    {
        var document = existing ?? Begin(entry);
        if (!IsOf(document, entry))
        {
            throw new ChangeNameTakenException(entry.Name);
        }

        var status = Json.Child(document, "status");
        if (entry.Images.Count > 0 && (string?)status["phase"] is nameof(Phase.Pending) or nameof(Phase.Rejected) or nameof(Phase.Expired))
        {
            // Whoever looks before saying yes sees what it would change now.
            Describe(Json.Child(document, "spec"), entry);
        }

        ChangeStatus.Ask(status, entry.Transition, now);
        MergeRequester(Json.List(status, "requesters"), entry.Requester, now);
        MergeOrigin(Json.Child(status, "origin"), entry, Json.List(status, "requesters"));
        foreach (var approval in entry.Approvals)
        {
            AddApproval(status, approval);
        }

        if (entry.Transition.Phase is Phase.Admitted)
        {
            // What would have been waived, had nothing else refused it, was not used.
            Waivers.Merge(status, entry, now);
        }

        if (entry.ChangeId.Length > 0)
        {
            Json.AddText(Json.List(status, "changeIds"), entry.ChangeId, MaxOfEach);
        }

        if (entry.Adopted)
        {
            status["adopted"] = true;
        }

        if (entry.Owned is { } owned)
        {
            ChangeStatus.SetOwned(status, owned);
        }

        // What was found last is what an approver must know; what was found before is in the decision log.
        if (entry.Policies.Count > 0)
        {
            status["policies"] = new JsonArray([.. entry.Policies.Select(PolicyJson)]);
            status["findings"] = new JsonArray([.. entry.Findings.Select(FindingJson)]);
            Json.SetOrRemove(status, "missing", Missing(entry));
        }
        else if (entry.Transition.Phase is Phase.Admitted)
        {
            // A rollback is judged by no policy, and waits for nothing.
            status.Remove("missing");
        }

        return document;
    }

    /// <summary>The record of the revision, under either version of the hash.</summary>
    private static bool IsOf(JsonObject document, ChangeEntry entry)
    {
        var made = (string?)document["spec"]?["templateHash"];
        var rehashed = (string?)document["status"]?[Leader.Rehash.Field];
        return made == entry.TemplateHash
            || rehashed == entry.TemplateHash
            || (rehashed is null && made is not null && made == entry.LegacyHash);
    }

    /// <summary>Keeps what a vote said, once; the vote itself may go.</summary>
    public static void AddApproval(JsonObject status, Core.Approvals.Approval approval) =>
        Json.AddOnce(Json.List(status, "approvals"), "name", approval.Name, MaxPeople, () => new JsonObject
        {
            ["name"] = approval.Name,
            ["approver"] = approval.Approver.Username,
            ["decision"] = approval.Decision.ToString(),
            ["at"] = Json.Time(approval.CreatedAt),
        });

    private static JsonObject Begin(ChangeEntry entry)
    {
        var workload = new JsonObject { ["kind"] = entry.Workload.Kind, ["name"] = entry.Workload.Name };
        Json.SetOrRemove(workload, "apiGroup", entry.Workload.ApiGroup);
        var spec = new JsonObject { ["workload"] = workload, ["templateHash"] = entry.TemplateHash };
        Describe(spec, entry);
        return new JsonObject
        {
            ["apiVersion"] = PolicyReader.ApiVersion,
            ["kind"] = "Change",
            ["metadata"] = new JsonObject { ["name"] = entry.Name, ["namespace"] = entry.Workload.Namespace },
            ["spec"] = spec,
            ["status"] = new JsonObject(),
        };
    }

    private static void Describe(JsonObject spec, ChangeEntry entry)
    {
        spec["images"] = new JsonArray([.. entry.Images.Select(ImageJson)]);
        spec["diff"] = new JsonArray([.. entry.Diff.Select(d => JsonValue.Create(d))]);
    }

    private static JsonObject ImageJson(ImageChange image)
    {
        var json = new JsonObject { ["path"] = image.Path, ["to"] = image.To };
        Json.SetOrRemove(json, "from", image.From);
        if (image.IsOfPolicy)
        {
            json["ofPolicy"] = true;
        }

        return json;
    }

    private static void MergeOrigin(JsonObject origin, ChangeEntry entry, JsonArray requesters)
    {
        // What it was let in with counts, and what those claim who brought it; others who ask for the same say nothing of it to everybody.
        var isTheirs = entry.Requester is null || (string?)requesters.FirstOrDefault()?["username"] == entry.Requester || entry.Transition.Phase is Phase.Admitted;
        origin["kind"] = entry.Adopted || !isTheirs ? (string?)origin["kind"] ?? entry.Origin.Kind.ToString() : entry.Origin.Kind.ToString();
        if (entry.Origin.Tool is { } tool)
        {
            origin["tool"] = tool;
        }

        foreach (var author in isTheirs ? entry.Origin.Authors : [])
        {
            Json.AddText(Json.List(origin, "authors"), author, MaxOfEach);
        }

        foreach (var evidence in entry.Origin.Evidence)
        {
            var known = Json.List(origin, "evidence");
            var alike = known.Where(e => (string?)e?["key"] == evidence.Key && (string?)e?["by"] == evidence.By).ToList();
            // Counted apart by key and requester, so that a flood of one claim cannot keep another off the record. What anybody claims stands there as theirs.
            if (!alike.Any(e => (string?)e?["value"] == evidence.Value && (evidence.IsCarried || (bool?)e?["carried"] is not true))
                && alike.Count < MaxOfEach && (evidence.By is null || requesters.Any(r => (string?)r?["username"] == evidence.By)))
            {
                known.Add((JsonNode)EvidenceJson(evidence));
            }
        }
    }

    private static void MergeRequester(JsonArray requesters, string? username, DateTimeOffset now)
    {
        if (string.IsNullOrEmpty(username))
        {
            return;
        }

        if (requesters.FirstOrDefault(r => (string?)r?["username"] == username) is JsonObject again)
        {
            again["lastAt"] = Json.Time(now);
            again["count"] = ((int?)again["count"] ?? 0) + 1;
            return;
        }

        // Machines cannot approve, and there is no end of service accounts: the twenty-first adds nothing.
        var isMachine = Requester.IsMachineName(username);
        var alike = requesters.Count(r => Requester.IsMachineName((string?)r?["username"] ?? "") == isMachine);
        if (alike < (isMachine ? MaxOfEach : MaxPeople))
        {
            requesters.Add((JsonNode)new JsonObject { ["username"] = username, ["at"] = Json.Time(now), ["lastAt"] = Json.Time(now), ["count"] = 1 });
        }
    }

    private static JsonObject EvidenceJson(Evidence evidence)
    {
        var json = new JsonObject { ["source"] = evidence.Source, ["key"] = evidence.Key, ["value"] = evidence.Value };
        Json.SetOrRemove(json, "by", evidence.By);
        if (evidence.IsCarried)
        {
            json["carried"] = true;
        }

        return json;
    }

    private static JsonNode PolicyJson(MatchedPolicy policy) => new JsonObject { ["name"] = policy.Name, ["mode"] = policy.Mode.ToString(), ["wants"] = policy.Wants };

    private static JsonNode FindingJson(Violation finding)
    {
        var json = new JsonObject
        {
            ["policy"] = finding.Policy,
            ["mode"] = finding.Mode.ToString(),
            ["safeguard"] = finding.Safeguard,
            ["reason"] = finding.Finding.Reason,
            ["message"] = finding.Finding.Message,
        };
        Json.SetOrRemove(json, "waivedBy", finding.Waiver?.Name);
        return json;
    }

    /// <summary>For the column of <c>kubectl get changes</c>: what keeps it from passing.</summary>
    private static string Missing(ChangeEntry entry) =>
        string.Join("; ", entry.Findings.Where(f => f.IsDenial).Select(f => f.Finding.Missing ?? f.Finding.Reason).Distinct());
}

/// <summary>Two revisions whose short names are the same: somebody ground for it, or had the luck of the century.</summary>
internal sealed class ChangeNameTakenException(string name) : Exception($"the name {name} is taken by the record of another revision");

using System.Text.Json.Nodes;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Kubernetes.Changes;

/// <summary>
/// The Change object in its wire form. Evidence, requesters and approvals only accumulate: a request without an annotation does not
/// withdraw an earlier claim.
/// </summary>
internal static class ChangeDocument
{
    private const int MaxOfEach = 20;

    /// <param name="existing">As stored; null for a new Change. It is changed and returned.</param>
    /// <exception cref="ChangeNameTakenException">The stored Change of this name is of another revision.</exception>
    public static JsonObject Merge(JsonObject? existing, ChangeEntry entry)
    {
        // A record may wait before it is written. It has the time of the request, which votes and withdrawals are compared with.
        var now = entry.At;
        var document = existing ?? Begin(entry);
        if (!IsOf(document, entry))
        {
            throw new ChangeNameTakenException(entry.Name);
        }

        var status = JsonWriting.Child(document, "status");
        var isOvertaken = IsOvertaken(status, entry);
        var staysAdmitted = StaysAdmitted(status, entry);
        if (entry.Images.Count > 0 && !isOvertaken && !staysAdmitted)
        {
            // The approver sees the difference from the current template.
            Describe(JsonWriting.Child(document, "spec"), entry);
        }

        if (!isOvertaken)
        {
            ChangeStatus.Request(status, entry.Transition, now);
        }

        if (staysAdmitted && entry.IsOnlyExposure)
        {
            status[ChangeReader.LastReturnField] = JsonWriting.ExactTime(now);
        }
        else
        {
            ChangeRequesters.Merge(JsonWriting.List(status, "requesters"), entry.Requester, now);
        }

        MergeOrigin(JsonWriting.Child(status, "origin"), entry, JsonWriting.List(status, "requesters"));
        foreach (var approval in entry.Approvals)
        {
            VoteStatus.Add(status, approval);
        }

        if (entry.Transition.Phase is Phase.Admitted)
        {
            // A waiver of a refused request was not used.
            Waivers.Merge(status, entry, now);
        }

        RecordedProvenance.Merge(status, entry.Provenance);
        if (entry.ChangeId.Length > 0)
        {
            JsonWriting.AddText(JsonWriting.List(status, "changeIds"), entry.ChangeId, MaxOfEach);
        }

        if (entry.Adopted)
        {
            status["adopted"] = true;
        }

        if (entry.Owned is { } owned)
        {
            ChangeStatus.SetOwned(status, owned);
        }

        // Approvers need the latest findings; earlier ones are in the decision log.
        if (entry.Policies.Count > 0 && !isOvertaken)
        {
            status["policies"] = new JsonArray([.. entry.Policies.Select(PolicyJson)]);
            status["findings"] = new JsonArray([.. entry.Findings.Select(FindingJson)]);
        }

        if (entry.IsNewRevision && !isOvertaken)
        {
            RecordedBacking.Replace(status, entry.Backing);
        }

        if (!isOvertaken)
        {
            SetOpen(status, entry, now);
        }

        ChangeRequesters.SetColumn(status);
        return document;
    }

    /// <summary>
    /// Whether the record stays the one of the admission, with its base, its time and its requesters: a later request for the admitted
    /// revision changes nothing of what the approvers saw. A workload that is created again needs a new admission, and so does a
    /// request after the admission ended.
    /// </summary>
    /// <param name="status">As stored; null for a new Change.</param>
    public static bool StaysAdmitted(JsonObject? status, ChangeEntry entry) =>
        !entry.CreatesWorkload
        && (string?)status?["phase"] is nameof(Phase.Admitted) or nameof(Phase.Running) or nameof(Phase.Completed) or nameof(Phase.Proven);

    /// <summary>
    /// Whether the refusal of a later request, or its admission, is on record already: another replica wrote it first, and it is the last
    /// answer.
    /// </summary>
    private static bool IsOvertaken(JsonObject status, ChangeEntry entry) =>
        entry.Transition.Phase is Phase.Pending or Phase.Rejected && entry.At < ChangeRequesters.LastAt(status);

    /// <summary>Whether the document is of the entry's revision, under either version of the hash.</summary>
    private static bool IsOf(JsonObject document, ChangeEntry entry)
    {
        var made = (string?)document["spec"]?["templateHash"];
        var rehashed = (string?)document["status"]?[ChangeReader.RehashedField];
        return made == entry.TemplateHash
            || rehashed == entry.TemplateHash
            || (rehashed is null && made is not null && made == entry.LegacyHash);
    }

    private static void SetOpen(JsonObject status, ChangeEntry entry, DateTimeOffset now)
    {
        if (entry.Transition.Phase is Phase.Pending or Phase.Rejected)
        {
            VoteStatus.SetOpen(status, entry.Open, now);
            JsonWriting.SetOrRemove(status, ChangeReader.RunsNowField, entry.RanHash);
        }
        else if (entry.Transition.Phase is Phase.Admitted)
        {
            // A rollback is evaluated by no policy, and waits for nothing.
            JsonWriting.SetOrRemove(status, "missing", entry.IsByBreakGlass ? OpenRequirements.Review : null);
            if (entry.IsNewRevision)
            {
                VoteStatus.SetAdmitted(status, entry.Open, entry.IsApprovalWaived, entry.Transition, now);
            }
            else
            {
                VoteStatus.SetAdmissible(status, entry.Transition, now);
            }
        }
    }

    private static JsonObject Begin(ChangeEntry entry)
    {
        var workload = new JsonObject { ["kind"] = entry.Workload.Kind, ["name"] = entry.Workload.Name };
        JsonWriting.SetOrRemove(workload, "apiGroup", entry.Workload.ApiGroup);
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
        // The API server accepts any text as an image. What is no image can never run.
        var json = new JsonObject { ["path"] = image.Path, ["to"] = VisibleText.Inline(image.To) };
        JsonWriting.SetOrRemove(json, "from", image.From is { } from ? VisibleText.Inline(from) : null);
        if (image.IsOfPolicy)
        {
            json["ofPolicy"] = true;
        }

        return json;
    }

    private static void MergeOrigin(JsonObject origin, ChangeEntry entry, JsonArray requesters)
    {
        // Claims of an admitted request and of the first requester count; those of later requesters do not.
        var isTheirs =
            entry.Requester is null
            || (string?)requesters.FirstOrDefault()?["username"] == entry.Requester
            || entry.Transition.Phase is Phase.Admitted;
        origin["kind"] =
            entry.Adopted || !isTheirs ? (string?)origin["kind"] ?? entry.Origin.Kind.ToString() : entry.Origin.Kind.ToString();
        if (entry.Origin.Tool is { } tool)
        {
            origin["tool"] = tool;
        }

        foreach (var author in isTheirs ? entry.Origin.Authors : [])
        {
            JsonWriting.AddText(JsonWriting.List(origin, "authors"), author, MaxOfEach);
        }

        foreach (var evidence in entry.Origin.Evidence)
        {
            var known = JsonWriting.List(origin, "evidence");
            var alike = known.Where(e => (string?)e?["key"] == evidence.Key && (string?)e?["by"] == evidence.By).ToList();
            // Limited by key and requester, so that a flood of one claim does not displace another.
            if (
                !alike.Any(e => (string?)e?["value"] == evidence.Value && (evidence.IsCarried || (bool?)e?["carried"] is not true))
                && alike.Count < MaxOfEach
                && (evidence.By is null || requesters.Any(r => (string?)r?["username"] == evidence.By))
            )
            {
                known.Add((JsonNode)EvidenceJson(evidence));
            }
        }
    }

    private static JsonObject EvidenceJson(Evidence evidence)
    {
        var json = new JsonObject
        {
            ["source"] = evidence.Source,
            ["key"] = evidence.Key,
            ["value"] = evidence.Value,
        };
        JsonWriting.SetOrRemove(json, "by", evidence.By);
        if (evidence.IsCarried)
        {
            json["carried"] = true;
        }

        return json;
    }

    private static JsonNode PolicyJson(MatchedPolicy policy) =>
        new JsonObject
        {
            ["name"] = policy.Name,
            ["mode"] = policy.Mode.ToString(),
            ["wants"] = policy.Wants,
        };

    private static JsonNode FindingJson(Violation finding)
    {
        var json = new JsonObject
        {
            ["policy"] = finding.Policy,
            ["mode"] = finding.Mode.ToString(),
            ["safeguard"] = finding.Safeguard,
            ["reason"] = finding.Finding.Reason,
            ["message"] = VisibleText.Inline(finding.Finding.Message),
        };
        JsonWriting.SetOrRemove(json, "waivedBy", finding.Waiver?.Name);
        return json;
    }
}

/// <summary>Two revisions have the same short name, which is either deliberate or extremely unlikely.</summary>
internal sealed class ChangeNameTakenException(string name) : Exception($"the name {name} belongs to the Change of another revision");

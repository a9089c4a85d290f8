using System.Globalization;
using System.Text.Json.Nodes;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;

namespace DeployGuard.Cluster.Records;

/// <summary>
/// The Change object in its wire form. Evidence, requesters and approvals only accumulate, the phase only advances: dropping an
/// annotation and asking again takes nothing back.
/// </summary>
internal static class ChangeDocument
{
    private const int MostOfEach = 20;

    /// <param name="existing">As stored; null for the first entry. It is changed and returned.</param>
    public static JsonObject Merge(JsonObject? existing, ChangeEntry entry, DateTimeOffset now)
    {
        var document = existing ?? Begin(entry);
        var status = Child(document, "status");
        Advance(status, entry.Phase, now);
        MergeOrigin(Child(status, "origin"), entry);
        MergeRequester(List(status, "requesters"), entry.Requester, now);
        foreach (var approval in entry.Approvals)
        {
            AddOnce(List(status, "approvals"), "name", approval.Name, new JsonObject
            {
                ["name"] = approval.Name,
                ["approver"] = approval.Approver.Username,
                ["decision"] = approval.Decision.ToString(),
                ["at"] = Time(approval.CreatedAt),
            });
        }

        if (entry.Adopted)
        {
            status["adopted"] = true;
        }

        if (entry.OwnedRevision is not null)
        {
            status["ownedRevision"] = entry.OwnedRevision;
        }

        // What was found last is what an approver must know; what was found before is in the decision log.
        if (entry.Policies.Count > 0)
        {
            status["policies"] = new JsonArray([.. entry.Policies.Select(p => JsonValue.Create(p))]);
            status["findings"] = new JsonArray([.. entry.Findings.Select(FindingJson)]);
            SetOrRemove(status, "missing", Missing(entry));
        }

        return document;
    }

    /// <summary>Moves to a phase, with its time, unless the record is there or beyond.</summary>
    /// <returns>Whether it moved.</returns>
    public static bool Advance(JsonObject status, Phase phase, DateTimeOffset now)
    {
        if (Enum.TryParse<Phase>((string?)status["phase"], out var current) && current >= phase)
        {
            return false;
        }

        status["phase"] = phase.ToString();
        status[$"{phase.ToString().ToLowerInvariant()}At"] = Time(now);
        return true;
    }

    private static JsonObject Begin(ChangeEntry entry)
    {
        var workload = new JsonObject { ["kind"] = entry.Workload.Kind, ["name"] = entry.Workload.Name };
        SetOrRemove(workload, "apiGroup", entry.Workload.ApiGroup);
        return new JsonObject
        {
            ["apiVersion"] = PolicyReader.ApiVersion,
            ["kind"] = "Change",
            ["metadata"] = new JsonObject { ["name"] = entry.Name, ["namespace"] = entry.Workload.Namespace },
            ["spec"] = new JsonObject
            {
                ["workload"] = workload,
                ["templateHash"] = entry.TemplateHash,
                ["images"] = new JsonArray([.. entry.Images.Select(ImageJson)]),
                ["diff"] = new JsonArray([.. entry.Diff.Select(d => JsonValue.Create(d))]),
            },
            ["status"] = new JsonObject(),
        };
    }

    private static JsonObject ImageJson(ImageChange image)
    {
        var json = new JsonObject { ["path"] = image.Path, ["to"] = image.To };
        SetOrRemove(json, "from", image.From);
        return json;
    }

    private static void MergeOrigin(JsonObject origin, ChangeEntry entry)
    {
        origin["kind"] = entry.Adopted ? (string?)origin["kind"] ?? entry.Origin.Kind.ToString() : entry.Origin.Kind.ToString();
        if (entry.Origin.Tool is { } tool)
        {
            origin["tool"] = tool;
        }

        foreach (var author in entry.Origin.Authors)
        {
            var authors = List(origin, "authors");
            if (!authors.Any(a => (string?)a == author) && authors.Count < MostOfEach)
            {
                authors.Add(JsonValue.Create(author));
            }
        }

        foreach (var evidence in entry.Origin.Evidence)
        {
            var known = List(origin, "evidence");
            if (!known.Any(e => (string?)e?["key"] == evidence.Key && (string?)e?["value"] == evidence.Value) && known.Count < MostOfEach)
            {
                known.Add((JsonNode)new JsonObject { ["source"] = evidence.Source, ["key"] = evidence.Key, ["value"] = evidence.Value });
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
            again["lastAt"] = Time(now);
            again["count"] = ((int?)again["count"] ?? 0) + 1;
            return;
        }

        AddOnce(requesters, "username", username, new JsonObject { ["username"] = username, ["at"] = Time(now), ["lastAt"] = Time(now), ["count"] = 1 });
    }

    private static JsonNode FindingJson(Core.JudgedFinding finding) => new JsonObject
    {
        ["policy"] = finding.Policy,
        ["mode"] = finding.Mode.ToString(),
        ["safeguard"] = finding.Safeguard,
        ["reason"] = finding.Finding.Reason,
        ["message"] = finding.Finding.Message,
    };

    /// <summary>For the column of <c>kubectl get changes</c>: what keeps it from passing.</summary>
    private static string Missing(ChangeEntry entry) =>
        string.Join("; ", entry.Findings.Where(f => f.Mode is Mode.Enforce).Select(f => f.Finding.Missing ?? f.Finding.Reason).Distinct());

    private static void AddOnce(JsonArray list, string key, string value, JsonObject item)
    {
        if (list.Count < MostOfEach && !list.Any(i => (string?)i?[key] == value))
        {
            list.Add((JsonNode)item);
        }
    }

    /// <summary>Empty texts are left out: some API servers refuse them in custom resources.</summary>
    private static void SetOrRemove(JsonObject owner, string name, string? value)
    {
        owner.Remove(name);
        if (!string.IsNullOrEmpty(value))
        {
            owner[name] = value;
        }
    }

    private static JsonObject Child(JsonObject owner, string name)
    {
        if (owner[name] is not JsonObject child)
        {
            owner[name] = child = [];
        }

        return child;
    }

    private static JsonArray List(JsonObject owner, string name)
    {
        if (owner[name] is not JsonArray list)
        {
            owner[name] = list = [];
        }

        return list;
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}

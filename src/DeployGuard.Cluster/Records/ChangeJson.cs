using System.Text.Json;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Exposure;
using DeployGuard.Core.Origins;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cluster.Records;

/// <summary>Reads Change objects.</summary>
public static class ChangeJson
{
    /// <summary>Null for an object that DeployGuard cannot have written.</summary>
    public static RecordedChange? ReadOrNull(JsonElement item)
    {
        var metadata = item.GetProperty("metadata");
        if (Child(item, "spec") is not { } spec || Child(spec, "workload") is not { } workload
            || Text(spec, "templateHash") is not { } hash || !Enum.TryParse<Phase>(Text(Child(item, "status"), "phase"), out var phase))
        {
            return null;
        }

        var status = Child(item, "status");
        return new RecordedChange
        {
            Name = Text(metadata, "name") ?? "",
            Workload = new WorkloadRef(Text(workload, "apiGroup") ?? "", Text(workload, "kind") ?? "", Text(metadata, "namespace") ?? "", Text(workload, "name") ?? ""),
            TemplateHash = Text(status, Leader.Rehash.Field) ?? hash,
            LegacyHash = TemplateHash.IsLegacy(hash) ? hash : null,
            Images = [.. Items(spec, "images").Select(i => Text(i, "to")).OfType<string>()],
            Phase = phase,
            Origin = Enum.TryParse<OriginKind>(Text(Child(status, "origin"), "kind"), out var kind) ? kind : OriginKind.Unknown,
            Evidence = [.. Items(Child(status, "origin"), "evidence").Select(ReadEvidence)],
            Requesters = [.. Items(status, "requesters").Select(r => Text(r, "username")).OfType<string>()],
            OwnedRevision = Text(status, "ownedRevision"),
            OwnedUid = Text(status, "ownedUid"),
            OwnedHash = Text(status, "ownedHash"),
            OwnedServer = Text(status, "ownedServer"),
            Since = Condition(status, phase.ToString()) is { } entered ? Time(entered, "lastTransitionTime") : default,
            FirstAskedAt = Items(status, "requesters").Select(r => Time(r, "at")).FirstOrDefault(),
            LastAskedAt = Items(status, "requesters").Select(r => Time(r, "lastAt")).DefaultIfEmpty().Max(),
            AvailableSince = Condition(status, ChangeStatus.Available) is { } available && Text(available, "status") == "True" ? Time(available, "lastTransitionTime") : null,
            RemembersAdmission = Condition(status, nameof(Phase.Admitted)) is not null,
            Policies = [.. Items(status, "policies").Select(p => Text(p, "name")).OfType<string>()],
            Held = [.. Items(status, "held").Select(h => new HeldStep(Text(h, "policy") ?? "", Text(h, "pool") ?? "", Number(h, "percent"), Time(h, "at")))],
            Exposure =
            [
                .. Items(status, "canary").Select(c => new RecordedExposure(
                    Text(c, "policy") ?? "", Text(c, "pool") ?? "", Number(c, "step"), Number(c, "pods"), Number(c, "unproven"), Number(c, "total"), Text(c, "waits") ?? "",
                    Text(c, "soakEndsAt") is null ? null : Time(c, "soakEndsAt"))),
            ],
            Served = [.. Items(status, "served").Select(s => new Served(Text(s, "pool") ?? "", Number(s, "pods"), Time(s, "at"), IsTrue(s, "present")) { Most = Number(s, "most"), IsTrial = IsTrue(s, "trial"), Selector = Text(s, "selector") ?? "", Addresses = Text(s, "addresses") ?? "" })],
            GivenUp = [.. Items(status, "givenUp").Select(g => new GivenUpAddresses(Text(g, "pool") ?? "", Text(g, "selector") ?? "", Text(g, "addresses") ?? "", Time(g, "at")))],
            Waits = Text(status, "missing") is { Length: > 0 },
            CompletedPods = status is { } counted ? Number(counted, "completedPods") : 0,
            Adopted = status is { } adopted && IsTrue(adopted, "adopted"),
            BreakGlassUses = [.. Items(status, "breakGlass").Select(u => new BreakGlassUse(Text(u, "name") ?? "", Text(u, "by") ?? "", Time(u, "at"), Text(u, "reviewedBy"), !IsFalse(u, "letIn")))],
        };
    }

    private static Evidence ReadEvidence(JsonElement claim) =>
        new(Text(claim, "source") ?? "", Text(claim, "key") ?? "", Text(claim, "value") ?? "") { By = Text(claim, "by"), IsCarried = IsTrue(claim, "carried") };

    private static JsonElement? Condition(JsonElement? status, string type) =>
        Items(status, "conditions").Where(c => Text(c, "type") == type).Select(c => (JsonElement?)c).FirstOrDefault();

    private static DateTimeOffset Time(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String && value.TryGetDateTimeOffset(out var time) ? time : default;

    private static int Number(JsonElement owner, string name) => owner.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.Number && value.TryGetInt32(out var number) ? number : 0;

    private static bool IsFalse(JsonElement owner, string name) => owner.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.False;

    private static bool IsTrue(JsonElement owner, string name) => owner.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.True;

    private static JsonElement? Child(JsonElement? owner, string name) =>
        owner is { ValueKind: JsonValueKind.Object } obj && obj.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.Object ? value : null;

    private static string? Text(JsonElement? owner, string name) =>
        owner is { ValueKind: JsonValueKind.Object } obj && obj.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;

    private static JsonElement.ArrayEnumerator Items(JsonElement? owner, string name) =>
        owner is { ValueKind: JsonValueKind.Object } obj && obj.TryGetProperty(name, out var list) && list.ValueKind is JsonValueKind.Array ? list.EnumerateArray() : default;
}

using System.Text;
using System.Text.Json;
using DeployGuard.Core.Attestations;

namespace DeployGuard.Cli.Attest;

/// <summary>A record of an Agent Trace: which tool wrote parts of which files.</summary>
/// <param name="Id">The record itself where it has none.</param>
/// <param name="Revision">The commit that was checked out when it was written; null if the record does not say.</param>
/// <param name="Contributors">Distinct ones that are <c>ai</c> or <c>mixed</c>, with their models.</param>
internal sealed record AgentTrace(string Id, string? Revision, string Tool, IReadOnlyList<string> Contributors)
{
    private const int MaxBytes = 64 << 20;
    private const string Unnamed = "agent-trace";

    /// <summary>One record, or one on each line.</summary>
    /// <param name="unusable">Gets what is not a record: the number of its line, 0 for the whole file.</param>
    public static IReadOnlyList<AgentTrace> Read(byte[] content, Action<int> unusable)
    {
        if (ReadOrNull(content) is { } whole)
        {
            return [whole];
        }

        var records = new List<AgentTrace>();
        foreach (var (i, line) in Encoding.UTF8.GetString(content).Split('\n').Index())
        {
            if (line.AsSpan().Trim().Length == 0)
            {
                continue;
            }

            if (ReadOrNull(Encoding.UTF8.GetBytes(line)) is { } record)
            {
                records.Add(record);
            }
            else
            {
                unusable(i + 1);
            }
        }

        return records;
    }

    private static AgentTrace? ReadOrNull(byte[] json)
    {
        try
        {
            var root = StrictJson.ReadObject(json, MaxBytes, "it");
            return root.TryGetProperty("files", out var files) && files.ValueKind is JsonValueKind.Array
                ? new AgentTrace(
                    Text(root, "id") ?? root.GetRawText(),
                    Text(Member(root, "vcs"), "revision"),
                    Text(Member(root, "tool"), "name") ?? Unnamed,
                    [.. ContributorsOf(files).Distinct()]
                )
                : null;
        }
        catch (Exception wrong) when (wrong is AttestationException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>A range may name another contributor than its conversation.</summary>
    private static IEnumerable<string> ContributorsOf(JsonElement files) =>
        from file in files.EnumerateArray()
        from conversation in Items(file, "conversations")
        from owner in (IEnumerable<JsonElement>)[conversation, .. Items(conversation, "ranges")]
        let contributor = Member(owner, "contributor")
        let type = Text(contributor, "type")
        where type is "ai" or "mixed"
        select Text(contributor, "model_id") is { } model ? $"{type} {model}" : type;

    private static JsonElement[] Items(JsonElement owner, string name) =>
        Member(owner, name) is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray()] : [];

    private static JsonElement Member(JsonElement owner, string name) =>
        owner.ValueKind is JsonValueKind.Object && owner.TryGetProperty(name, out var value) ? value : default;

    private static string? Text(JsonElement owner, string name) =>
        Member(owner, name) is { ValueKind: JsonValueKind.String } value && value.GetString() is { Length: > 0 } text ? text : null;
}

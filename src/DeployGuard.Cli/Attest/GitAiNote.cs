using System.Text;
using System.Text.Json;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Provenance;

namespace DeployGuard.Cli.Attest;

/// <summary>
/// A note of git-ai: lines that say which part of a file is whose, <c>---</c>, and JSON. The first generation names <c>prompts</c>, the
/// second <c>sessions</c> (<c>s_...::t_...</c>) and <c>humans</c> (<c>h_...</c>).
/// </summary>
/// <param name="Agents">Tool and model.</param>
/// <param name="People">Who prompted the agents, and known humans.</param>
internal sealed record GitAiNote(IReadOnlyList<(string Tool, string Model)> Agents, IReadOnlyList<Person> People)
{
    private const string Schema = "authorship/3.0.0";
    private const int MaxBytes = 64 << 20;

    /// <summary>A tool of which only the note speaks.</summary>
    private const string Unnamed = "git-ai";

    private static readonly GitAiNote s_unreadable = new([(Unnamed, "a note that is not " + Schema)], []);

    /// <summary>A note of another form counts as a sign of AI: nothing else belongs under its ref.</summary>
    public static GitAiNote Read(byte[] content)
    {
        var text = Encoding.UTF8.GetString(content).ReplaceLineEndings("\n");
        var divider = text.StartsWith("---\n", StringComparison.Ordinal) ? 0 : text.IndexOf("\n---\n", StringComparison.Ordinal) + 1;
        var lines = text[..divider];
        var metadata = text[(text.StartsWith("---\n", StringComparison.Ordinal) || divider > 0 ? divider + 4 : 0)..];
        try
        {
            var root = StrictJson.ReadObject(Encoding.UTF8.GetBytes(metadata), MaxBytes, "it");
            return Text(root, "schema_version") == Schema ? Read(root, lines) : s_unreadable;
        }
        catch (Exception wrong) when (wrong is AttestationException or InvalidOperationException)
        {
            return s_unreadable;
        }
    }

    private static GitAiNote Read(JsonElement root, string lines)
    {
        var records = Records(root, "prompts").Concat(Records(root, "sessions")).ToList();
        var agents = records.Select(r => Agent(r.Value)).ToList();
        var known = records.Select(r => r.Name).ToHashSet(StringComparer.Ordinal);
        // An entry of a file without a record is an agent's too, unless it is of a known human.
        agents.AddRange(
            Entries(lines).Where(id => !id.StartsWith("h_", StringComparison.Ordinal) && !known.Contains(id)).Select(_ => (Unnamed, ""))
        );
        var people = records
            .Select(r => Text(r.Value, "human_author"))
            .Concat(Records(root, "humans").Select(h => Text(h.Value, "author")));
        return new GitAiNote([.. agents.Distinct()], [.. people.OfType<string>().Select(Person.Parse).Distinct()]);
    }

    /// <summary>The ids in lines such as <c>  s_c9883b05a2487d::t_9f8e7d6c5b4a32 1-10,15-20</c>, without the part of the trace.</summary>
    private static IEnumerable<string> Entries(string lines) =>
        lines
            .Split('\n')
            .Where(l => l.StartsWith("  ", StringComparison.Ordinal) && l.Trim().Length > 0)
            .Select(l => l.Trim().Split(' ')[0].Split("::")[0]);

    private static (string Tool, string Model) Agent(JsonElement record) =>
        record.ValueKind is JsonValueKind.Object && record.TryGetProperty("agent_id", out var agent)
            ? (Text(agent, "tool") ?? Unnamed, Text(agent, "model") ?? "")
            : (Unnamed, "");

    private static JsonProperty[] Records(JsonElement root, string name) =>
        root.TryGetProperty(name, out var records) && records.ValueKind is JsonValueKind.Object ? [.. records.EnumerateObject()] : [];

    private static string? Text(JsonElement owner, string name) =>
        owner.ValueKind is JsonValueKind.Object
        && owner.TryGetProperty(name, out var value)
        && value.ValueKind is JsonValueKind.String
        && value.GetString() is { Length: > 0 } text
            ? text
            : null;
}

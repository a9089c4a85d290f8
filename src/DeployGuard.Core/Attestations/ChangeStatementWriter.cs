using System.Globalization;
using System.Text.Json;

namespace DeployGuard.Core.Attestations;

/// <summary>Writes the predicate <see cref="ChangeStatement"/>.</summary>
internal static class ChangeStatementWriter
{
    public static void Write(Utf8JsonWriter json, ChangeStatement change)
    {
        json.WriteStartObject();
        WriteSource(json, change.Source);
        json.WriteBoolean("complete", change.IsComplete);
        WriteAi(json, change.Ai);
        json.WriteStartArray("authors");
        foreach (var author in change.Authors)
        {
            json.WriteStringValue(author);
        }

        json.WriteEndArray();
        WriteApprovals(json, change.Approvals);
        json.WriteString("issuedAt", Text(change.IssuedAt));
        json.WriteString("expiresAt", Text(change.ExpiresAt));
        json.WriteEndObject();
    }

    private static void WriteSource(Utf8JsonWriter json, ChangeSource source)
    {
        json.WriteStartObject("source");
        json.WriteString("repository", source.Repository);
        json.WriteString("ref", source.Ref);
        json.WriteString("baseCommit", source.BaseCommit);
        json.WriteString("headCommit", source.HeadCommit);
        json.WriteEndObject();
    }

    private static void WriteAi(Utf8JsonWriter json, AiDeclaration ai)
    {
        json.WriteStartObject("ai");
        json.WriteString("status", ChangeStatementReader.Written(ai.Status));
        json.WriteStartArray("evidence");
        foreach (var evidence in ai.Evidence)
        {
            json.WriteStartObject();
            json.WriteString("commit", evidence.Commit);
            json.WriteString("kind", evidence.Kind);
            json.WriteString("tool", evidence.Tool);
            json.WriteString("value", evidence.Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteApprovals(Utf8JsonWriter json, IReadOnlyList<StatedApproval> approvals)
    {
        json.WriteStartArray("approvals");
        foreach (var approval in approvals)
        {
            json.WriteStartObject();
            json.WriteString("approver", approval.Approver);
            json.WriteString("kind", ChangeStatementReader.Written(approval.Kind));
            json.WriteString("state", ChangeStatementReader.Written(approval.State));
            json.WriteString("commit", approval.Commit);
            json.WriteString("at", Text(approval.At));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string Text(DateTimeOffset time) =>
        time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
}

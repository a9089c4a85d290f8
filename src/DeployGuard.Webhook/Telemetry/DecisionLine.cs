using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Evaluation;
using DeployGuard.Webhook.Reviews;

namespace DeployGuard.Webhook.Telemetry;

/// <summary>A decision as one line of JSON: UTF-8, ends with a line feed.</summary>
internal static class DecisionLine
{
    // Relaxed escaping keeps the text readable; the line goes to a log, not into HTML.
    private static readonly JsonWriterOptions s_options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    public static ReadOnlyMemory<byte> Of(Verdict verdict, DateTimeOffset now) =>
        Write(json =>
        {
            var (evaluated, request) = (verdict.Evaluated, verdict.Evaluated.Request);
            json.WriteString("time", now);
            json.WriteString("event", "decision");
            json.WriteString("decision", verdict.IsAllowed ? "allowed" : "denied");
            json.WriteBoolean("dryRun", request.DryRun);
            json.WriteString("operation", request.Operation.ToString());
            json.WriteString("kind", request.Target.Kind);
            json.WriteString("namespace", request.Target.Namespace);
            json.WriteString("name", request.Target.Name);
            json.WriteText("user", request.Requester.Username);
            json.WriteString("meaning", evaluated.ChangeType.ToString());
            json.WriteText("because", evaluated.Because);
            json.WriteString("change", evaluated.Name);
            json.WriteStartArray("policies");
            foreach (var policy in verdict.Policies)
            {
                json.WriteStringValue(policy.Name);
            }

            json.WriteEndArray();
            WriteFindings(json, verdict.Findings);
            WriteSigned(json, verdict);
        });

    /// <summary>Left out where nothing stands in for an approval, as of most requests.</summary>
    private static void WriteSigned(Utf8JsonWriter json, Verdict verdict)
    {
        if (verdict is { IsAllowed: true, Basis.Count: > 0 })
        {
            json.WriteTexts("basis", verdict.Basis);
        }

        if (verdict.Backing.All(b => b.Reviews.Count == 0))
        {
            return;
        }

        json.WriteStartArray("signedReviews");
        foreach (var (backing, review) in verdict.Backing.SelectMany(b => b.Reviews.Select(r => (b, r))))
        {
            json.WriteStartObject();
            json.WriteString("policy", backing.Policy);
            json.WriteText("approver", review.Approver);
            json.WriteText("person", review.Person);
            json.WriteText("counts", review.Counts);
            json.WriteString("at", review.At);
            json.WriteTexts("statements", review.Statements);
            json.WriteTexts("keys", review.Keys);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteTexts(this Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(VisibleText.Inline(text));
        }

        json.WriteEndArray();
    }

    public static ReadOnlyMemory<byte> Of(Review review, Exception bug, DateTimeOffset now) =>
        Write(json =>
        {
            json.WriteString("time", now);
            json.WriteString("event", "error");
            json.WriteString("kind", review.Kind);
            json.WriteString("namespace", review.Namespace);
            json.WriteText("name", review.Name);
            json.WriteText("user", review.Requester.Username);
            json.WriteString("error", string.Join('\n', bug.ToString().Split('\n').Select(VisibleText.Inline)));
        });

    private static void WriteFindings(Utf8JsonWriter json, IReadOnlyList<Violation> findings)
    {
        json.WriteStartArray("findings");
        foreach (var finding in findings)
        {
            json.WriteStartObject();
            json.WriteString("policy", finding.Policy);
            json.WriteString("mode", finding.Mode.ToString());
            json.WriteString("safeguard", finding.Safeguard);
            json.WriteString("reason", finding.Finding.Reason);
            json.WriteText("message", finding.Finding.Message);
            if (finding.Waiver is { } waiver)
            {
                json.WriteString("waivedBy", waiver.Name);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>Text from users. Readers of the log print it on terminals, so characters that cannot be seen are shown by name.</summary>
    public static void WriteText(this Utf8JsonWriter json, string name, string text) => json.WriteString(name, VisibleText.Inline(text));

    /// <summary>A line with the given members.</summary>
    public static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, s_options))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenMemory;
    }
}

using System.Text.Json;

namespace DeployGuard.Core.Attestations;

/// <summary>Reads the predicate <see cref="ChangeStatement"/> strictly.</summary>
internal static class ChangeStatementReader
{
    public static ChangeStatement Read(JsonElement predicate)
    {
        if (predicate.ValueKind is not JsonValueKind.Object)
        {
            throw new AttestationException("predicate: is missing, or not an object");
        }

        List<string> mistakes = [];
        var change = Change(new FieldReader(predicate, "predicate.", mistakes));
        return mistakes.Count == 0 ? change : throw new AttestationException(string.Join("; ", mistakes));
    }

    private static ChangeStatement Change(FieldReader fields)
    {
        var change = new ChangeStatement(
            Source(fields.Part("source")),
            fields.Flag("complete"),
            Ai(fields.Part("ai")),
            fields.Texts("authors"),
            [.. fields.Parts("approvals").Select(Approval)],
            fields.Time("issuedAt"),
            fields.Time("expiresAt")
        );
        if (change.ExpiresAt <= change.IssuedAt && change.ExpiresAt != default)
        {
            fields.Mistake("expiresAt", "is not after issuedAt");
        }

        fields.End();
        return change;
    }

    private static ChangeSource Source(FieldReader? fields)
    {
        var source = new ChangeSource(
            fields?.Text("repository", RepositoryRule) ?? "",
            fields?.Text("ref", RefRule) ?? "",
            fields?.Text("baseCommit", CommitRule) ?? "",
            fields?.Text("headCommit", HeadRule) ?? ""
        );
        fields?.End();
        return source;
    }

    private static AiDeclaration Ai(FieldReader? fields)
    {
        var status = fields is null ? AiStatus.Unknown : OneOf<AiStatus>(fields, "status");
        var evidence = fields?.Parts("evidence").Select(Evidence).ToList() ?? [];
        if (status is AiStatus.None && evidence.Count > 0)
        {
            fields?.Mistake("status", "is none, and evidence says otherwise");
        }

        fields?.End();
        return new AiDeclaration(status, evidence);
    }

    private static AiEvidence Evidence(FieldReader fields)
    {
        var evidence = new AiEvidence(
            fields.Text("commit", CommitRule),
            fields.Text("kind", k => AiEvidence.s_kinds.Contains(k) ? null : $"is none of {string.Join(", ", AiEvidence.s_kinds)}"),
            fields.Text("tool"),
            fields.Text("value")
        );
        fields.End();
        return evidence;
    }

    private static StatedApproval Approval(FieldReader fields)
    {
        var approval = new StatedApproval(
            fields.Text("approver"),
            OneOf<ApproverKind>(fields, "kind"),
            OneOf<ReviewState>(fields, "state"),
            fields.Text("commit", CommitRule),
            fields.Time("at")
        );
        fields.End();
        return approval;
    }

    /// <summary>The values of an enum are written with a small first letter, and in no other way.</summary>
    private static T OneOf<T>(FieldReader fields, string name)
        where T : struct, Enum
    {
        var names = Enum.GetValues<T>().ToDictionary(Written, StringComparer.Ordinal);
        var text = fields.Text(name, t => names.ContainsKey(t) ? null : $"is none of {string.Join(", ", names.Keys)}");
        return names.GetValueOrDefault(text);
    }

    internal static string Written<T>(T value)
        where T : struct, Enum
    {
        var name = value.ToString();
        return $"{char.ToLowerInvariant(name[0])}{name[1..]}";
    }

    private static string? CommitRule(string text) => Hex.IsCommit(text) ? null : "is not a commit: 40 or 64 lower-case hex digits";

    private static string? HeadRule(string text) => Hex.IsNoCommit(text) ? "is no commit: only zeros" : CommitRule(text);

    private static string? RefRule(string text) =>
        text.StartsWith("refs/", StringComparison.Ordinal) ? null : "is not a full ref such as refs/heads/main";

    private static string? RepositoryRule(string text) =>
        RepositoryUri.Parse(text) is { Ref: null } ? null : "is not a repository such as git+https://github.com/acme/checkout";
}

using System.Text.Json;

namespace DeployGuard.Core.Attestations;

/// <summary>
/// DeployGuard's own predicate: how the change from <see cref="ChangeSource.BaseCommit"/> to <see cref="ChangeSource.HeadCommit"/> was
/// made, and who reviewed it. It judges the whole range: a gate that looks at the head alone passes unreviewed commits beneath it.
/// </summary>
/// <param name="IsComplete">The writer saw every commit of the range.</param>
/// <param name="Authors">The humans whose change it is: committers, and who operated the agents.</param>
public sealed record ChangeStatement(
    ChangeSource Source,
    bool IsComplete,
    AiDeclaration Ai,
    IReadOnlyList<string> Authors,
    IReadOnlyList<StatedApproval> Approvals,
    DateTimeOffset IssuedAt,
    DateTimeOffset ExpiresAt
)
{
    public const string PredicateType = "https://deployguard.io/change/v1";

    /// <exception cref="AttestationException">It has mistakes; the message names all of them, each with its path.</exception>
    public static ChangeStatement Parse(JsonElement predicate) => ChangeStatementReader.Read(predicate);

    /// <summary>The predicate in its one form: fields in fixed order, times in UTC, no blanks.</summary>
    public byte[] ToJson() => StrictJson.Write(json => ChangeStatementWriter.Write(json, this));

    /// <summary>The statement to sign.</summary>
    public Statement About(params IReadOnlyList<StatementSubject> subjects) =>
        new(subjects, PredicateType, StrictJson.ReadObject(ToJson(), Dsse.MaxPayload, "predicate"));
}

/// <param name="Repository">Such as <c>git+https://github.com/acme/checkout</c>.</param>
/// <param name="Ref">Such as <c>refs/heads/main</c>.</param>
/// <param name="BaseCommit">The commit of what runs; only zeros stand for "before the first commit".</param>
public sealed record ChangeSource(string Repository, string Ref, string BaseCommit, string HeadCommit);

/// <summary>What is stated of AI in the range.</summary>
public sealed record AiDeclaration(AiStatus Status, IReadOnlyList<AiEvidence> Evidence);

public enum AiStatus
{
    Unknown,
    None,
    Assisted,
}

/// <param name="Kind"><c>trailer</c>, <c>author</c>, <c>note</c>, <c>trace</c> or <c>declared</c>.</param>
/// <param name="Value">What was found, such as the line of the trailer.</param>
public sealed record AiEvidence(string Commit, string Kind, string Tool, string Value)
{
    internal static readonly string[] s_kinds = ["trailer", "author", "note", "trace", "declared"];
}

/// <summary>A review in the forge, of one commit.</summary>
/// <param name="Approver">Their name in the forge, such as <c>github:2002</c>.</param>
public sealed record StatedApproval(string Approver, ApproverKind Kind, ReviewState State, string Commit, DateTimeOffset At);

public enum ApproverKind
{
    Human,
    Bot,
    Ai,
}

public enum ReviewState
{
    Approved,
    ChangesRequested,
    Dismissed,
}

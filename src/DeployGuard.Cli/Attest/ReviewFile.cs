using DeployGuard.Core.Attestations;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Cli.Attest;

/// <summary>
/// A file with reviews as the forge reports them, in the form of the statement:
/// <c>{"approvals": [{"approver": "github:2002", "kind": "human", "state": "approved", "commit": "...", "at": "..."}]}</c>.
/// </summary>
internal static class ReviewFile
{
    /// <exception cref="Manifests.ManifestException">The file cannot be used.</exception>
    public static IReadOnlyList<StatedApproval> Read(string? file) =>
        file is null ? [] : StrictFile.Read(file, root => root.Only("approvals").Objects("approvals").Select(Read).ToList());

    private static StatedApproval Read(Field review)
    {
        review.Only("approver", "kind", "state", "commit", "at");
        return new StatedApproval(
            AuthorId.Checked(review.Required("approver"), review, "approver"),
            OneOf<ApproverKind>(review, "kind"),
            OneOf<ReviewState>(review, "state"),
            review.Required("commit") is var commit && commit.Length is 40 or 64 && commit.All(char.IsAsciiHexDigitLower)
                ? commit
                : throw StrictFile.Wrong(review, "commit", "is no full hash of a commit, in lower case"),
            review.Time("at") ?? throw StrictFile.Wrong(review, "at", "is missing")
        );
    }

    /// <summary>A value of an enumeration, with a small first letter.</summary>
    private static T OneOf<T>(Field review, string name)
        where T : struct, Enum
    {
        var values = Enum.GetValues<T>()
            .ToDictionary(v => $"{char.ToLowerInvariant(v.ToString()[0])}{v.ToString()[1..]}", StringComparer.Ordinal);
        var text = review.Required(name);
        return values.TryGetValue(text, out var value)
            ? value
            : throw StrictFile.Wrong(review, name, $"\"{text}\" is not one of {string.Join(", ", values.Keys)}");
    }
}

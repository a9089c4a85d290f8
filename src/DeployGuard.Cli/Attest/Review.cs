using DeployGuard.Core.Workloads;

namespace DeployGuard.Cli.Attest;

/// <summary>A review as the forge reports it.</summary>
/// <param name="Commit">The commit that was reviewed.</param>
internal sealed record Review(string Approver, string Kind, string State, string Commit, DateTimeOffset At)
{
    /// <summary>A file such as <c>{"approvals": [{"approver": "github:2002", "kind": "human", "state": "approved", "commit": ..., "at": ...}]}</c>.</summary>
    /// <exception cref="Manifests.ManifestException">The file cannot be used.</exception>
    public static IReadOnlyList<Review> Read(string? file) =>
        file is null ? [] : StrictFile.Read(file, root => root.Only("approvals").Objects("approvals").Select(Read).ToList());

    private static Review Read(Field review)
    {
        review.Only("approver", "kind", "state", "commit", "at");
        return new Review(
            AuthorId.Checked(review.Required("approver"), review, "approver"),
            OneOf(review, "kind", "human", "machine"),
            OneOf(review, "state", "approved", "rejected"),
            review.Required("commit") is var commit && commit.Length is 40 or 64 && commit.All(char.IsAsciiHexDigitLower)
                ? commit
                : throw StrictFile.Wrong(review, "commit", "is no full hash of a commit"),
            review.Time("at") ?? throw StrictFile.Wrong(review, "at", "is missing")
        );
    }

    private static string OneOf(Field review, string name, params string[] allowed) =>
        review.Required(name) is var value && allowed.Contains(value)
            ? value
            : throw StrictFile.Wrong(review, name, $"\"{value}\" is not one of {string.Join(", ", allowed)}");
}

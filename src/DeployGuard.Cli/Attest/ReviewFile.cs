using DeployGuard.Cli.Inputs;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Workloads;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Attest;

/// <summary>
/// A file with reviews as the forge reports them, in the form of the statement:
/// <c>{"approvals": [{"approver": "github:2002", "kind": "human", "state": "approved", "commit": "...", "at": "..."}]}</c>.
/// </summary>
internal static class ReviewFile
{
    private const string Form =
        "write an object {\"approvals\": [...]}, each with approver, kind, state, commit and at; docs/attest.md has the commands that make it of "
        + "what GitHub and GitLab print";

    /// <exception cref="ManifestException">The file cannot be used.</exception>
    public static IReadOnlyList<StatedApproval> Read(string? file) =>
        file is null
            ? []
            : StrictFile.Read(file, ContentOf(file), root => root.Only("approvals").Objects("approvals").Select(Read).ToList());

    /// <summary>What a forge's own program prints, or nothing where that failed, is the mistake that is made first.</summary>
    private static byte[] ContentOf(string file)
    {
        var content = InputFiles.Bytes(file);
        return content.FirstOrDefault(b => !char.IsWhiteSpace((char)b)) switch
        {
            0 => throw new ManifestException($"{file}: is empty; {Form}"),
            (byte)'[' => throw new ManifestException($"{file}: is a list; {Form}"),
            _ => content,
        };
    }

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

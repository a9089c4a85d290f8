using System.Text;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Tests;

/// <summary>Statements with default values for everything that a test does not care about.</summary>
internal static class Stated
{
    public const string Repository = "https://github.com/acme/checkout";
    public const string Verifier = "https://forge.example.com/verifier";

    /// <summary>The digest of the image.</summary>
    public static readonly string Digest = new('1', 64);

    public static readonly string OtherDigest = new('2', 64);

    /// <summary>The commit of what runs, one between, and the commit of the image.</summary>
    public static readonly string Running = Commit('a');

    public static readonly string Between = Commit('b');
    public static readonly string Head = Commit('c');

    public static string Commit(char letter) => new(letter, 40);

    /// <summary>More signatures than are checked for one image, in statements that the signer may have written or not.</summary>
    public static IEnumerable<FoundAttestation> Flood(Signer signer)
    {
        var envelope = signer.Envelope(Change().About(Image()));
        var signed = envelope with { Signatures = [.. Enumerable.Repeat(envelope.Signatures[0], 16)] };
        return Enumerable
            .Range(0, (SignatureChecks.Most / 16) + 1)
            .Select(i => new FoundAttestation($"place {i}", AttestationFormat.Dsse, signed.ToJson()));
    }

    public static StatementSubject Image(string? digest = null) =>
        StatementSubject.Of("web", StatementSubject.ImageDigest, digest ?? Digest);

    public static StatementSubject AtCommit(string? commit = null) => StatementSubject.Of("web", StatementSubject.Commit, commit ?? Head);

    public static ChangeStatement Change(string? from = null, string? to = null, AiStatus ai = AiStatus.None) =>
        new(
            new ChangeSource("git+" + Repository, "refs/heads/main", from ?? Running, to ?? Head),
            IsComplete: true,
            new AiDeclaration(ai, []),
            ["github:1001"],
            [],
            Some.Now.AddHours(-1),
            Some.Now.AddDays(30)
        );

    public static ChangeStatement ReviewedBy(this ChangeStatement change, params string[] approvers) =>
        change with
        {
            Approvals = [.. change.Approvals, .. approvers.Select(a => Review(a, change.Source.HeadCommit))],
        };

    public static StatedApproval Review(string approver, string? commit = null) =>
        new(approver, ApproverKind.Human, ReviewState.Approved, commit ?? Head, Some.Now.AddHours(-2));

    public static Statement Build(string? commit = null, string? digest = null, string uri = $"git+{Repository}@refs/heads/main") =>
        new(
            [Image(digest)],
            SlsaProvenance.PredicateType,
            Json(
                $$$"""{"buildDefinition": {"resolvedDependencies": [{"uri": "https://example.com/base"}, {"uri": "{{{uri}}}", "digest": {"gitCommit": "{{{commit ?? Head}}}"}}]}}"""
            )
        );

    /// <summary>A summary by which two people agreed to every change up to a commit.</summary>
    public static Statement TwoParty(string commit, DateTimeOffset? at = null) =>
        Summary($"SLSA_SOURCE_LEVEL_3 {SourceSummary.TwoPartyReviewed}", commit, at: at ?? Some.Now.AddHours(-2));

    /// <param name="levels">With blanks between them.</param>
    public static Statement Summary(
        string levels,
        string? commit = null,
        string verifier = Verifier,
        string result = "PASSED",
        string refs = "refs/heads/main",
        DateTimeOffset? at = null,
        string repository = $"git+{Repository}"
    ) =>
        Statement.Parse(
            Encoding.UTF8.GetBytes(
                $$$"""
                {"_type": "https://in-toto.io/Statement/v1",
                 "subject": [{"digest": {"gitCommit": "{{{commit ?? Head}}}"}, "annotations": {"source_refs": ["{{{refs}}}"]}}],
                 "predicateType": "https://slsa.dev/verification_summary/v1",
                 "predicate": {"verifier": {"id": "{{{verifier}}}"}, "resourceUri": "{{{repository}}}", "verificationResult": "{{{result}}}",
                  {{{(at is { } time ? $"\"timeVerified\": \"{time:yyyy-MM-dd'T'HH:mm:ss'Z'}\", " : "")}}}"verifiedLevels": ["{{{levels.Replace(
                    " ",
                    "\", \"",
                    StringComparison.Ordinal
                )}}}"]}}
                """
            )
        );

    public static Statement Of(string predicateType, string? digest = null) => new([Image(digest)], predicateType, Json("{}"));

    public static System.Text.Json.JsonElement Json(string text) => StrictJson.ReadObject(Encoding.UTF8.GetBytes(text), 1 << 16, "json");

    /// <summary>The image, in front of which an image of <see cref="Running"/> runs.</summary>
    public static ImageQuestion Question(params string?[] running) =>
        new(
            new JudgedImage(Digest),
            [new SourceRule(Repository, ["refs/heads/main", "refs/heads/release-*"])],
            [.. (running.Length == 0 ? [Running] : running).Select(c => new RunningImage("web@old", c))]
        );
}

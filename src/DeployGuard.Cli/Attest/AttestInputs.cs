using System.CommandLine;
using DeployGuard.Cli.Inputs;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Workloads;
using DeployGuard.Cryptography;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Attest;

/// <summary>What the user gave besides the range.</summary>
/// <param name="Push">Null if the statement is not put into a registry.</param>
/// <param name="Subjects">Names and digests of images.</param>
/// <param name="Templates">Pod templates of manifests, by their hashes.</param>
/// <param name="PolicyKeys">Who may sign the policy of the repository; none: it is not read.</param>
/// <param name="Traces">Agent Trace files that are not in the repository.</param>
/// <param name="Declared">AI tools that no commit names.</param>
/// <param name="Operators">People whom no commit names.</param>
internal sealed record AttestInputs(
    StatementOutput Output,
    StatementPush? Push,
    IReadOnlyList<(string Name, string Sha256)> Subjects,
    IReadOnlyList<StatementSubject> Templates,
    string Repository,
    string Reference,
    IReadOnlyList<StatedApproval> Reviews,
    IReadOnlyList<PublicKey> PolicyKeys,
    TimeSpan ValidFor,
    Detectors Detectors,
    AuthorIds Ids,
    IReadOnlyList<string> Traces,
    IReadOnlyList<string> Declared,
    IReadOnlyList<string> Operators
)
{
    /// <exception cref="ManifestException">An option or a file cannot be used.</exception>
    public static AttestInputs Read(ParseResult parsed, Repository repository, ManifestInputs inputs)
    {
        string[] Several(Option<string[]> option) => parsed.GetValue(option) ?? [];
        return new AttestInputs(
            new StatementOutput(parsed),
            StatementPush.Of(parsed),
            StatementSubjects.Of(Several(AttestOptions.Images)),
            new TemplateSubjects(parsed, inputs).Of(Several(TemplateOptions.Manifests)),
            SourceRepository.Uri(parsed.GetValue(AttestOptions.Repository), repository),
            SourceRepository.Ref(parsed.GetValue(AttestOptions.Ref), parsed.GetRequiredValue(AttestOptions.To), repository),
            ReviewFile.Read(parsed.GetValue(AttestOptions.Approvals)),
            [.. Several(AttestOptions.PolicyKeys).Select(f => InputFiles.Parse(f, pem => PublicKey.Parse(pem, new MoreAlgorithms())))],
            Duration(parsed.GetRequiredValue(AttestOptions.ValidFor)),
            DetectorsReader.With(Several(AttestOptions.Detectors)),
            AuthorIds.Read(parsed.GetValue(AttestOptions.AuthorsMap)),
            Several(AttestOptions.Traces),
            [.. Several(AttestOptions.Declared).Select(Tool)],
            [.. Several(AttestOptions.Operators).Select(o => AuthorId.Checked(o, "--operator"))]
        );
    }

    private static TimeSpan Duration(string text) =>
        Durations.TryParse(text, out var duration) && duration > TimeSpan.Zero
            ? duration
            : throw new ManifestException($"--valid-for {text}: no duration such as 72h or 720h");

    private static string Tool(string tool) =>
        tool.Trim().Length > 0 && !tool.Any(char.IsControl)
            ? tool.Trim()
            : throw new ManifestException($"--declare {tool}: no name of a tool");
}

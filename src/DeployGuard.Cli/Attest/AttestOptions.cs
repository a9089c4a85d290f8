using System.CommandLine;
using System.CommandLine.Parsing;

namespace DeployGuard.Cli.Attest;

internal enum AttestFormat
{
    Envelope,
    Annotation,
    Statement,
    Predicate,
}

/// <summary>The options of <c>attest</c>, and which of them do not go together.</summary>
internal static class AttestOptions
{
    public static readonly Option<string> From = new("--from")
    {
        Description =
            "Commit that the change began at: the one that the running image was built from. It is not part of the change. "
            + "40 zeros: the change begins with the first commit.",
        Required = true,
    };
    public static readonly Option<string> To = new("--to")
    {
        Description = "Commit that the change ends with: the one that the new image is built from.",
        DefaultValueFactory = _ => "HEAD",
    };
    public static readonly Option<string> Folder = new("--folder")
    {
        Description = "Folder of the git repository: a clone, a worktree or a bare one.",
        DefaultValueFactory = _ => ".",
    };
    public static readonly Option<string?> Repository = new("--repository")
    {
        Description = "URL of the repository, such as https://github.com/acme/checkout. Default: the remote origin, if that is https.",
    };
    public static readonly Option<string?> Ref = new("--ref")
    {
        Description =
            "Full name of the ref, such as refs/heads/main. Default: the branch or tag that --to names, or the branch that ends with --to, if "
            + "it is checked out or the only one.",
    };
    public static readonly Option<string[]> Images = Repeated(
        "--image",
        "NAME@sha256:DIGEST: an image that was built from --to, as subject of the statement. May be repeated. Default: the commit itself."
    );
    public static readonly Option<bool> Complete = new("--complete")
    {
        Description =
            "Say that the statement covers every commit and every author of the change. Refused (exit code 1) where that cannot be seen: in a "
            + "clone that is shallow within the range, if --from is no ancestor of --to, or if a commit names no person.",
    };
    public static readonly Option<string[]> Detectors = Repeated(
        "--detectors",
        "JSON file with more signs of AI, in the form of the built-in list (docs/attest.md). May be repeated."
    );
    public static readonly Option<string[]> Traces = Repeated(
        "--trace",
        "Agent Trace file that is not in the repository. Those under .agent-trace/ are read always. May be repeated."
    );
    public static readonly Option<string[]> Declared = Repeated(
        "--declare",
        "TOOL: declare that this AI tool took part, although no commit says so. May be repeated."
    );
    public static readonly Option<string?> AuthorsMap = new("--authors-map")
    {
        Description = "JSON file with the ids of people by the e-mail address of their commits: {\"dana@example.com\": \"github:1001\"}.",
    };
    public static readonly Option<string[]> Operators = Repeated(
        "--operator",
        "ID, such as github:1001: a person who made the change without being named in a commit, such as who opened the pull request or started "
            + "an agent. They cannot approve it. May be repeated."
    );
    public static readonly Option<string?> Approvals = new("--approvals")
    {
        Description = "JSON file with reviews of the forge (docs/attest.md).",
    };
    public static readonly Option<string[]> PolicyKeys = Repeated(
        "--repository-policy-key",
        "PEM file of a public key: believe the signed policy of the repository (.deployguard/policy.json at --from, docs/attest.md), by which "
            + "a range without signs of AI can be stated as made without AI. Needs --complete. May be repeated."
    );
    public static readonly Option<string> ValidFor = new("--valid-for")
    {
        Description = "How long the statement counts, such as 72h.",
        DefaultValueFactory = _ => "720h",
    };
    public static readonly Option<string?> Key = new("--key")
    {
        Description =
            "PEM file of the private key that signs (deployguard keys generate, openssl, cosign). The password of an encrypted one is taken "
            + "from COSIGN_PASSWORD.",
    };
    public static readonly Option<AttestFormat> Format = new("--format")
    {
        Description =
            "envelope: the signed statement. annotation: a merge patch that puts it on a workload. statement: unsigned. predicate: its content "
            + "alone, for cosign attest.",
    };
    public static readonly Option<string?> Output = new("--output", "-o") { Description = "File to write to. Default: standard output." };

    public static IEnumerable<Option> All =>
        [
            From,
            To,
            Folder,
            Repository,
            Ref,
            Images,
            Complete,
            Detectors,
            Traces,
            Declared,
            AuthorsMap,
            Operators,
            Approvals,
            PolicyKeys,
            ValidFor,
            Key,
            Format,
            Output,
            .. TemplateOptions.All,
            .. PushOptions.All,
        ];

    public static void Validate(CommandResult result)
    {
        PushOptions.Validate(result, FormatOf(result));
        if (IsGiven(result, PolicyKeys) && !result.GetValue(Complete))
        {
            result.AddError("--repository-policy-key needs --complete: only of a whole range can be said that AI had no part in it");
        }

        if (FormatOf(result) is not { } format)
        {
            return;
        }

        var isSigned = format is AttestFormat.Envelope or AttestFormat.Annotation;
        if (isSigned && !IsGiven(result, Key))
        {
            result.AddError("--key is missing; name the file of a private key, or write what is not signed with --format statement");
        }

        if (!isSigned && IsGiven(result, Key))
        {
            result.AddError($"--key: what --format {Name(format)} writes is not signed; leave one of the two out");
        }

        if (format is AttestFormat.Predicate && IsGiven(result, Images))
        {
            result.AddError("--image: what --format predicate writes names no image; give the image to the program that signs it");
        }

        TemplateOptions.Validate(result, format);
    }

    /// <summary>Null if it is none, which the parser reports.</summary>
    private static AttestFormat? FormatOf(CommandResult result) =>
        result.GetResult(Format) is not { Implicit: false } given ? AttestFormat.Envelope
        : given.Tokens is [var token] && Enum.TryParse<AttestFormat>(token.Value, ignoreCase: true, out var format) ? format
        : null;

    private static bool IsGiven(CommandResult result, Option option) => result.GetResult(option) is { Implicit: false };

    private static string Name(AttestFormat format) => format.ToString().ToLowerInvariant();

    /// <summary>One value each time that it is given.</summary>
    private static Option<string[]> Repeated(string name, string description) =>
        new(name)
        {
            Description = description,
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = false,
        };
}

namespace DeployGuard.Core.Attestations.Trust;

/// <summary>Placeholders in the commands of remedies. They are replaced where the image or the commit is known.</summary>
public static class AttestAdvice
{
    /// <summary>Where the statement is put, without its being about the image.</summary>
    public const string Beside = "--beside IMAGE";

    /// <summary>Where the statement is put that is about the image.</summary>
    public const string About = "--image IMAGE";

    /// <summary>The commit of what runs.</summary>
    public const string ThatRuns = "COMMIT-THAT-RUNS";

    /// <summary>The one commit of what runs, if it is known.</summary>
    public static string From(IReadOnlyList<RunningImage> running) =>
        running.Select(r => r.Commit).Distinct().ToList() is [{ } only] ? only : ThatRuns;

    /// <summary>Of what an earlier change may have left, without a full stop.</summary>
    public const string Remove = "Remove it, if it is of an earlier change";

    /// <summary>How a statement gets a template as its subject, in brackets.</summary>
    public const string OfTemplate =
        "(deployguard attest --manifest -, with what kubectl apply --dry-run=server -o yaml -f FILE prints on its standard input)";

    /// <summary>The ref of the head commit: a commit alone does not say of which branch it is.</summary>
    public const string Ref = "--ref refs/heads/BRANCH";

    /// <summary>The same where the ref is known.</summary>
    public static string RefOf(string name) => IsPlain(name) ? $"--ref {name}" : Ref;

    /// <summary>The options for the ref and the repository.</summary>
    /// <param name="ref">Null if it is not known.</param>
    /// <param name="repository">Null if it is not known: then it is the remote of the clone.</param>
    public static string SourceOf(string? @ref, string? repository) =>
        (@ref is null ? Ref : RefOf(@ref)) + (repository is not null && IsPlain(repository) ? $" --repository {repository}" : "");

    /// <summary>What a shell would read is not put into a command, and a pattern is no name.</summary>
    private static bool IsPlain(string text) => text.All(c => char.IsAsciiLetterOrDigit(c) || "-_./:".Contains(c));

    /// <summary>
    /// What to do where no statement about an image is found at all. Each job states only what it knows: the one with the key of the role
    /// <see cref="KeyRole.SourceReview"/> the change, and the one that built the image of which commit it is.
    /// </summary>
    /// <param name="roles">Those of the keys that the policy trusts.</param>
    /// <param name="running">What runs where the image would run.</param>
    /// <returns>A sentence without a full stop.</returns>
    public static string WhereNoneIs(string image, IReadOnlyCollection<KeyRole> roles, IReadOnlyList<RunningImage> running)
    {
        var hasBuild = roles.Contains(KeyRole.Build);
        var hasForge = roles.Contains(KeyRole.SourceReview);
        if (!hasBuild && !hasForge)
        {
            return $"The policy trusts no key of the role {KeyRole.Build} or {KeyRole.SourceReview}, so that nobody can say of which "
                + "commit the image is. Have it approved in the cluster, or ask the platform team to add such a key to the policy";
        }

        if (running.FirstOrDefault(r => r.Commit is null) is { } unknown)
        {
            var job = hasBuild ? Built("COMMIT-BEFORE") : $"{Forge} {Attest("COMMIT-BEFORE")} --key KEY --push --image {image}";
            return $"The commit of {unknown.Image}, which runs now, is not known either, so that nobody can say what changed since then. "
                + $"First ask {job}, so that the commit of the new image is known from then on; then have it approved in the cluster, once";
        }

        var from = From(running);
        return !hasBuild ? $"Ask {Stated(from, "--image")}"
            : hasForge ? $"Ask {Stated(from, "--beside")}; and {Built(from)}"
            : $"Ask {Built(from)}";

        string Stated(string from, string put) => $"{Forge} {Attest(from)} --complete --approvals FILE --key KEY --push {put} {image}";

        string Built(string from) =>
            $"the CI job that built the image to run, with its key of the role {KeyRole.Build}: {Attest(from)} --key KEY --push "
            + $"--image {image}";
    }

    /// <summary>For a range that is stated: what the image was built from is all that this job states.</summary>
    /// <returns>Verb first, without a full stop.</returns>
    public static string BuildJobOf(ChangeSource source) =>
        $"ask the CI job that built the image to run, with its key of the role {KeyRole.Build}: deployguard attest --from {source.BaseCommit} "
        + $"--to {source.HeadCommit} {SourceOf(source.Ref, source.Repository)} --key KEY --push {About}";

    private const string Forge = $"the CI job that holds the key of the role {nameof(KeyRole.SourceReview)} to run:";

    private static string Attest(string from) => $"deployguard attest --from {from} --to NEW-COMMIT {Ref}";

    /// <summary>Git's name for no commit.</summary>
    public static string NoCommit { get; } = new('0', 40);
}

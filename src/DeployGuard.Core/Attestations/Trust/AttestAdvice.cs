namespace DeployGuard.Core.Attestations.Trust;

/// <summary>
/// Which job is asked to state what, and the placeholders in its command. They are replaced where the image, the policy or the commit is
/// known.
/// </summary>
public static class AttestAdvice
{
    /// <summary>Where the statement is put, without its being about the image.</summary>
    public const string Beside = "--beside IMAGE";

    /// <summary>Where the statement is put that is about the image.</summary>
    public const string About = "--image IMAGE";

    /// <summary>The commit of what runs.</summary>
    public const string ThatRuns = "COMMIT-THAT-RUNS";

    /// <summary>The commit of what is requested.</summary>
    public const string New = "NEW-COMMIT";

    /// <summary>Of what an earlier change may have left, without a full stop.</summary>
    public const string Remove = "Remove it, if it is of an earlier change";

    /// <summary>The ref of the head commit: a commit alone does not say of which branch it is.</summary>
    public const string Ref = "--ref refs/heads/BRANCH";

    private const string Command = "deployguard attest";

    /// <summary>What only the job of the forge's side states.</summary>
    private const string Reviews = "--complete --approvals FILE ";

    /// <summary>Git's name for no commit.</summary>
    public static string NoCommit { get; } = new('0', 40);

    /// <summary>The one commit of what runs, or <see cref="ThatRuns"/> if it is not known, or there are several.</summary>
    public static string From(IReadOnlyList<RunningImage> running) =>
        running.Select(r => r.Commit).Distinct().ToList() is [{ } only] ? only : ThatRuns;

    /// <summary>The option for a ref, or for the refs that a pattern with a <c>*</c> at its end allows.</summary>
    public static string RefOf(string name) =>
        name.EndsWith('*') && IsPlain(name[..^1]) ? $"--ref {name[..^1]}NAME"
        : IsPlain(name) ? $"--ref {name}"
        : Ref;

    /// <summary>The options for the ref and the repository.</summary>
    /// <param name="ref">Null if it is not known.</param>
    /// <param name="repository">Null if it is not known: then it is the remote of the clone.</param>
    public static string SourceOf(string? @ref, string? repository) =>
        (@ref is null ? Ref : RefOf(@ref))
        + (RepositoryUri.Parse(repository ?? "")?.Address is { } address && IsTaken(address) ? $" --repository {address}" : "");

    /// <summary>
    /// Asks the jobs of the forge's side to state a change: as many as the policy wants keys to agree.
    /// </summary>
    /// <param name="put"><see cref="Beside"/> or <see cref="About"/>.</param>
    /// <returns>Verb first, without a full stop.</returns>
    public static string ForgeJob(IReadOnlyCollection<KeyRole> roles, int threshold, string from, string to, string put) =>
        roles.Contains(KeyRole.SourceReview)
            ? $"ask {Jobs(threshold)} to run: {Command} --from {from} --to {to} {Ref} {Reviews}--key KEY --push {put}"
            : $"have it approved in the cluster: the policy trusts no key of the role {KeyRole.SourceReview}, so that "
                + "no statement leads to it";

    /// <summary>Asks the job that built the image to say of which commit it is; that of the forge, if the policy trusts no other.</summary>
    /// <returns>Verb first, without a full stop.</returns>
    public static string BuildJob(IReadOnlyCollection<KeyRole> roles, int threshold, string from, string to) =>
        roles.Contains(KeyRole.Build)
            ? $"ask the CI job that built the image to run, with its key of the role {KeyRole.Build}: {Command} --from {from} "
                + $"--to {to} {Ref} --key KEY --push {About}"
            : ForgeJob(roles, threshold, from, to, About);

    /// <summary>The same for a range that is stated: what the image was built from is all that this job states.</summary>
    public static string BuildJob(ImageQuestion question, ChangeSource source) =>
        BuildJob(question.Roles, question.ReviewThreshold, source.BaseCommit, source.HeadCommit)
            .Replace(Ref, SourceOf(source.Ref, source.Repository), StringComparison.Ordinal);

    /// <summary>The command that states a change and its template.</summary>
    /// <param name="put">Where the statement goes, as options.</param>
    public static string TemplateCommand(string @namespace, string from, string to, string put) =>
        $"{DryRun(@namespace)}{Command} --from {from} --to {to} {Ref} --manifest - {Reviews}--key KEY {put}";

    /// <summary>The same advice, and the job of the forge's side also names the template. Unchanged if that job is not asked.</summary>
    public static string WithTemplate(string advice, string @namespace)
    {
        var at = advice.IndexOf(Reviews, StringComparison.Ordinal);
        var command = at < 0 ? -1 : advice.LastIndexOf(Command, at, StringComparison.Ordinal);
        return command < 0 ? advice : $"{advice[..command]}{DryRun(@namespace)}{advice[command..at]}--manifest - {advice[at..]}";
    }

    /// <summary>The same for a request of a template alone, which brings its statement along instead of one beside an image.</summary>
    public static string OfTemplate(string advice, string @namespace) =>
        WithTemplate(advice, @namespace).Replace($"--push {Beside}", "--format annotation", StringComparison.Ordinal);

    /// <summary>What a statement about a template is made from: the hash has the defaults of the API server.</summary>
    private static string DryRun(string @namespace) => $"kubectl apply -n {@namespace} --dry-run=server -o yaml -f MANIFEST | ";

    /// <summary>
    /// What to do where no statement about an image is found at all. Each job states only what it knows: the one with the key of the role
    /// <see cref="KeyRole.SourceReview"/> the change, and the one that built the image of which commit it is.
    /// </summary>
    /// <param name="roles">Those of the keys that the policy trusts.</param>
    /// <param name="threshold">How many keys of the role <see cref="KeyRole.SourceReview"/> must agree.</param>
    /// <param name="running">What runs where the image would run.</param>
    /// <returns>A sentence without a full stop.</returns>
    public static string WhereNoneIs(IReadOnlyCollection<KeyRole> roles, int threshold, IReadOnlyList<RunningImage> running)
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
            return $"The commit of {unknown.Image}, which runs now, is not known either, so that nobody can say what changed since then. "
                + $"First {BuildJob(roles, threshold, "COMMIT-BEFORE", New).Replace(Reviews, "", StringComparison.Ordinal)}, "
                + "so that the commit of the new image is known from then on; then have it approved in the cluster, once";
        }

        var from = From(running);
        var built = BuildJob(roles, threshold, from, New);
        return hasBuild && hasForge
            ? $"{Capital(ForgeJob(roles, threshold, from, New, Beside))}; and {built["ask ".Length..]}"
            : Capital(built);
    }

    /// <summary>Advice as a sentence.</summary>
    public static string Sentence(string advice) => $"{Capital(advice)}.";

    /// <summary>Advice at the beginning of a sentence.</summary>
    public static string Capital(string text) => $"{char.ToUpperInvariant(text[0])}{text[1..]}";

    private static string Jobs(int threshold) =>
        threshold > 1
            ? $"{threshold} CI jobs, each with another key of the role {KeyRole.SourceReview},"
            : $"the CI job that holds the key of the role {KeyRole.SourceReview}";

    /// <summary><c>attest</c> takes no other addresses.</summary>
    private static bool IsTaken(string address) =>
        IsPlain(address)
        && (address.StartsWith("https://", StringComparison.Ordinal) || address.StartsWith("ssh://", StringComparison.Ordinal));

    /// <summary>What a shell would read is not put into a command, and a pattern is no name.</summary>
    private static bool IsPlain(string text) => text.All(c => char.IsAsciiLetterOrDigit(c) || "-_./:@+".Contains(c));
}

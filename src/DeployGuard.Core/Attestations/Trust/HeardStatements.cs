namespace DeployGuard.Core.Attestations.Trust;

/// <summary>
/// The statements that may tighten: all about the image, about its head commit, or about any commit between what runs and the head. They
/// are heard whichever of the trusted keys signed them, and whether they may relax anything or not.
/// </summary>
internal sealed class HeardStatements
{
    private readonly CommitWays _ways;
    private readonly Func<VerifiedStatement, bool> _isAbout;

    /// <param name="heads">The commits of which the image may be.</param>
    /// <param name="isAbout">Whether a statement is about the image, or about the template that is asked about.</param>
    public HeardStatements(
        IReadOnlyCollection<JudgedStatement> all,
        ImageQuestion question,
        IReadOnlyCollection<string> heads,
        Func<VerifiedStatement, bool> isAbout
    )
    {
        (_isAbout, _ways) = (isAbout, new CommitWays(all));
        Commits = _ways.Between(StartsOf(question), heads);
        All = [.. all.Where(IsHeard)];
        Authors = All.SelectMany(s => s.Change?.Authors ?? []).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
    }

    public IReadOnlyList<JudgedStatement> All { get; }

    /// <summary>All commits between what runs and the head that statements are about.</summary>
    public IReadOnlySet<string> Commits { get; }

    /// <summary>Whom any of them names as an author.</summary>
    public IReadOnlyList<string> Authors { get; }

    /// <summary>Those of a part of the range.</summary>
    public IReadOnlySet<string> CommitsOf(string from, string to) => _ways.Between(from, to);

    /// <summary>The commits of what runs; one that is null if nothing runs.</summary>
    public static IReadOnlyList<string?> StartsOf(ImageQuestion question) =>
        question.Running.Count == 0 ? [null] : [.. question.Running.Select(r => r.Commit).Distinct()];

    /// <summary>Every commit that a statement names: its head, its subjects, and those at which it saw signs of AI.</summary>
    private static IEnumerable<string> NamedBy(JudgedStatement statement) =>
        ((IEnumerable<string?>)[statement.Commit, .. statement.Statement.Subjects.Select(s => s.GitCommit)])
            .Concat(statement.Change?.Ai.Evidence.Select(e => e.Commit) ?? [])
            .OfType<string>();

    private bool IsHeard(JudgedStatement statement) => _isAbout(statement.Statement) || NamedBy(statement).Any(Commits.Contains);
}

using DeployGuard.Manifests;

namespace DeployGuard.Cli.Attest;

/// <summary>
/// The commits that a change consists of: those that <c>--to</c> contains and <c>--from</c> does not, with all that was merged in between.
/// </summary>
internal sealed class GitRange
{
    private const string Deepen =
        "fetch the whole history: git fetch --unshallow (GitHub Actions: fetch-depth: 0; GitLab: GIT_DEPTH: \"0\")";

    private readonly Repository _repository;
    private readonly HashSet<string> _hashes = new(StringComparer.Ordinal);
    private readonly List<string> _gaps = [];

    /// <exception cref="ManifestException">The repository does not have one of the commits.</exception>
    public GitRange(Repository repository, string from, string to)
    {
        _repository = repository;
        (Base, Head) = (IsNoCommit(from) ? from : Find("--from", from), Find("--to", to));
        if (Base != Head && !IsNoCommit(Base) && !repository.Run("merge-base", "--is-ancestor", Base, Head).Succeeded)
        {
            _gaps.Add(
                $"{from} is not an ancestor of {to}"
                    + (
                        repository.Boundaries.Count > 0
                            ? $" as far as this shallow clone shows: {Deepen}"
                            : ": name a commit that it was built on with --from, such as that of the image that runs now"
                    )
            );
        }
    }

    /// <summary>Only zeros if the change begins with the first commit.</summary>
    public string Base { get; }

    public bool BeginsWithFirstCommit => IsNoCommit(Base);

    public string Head { get; }

    /// <summary>The hashes of the commits that were read.</summary>
    public IReadOnlySet<string> Hashes => _hashes;

    /// <summary>Why more commits may belong to the change than were read; known once they were read.</summary>
    public IReadOnlyList<string> Gaps => _gaps;

    /// <summary>
    /// Reads the range once, in one pass. It is whole if no commit in it is where a shallow clone ends: then each parent is either in the
    /// range too, or part of <c>--from</c>.
    /// </summary>
    /// <exception cref="ManifestException">git cannot read it: an object is missing.</exception>
    public void Read(Action<Commit> commit) => Log([Head, .. Excluded], commit);

    /// <summary>
    /// Reads the commits of branches that were squashed: a squash has one author, and its message may have lost what theirs said.
    /// </summary>
    public void ReadSquashed(IReadOnlyCollection<string> tips, Action<Commit> commit)
    {
        if (tips.Count > 0)
        {
            Log([.. tips, $"^{Head}", .. Excluded], commit);
        }
    }

    private IEnumerable<string> Excluded => BeginsWithFirstCommit ? [] : [$"^{Base}"];

    private void Log(IEnumerable<string> revisions, Action<Commit> commit)
    {
        string? boundary = null;
        _repository.Stream(
            ["log", "-z", "--no-show-signature", "--no-notes", "--no-color", "--encoding=UTF-8", CommitStream.Format, .. revisions, "--"],
            output =>
            {
                foreach (var read in new CommitStream(output).Read())
                {
                    _hashes.Add(read.Hash);
                    boundary ??= _repository.Boundaries.Contains(read.Hash) ? read.Hash : null;
                    commit(read);
                }
            }
        );
        if (boundary is not null)
        {
            _gaps.Add($"the clone is shallow, and ends at commit {boundary} within the range: {Deepen}");
        }
    }

    /// <summary>git's name for no commit, which forges use for what is before a new branch.</summary>
    private static bool IsNoCommit(string reference) => reference.Length is 40 or 64 && reference.All(c => c == '0');

    private string Find(string option, string reference) =>
        _repository.CommitOrNull(reference)
        ?? throw new ManifestException(
            $"{option} {reference}: no such commit in this clone"
                + (_repository.Boundaries.Count > 0 ? $", which is shallow: {Deepen}" : "; fetch it first: git fetch origin")
        );
}

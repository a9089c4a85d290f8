namespace DeployGuard.Core.Attestations.Trust;

/// <summary>The links behind the head commit: the change statements that lead from what runs to it, and what they say together.</summary>
internal sealed class RangeJudgement
{
    /// <summary>Reviews that do not count: on a forge anybody may submit one, and a reader needs the first few.</summary>
    private const int MostExplained = 32;

    private readonly ImageQuestion _question;
    private readonly HeadCommit _head;
    private readonly HeardStatements _heard;
    private readonly TakenBackReviews _takenBack;
    private readonly CommitChain _chain;
    private readonly List<JudgedStatement> _inRepository;
    private readonly IReadOnlyList<string?> _starts;
    private readonly List<JudgedStatement> _path = [];
    private readonly List<StatementFinding> _findings = [];

    /// <summary>How many distinct keys state the whole of each part of the range.</summary>
    private readonly Dictionary<(string?, string?), int> _agreeing;

    private readonly Lazy<HashSet<JudgedStatement>> _leading;
    private readonly Lazy<HashSet<string>> _judgedCommits;

    public RangeJudgement(
        ImageQuestion question,
        IReadOnlyList<JudgedStatement> judged,
        HeardStatements heard,
        ImageCoverage coverage,
        HeadCommit head,
        DateTimeOffset now
    )
    {
        (_question, _head, _heard) = (question, head, heard);
        _takenBack = new TakenBackReviews(judged, question);
        _starts = HeardStatements.StartsOf(question);
        _inRepository =
        [
            .. judged.Where(s =>
                s.Repository == head.Repository && s is { IsUsable: true, Change: not null } && s.CountOf(KeyRole.SourceReview) > 0
            ),
        ];
        _agreeing = _inRepository
            .Where(s => s.Change is { IsComplete: true })
            .GroupBy(PartOf)
            .ToDictionary(g => g.Key, g => JudgedStatement.KeysOf(KeyRole.SourceReview, g));
        foreach (var statement in _inRepository.Where(s => s.Commit == head.Commit || coverage.IsAbout(s.Statement)))
        {
            _findings.AddRange(ChainGaps.OfStatement(statement, question, AgreeingWith(statement)));
        }

        _chain = new CommitChain([.. _inRepository.Where(IsWhole)], head.Commit);
        _leading = new(() => _starts.SelectMany(_chain.LeadingFrom).ToHashSet<JudgedStatement>(ReferenceEqualityComparer.Instance));
        _judgedCommits = new(() => _starts.SelectMany(_chain.JudgedFrom).ToHashSet(StringComparer.Ordinal));
        Missing = Resolve(now);
    }

    public MissingLink? Missing { get; }

    public IReadOnlyList<ChainLink> Chain { get; private set; } = [];

    public IReadOnlyList<CountedReview> Reviews { get; private set; } = [];

    public IReadOnlyList<StatementFinding> Findings => _findings;

    /// <summary>The templates that the statements about the head are about, each by as many keys as the policy asks for.</summary>
    public IReadOnlyList<ReviewedTemplate> Templates =>
        [
            .. _path
                .Where(s => s.Commit == _head.Commit)
                .SelectMany(s => ReviewedTemplate.In(s.Statement.Subjects).Select(template => (Statement: s, Template: template)))
                .GroupBy(s => s.Template, s => s.Statement)
                .Where(g => JudgedStatement.KeysOf(KeyRole.SourceReview, g) >= _question.ReviewThreshold)
                .Select(g => g.Key),
        ];

    /// <summary>Whether a statement is about the head, or a link on a way to it: then no finding says that it is about others.</summary>
    public bool Concerns(JudgedStatement statement) =>
        statement.Repository == _head.Repository
        && (
            statement.Commit == _head.Commit
            || (
                statement.Statement.Claim is SummaryClaim
                    ? _judgedCommits.Value.Contains(statement.Commit ?? "")
                    : _leading.Value.Contains(statement)
            )
        );

    /// <summary>Whether a summary is about the commit of what runs: it says what was in force when the range began.</summary>
    public bool IsOfStart(JudgedStatement statement) =>
        statement is { Statement.Claim: SummaryClaim, Commit: { } commit }
        && statement.Repository == _head.Repository
        && (_starts.Contains(commit) || Chain.Any(l => l.BaseCommit == commit));

    private bool IsWhole(JudgedStatement statement) =>
        statement.Change is { IsComplete: true } && AgreeingWith(statement) >= _question.ReviewThreshold;

    private int AgreeingWith(JudgedStatement statement) => _agreeing.GetValueOrDefault(PartOf(statement));

    private static (string?, string?) PartOf(JudgedStatement statement) =>
        (statement.Change?.Source.BaseCommit, statement.Change?.Source.HeadCommit);

    private MissingLink? Resolve(DateTimeOffset now)
    {
        if (!_chain.AtHead.Any())
        {
            return ChainGaps.NoChange(_head, _question, _inRepository.Exists(s => s.Commit == _head.Commit));
        }

        if (_question.Running.FirstOrDefault(r => r.Commit is null) is { } unknown)
        {
            return ChainGaps.NoRunningCommit(unknown);
        }

        var parts = new List<IReadOnlyList<JudgedStatement>>();
        foreach (var start in _starts)
        {
            if (_chain.PathFrom(start) is not { } path)
            {
                var reached = _chain.ReachedFrom(start);
                var isHeadOnly = reached.All(c => _chain.AtHead.Any(s => s.Change?.Source.BaseCommit == c));
                _findings.AddRange(_chain.AtHead.Select(s => ChainGaps.Finding(s, _question, start, reached, isHeadOnly)));
                return ChainGaps.NoChain(_head, _question, start, reached);
            }

            parts.AddRange(path);
        }

        Conclude(parts, now);
        return Chain.FirstOrDefault(l => l.Ai is not AiStatus.None) is { Ai: AiStatus.Unknown } silent
            ? ChainGaps.NoAiStatus(silent)
            : null;
    }

    /// <param name="parts">Of the ways from several running images, which may have parts in common.</param>
    private void Conclude(List<IReadOnlyList<JudgedStatement>> parts, DateTimeOffset now)
    {
        _path.AddRange(parts.SelectMany(p => p).Distinct());
        var authors = _heard.Authors.Select(_question.PersonOf).ToHashSet(ReviewCount.Persons);
        var count = new ReviewCount(_question, authors, now);
        var judged = parts.DistinctBy(p => (PartOf(p[0]), p.Count)).Select(p => (Part: p, Reviews: count.Of(p, TakenBack(p)))).ToList();
        Chain = [.. judged.Select(j => LinkOf(j.Part, j.Reviews.Counted)).DistinctBy(l => (l.BaseCommit, l.HeadCommit))];
        _findings.AddRange(judged.SelectMany(j => j.Reviews.NotCounted).Distinct().Take(MostExplained));
        Reviews = OfWholeRange(Chain.Last(l => l.HeadCommit == _head.Commit));
    }

    /// <summary>
    /// The reviews of the head by people who reviewed every other part too. Each is as old as their oldest, and rests on all of them.
    /// </summary>
    private IReadOnlyList<CountedReview> OfWholeRange(ChainLink last)
    {
        var reviews = last.Reviews.ToDictionary(r => r.Person, ReviewCount.Persons);
        foreach (var link in Chain.Where(l => l != last))
        {
            var others = link.Reviews.ToDictionary(r => r.Person, ReviewCount.Persons);
            foreach (var (person, review) in reviews.ToList())
            {
                if (others.TryGetValue(person, out var other))
                {
                    reviews[person] = review.With(other);
                }
                else
                {
                    reviews.Remove(person);
                }
            }
        }

        return [.. last.Reviews.Where(r => reviews.ContainsKey(r.Person)).Select(r => reviews[r.Person])];
    }

    /// <summary>
    /// When a person last took a review of a part of the range back. A person who took one back reviews the head again.
    /// </summary>
    private Func<string, DateTimeOffset?> TakenBack(IReadOnlyList<JudgedStatement> part)
    {
        var commits =
            part[0].Change?.Source is { } source && source.HeadCommit != _head.Commit
                ? _heard.CommitsOf(source.BaseCommit, source.HeadCommit)
                : _heard.Commits;
        return person => _takenBack.Last(person, commits);
    }

    /// <summary>Since when it is known that somebody took a review of a part back, at the latest; null if nobody did.</summary>
    public DateTimeOffset? TakenBackOf(ChainLink link) => _takenBack.LastOfAll(_heard.CommitsOf(link.BaseCommit, link.HeadCommit));

    private static ChainLink LinkOf(IReadOnlyList<JudgedStatement> part, IReadOnlyList<CountedReview> reviews)
    {
        var changes = part.Select(s => s.Change).OfType<ChangeStatement>().ToList();
        return new ChainLink(
            changes[0].Source.BaseCommit,
            changes[0].Source.HeadCommit,
            Strictest([.. changes.Select(c => c.Ai.Status)]),
            [.. part.Select(s => s.Statement.Digest)],
            [.. part.SelectMany(s => s.Keys).Distinct()],
            [.. changes.SelectMany(c => c.Authors).Distinct()],
            reviews
        )
        {
            KeyIds = [.. part.SelectMany(s => s.KeyIds).Distinct()],
            ExpiresAt = changes.Min(c => c.ExpiresAt),
        };
    }

    private static AiStatus Strictest(IReadOnlyCollection<AiStatus> stated) =>
        stated.Contains(AiStatus.Assisted) ? AiStatus.Assisted
        : stated.Contains(AiStatus.Unknown) ? AiStatus.Unknown
        : AiStatus.None;
}

using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Approvals;

/// <summary>The votes on one revision, counted under the rules of one policy.</summary>
public sealed class VoteTally
{
    /// <summary>How the explanation of a vote begins that does not count.</summary>
    public const string NotCountedText = "not counted";

    /// <summary>The explanation of a vote that is older than the policy lets votes count.</summary>
    public const string Expired = "expired";

    private const string OwnChange = "requester or named author";

    private const string InNoGroup = "in none of the groups";

    private const string NoSeat = "every seat is filled by others";

    private readonly KnownPeople _identities;
    private readonly TimeSpan _maxAge;
    private readonly Quorum _quorum;
    private readonly bool _needsTwoPeople;

    private VoteTally(
        ApprovalRules rules,
        VotedRevision revision,
        IReadOnlyList<CountedVote> approvals,
        IReadOnlyList<Approval> vetoes,
        IReadOnlyList<JudgedReview> reviews,
        JudgedSummary? summary
    )
    {
        _identities = rules.Identities;
        _maxAge = rules.MaxAge;
        Summary = summary;
        Approvals = approvals;
        Reviews = reviews;
        Vetoes = vetoes;
        IsNotRequired = rules.Covers is ApprovalCovers.Images && revision.NewImages.Count == 0;
        Counted = PeopleOf(
            approvals.Where(a => a.WhyNot is null).Select(a => a.Vote.Approver),
            reviews.Where(r => r.WhyNot is null).Select(r => new Requester(r.Review.Approver, "", r.Groups)),
            rules.Identities
        );
        var hasSummary = summary is { WhyNot: null };
        _quorum = Quorum.Seat(
            rules.Quorum,
            [.. Counted.Select(p => p.Groups), .. hasSummary ? [rules.Quorum[0].Groups] : (IReadOnlyList<string>[])[]]
        );
        // The person behind a machine may be among the approvers: with two people, at least one of them did not write the change. Only the
        // requester of this request counts: any user could make a machine send the same request first. A signed review says who wrote the
        // change, and that its reviewer did not; a signed summary says that two people agreed, so that at least one of them did not.
        _needsTwoPeople =
            rules.Separation is Separation.Strict
            && !hasSummary
            && !reviews.Any(r => r.WhyNot is null)
            && (Requester.IsMachineName(revision.Requester) || rules.Bots.Contains(revision.Requester));
    }

    /// <summary>The policy covers images, and none of them is new.</summary>
    public bool IsNotRequired { get; }

    /// <summary>Every approval of the revision, whether it counts or not.</summary>
    public IReadOnlyList<CountedVote> Approvals { get; }

    /// <summary>Every signed review of the revision, whether it counts or not.</summary>
    public IReadOnlyList<JudgedReview> Reviews { get; }

    /// <summary>The signed summaries of the revision, whether they count or not; null if there are none.</summary>
    public JudgedSummary? Summary { get; }

    /// <summary>The signed evidence that counts, for the record.</summary>
    public IEnumerable<string> SignedBasis =>
        [
            .. Reviews.Where(r => r.WhyNot is null).Select(r => r.Review.ToString()),
            .. Summary is { WhyNot: null, Summary: var counted } ? (string[])[counted.ToString()] : [],
        ];

    /// <summary>What signed evidence said, with the person behind each review, and what it counts for here; for the record.</summary>
    public SignedBacking Explain(SignedBacking backing) =>
        backing with
        {
            Reviews = [.. Reviews.Select(Explained)],
            Summary = Summary is { } judged
                ? judged.Summary with
                {
                    Counts = judged.WhyNot is { } why ? $"{NotCountedText} ({why})" : LineOf(Counted.Count),
                }
                : null,
            FillsSeat = SignedBasis.Any(),
        };

    private SignedReview Explained(JudgedReview judged)
    {
        var person = _identities.PersonOf(judged.Review.Approver);
        var index = Counted.TakeWhile(c => !_identities.Comparer.Equals(_identities.PersonOf(c.Username), person)).Count();
        return judged.Review with { Person = person, Counts = judged.WhyNot is { } why ? $"{NotCountedText} ({why})" : LineOf(index) };
    }

    private string LineOf(int person) => _quorum.LineOf(person) is { } line ? string.Join(" or ", line.Groups) : NoSeat;

    /// <summary>User names of those whose vote counts.</summary>
    public IEnumerable<string> Voters => Approvals.Where(a => a.WhyNot is null).Select(a => a.Vote.Approver.Username).Distinct();

    /// <summary>The rejections that count.</summary>
    public IReadOnlyList<Approval> Vetoes { get; }

    /// <summary>The people whose approval counts, each once.</summary>
    public IReadOnlyList<Requester> Counted { get; }

    /// <summary>
    /// Approvers whose approval does not count, why, and what helps: <c>alice (expired at 2026-03-13T09:30:00Z, after approval.maxAge 72h;
    /// approve again)</c>.
    /// </summary>
    public IEnumerable<string> NotCounted =>
        Approvals
            .Where(v => v.WhyNot is not null && Counted.All(c => c.Username != v.Vote.Approver.Username))
            .Select(v => $"{v.Vote.Approver.Username} ({InFull(v)})")
            .Concat(Reviews.Where(r => r.WhyNot is not null).Select(r => $"{r.Review.Approver} ({r.WhyNot})"))
            .Concat(Summary is { WhyNot: { } why } ? [$"two-party review in the forge ({why})"] : [])
            .Distinct();

    private string InFull(CountedVote vote) =>
        vote switch
        {
            { WhyNot: InNoGroup } => "in none of these groups; the platform team can put them into one",
            { WhyNot: Expired, Vote: { ExpiresAt: { } end } own } when end < own.CreatedAt + _maxAge =>
                $"expired at {Rfc3339.Show(end)}, as they set it; approve again",
            { WhyNot: Expired, Vote: var old } =>
                $"expired at {Rfc3339.Show(old.CreatedAt + _maxAge)}, after approval.maxAge {Durations.Show(_maxAge)}; approve again",
            _ => vote.WhyNot ?? "",
        };

    public int Wanted => _needsTwoPeople ? Math.Max(2, _quorum.Wanted) : _quorum.Wanted;

    public int Got => Math.Min(Wanted, _needsTwoPeople ? Math.Max(_quorum.Filled, Math.Min(Counted.Count, Wanted)) : _quorum.Filled);

    /// <summary>Whether enough people approved. A veto is no part of it.</summary>
    public bool IsComplete => IsNotRequired || (_quorum.Filled == _quorum.Wanted && Got >= Wanted);

    /// <summary>Every line of the quorum with its filled seats: <c>senior-engineers 0/1, security 1/1</c>.</summary>
    public string Lines => Describe(_quorum.Lines);

    /// <summary>
    /// The lines that are not filled, and why the vote of a requester or author did not fill them: <c>sre 0/1 (another approver is missing:
    /// alice requested or wrote it)</c>. All lines if every one is filled.
    /// </summary>
    public string Missing
    {
        get
        {
            var own = Approvals.Where(a => a.WhyNot == OwnChange).Select(a => a.Vote.Approver.Username).Distinct().ToList();
            var open = _quorum.Lines.Where(l => l.Filled < l.Line.Count).ToList();
            return Describe(open.Count > 0 ? open : _quorum.Lines)
                + (
                    own.Count == 0 || IsComplete ? "" : $" (another approver is missing: {string.Join(" and ", own)} requested or wrote it)"
                );
        }
    }

    private string Describe(IEnumerable<(QuorumLine Line, int Filled)> seats)
    {
        var isTwoOfOneLine = _needsTwoPeople && _quorum.Wanted < 2;
        var lines = seats.Select(l =>
            $"{string.Join(" or ", l.Line.Groups)} {(isTwoOfOneLine ? $"{Got}/{Wanted}" : $"{l.Filled}/{l.Line.Count}")}"
        );
        return string.Join(", ", lines)
            + (
                !isTwoOfOneLine ? ""
                : Got == 0 ? " (two people, because a machine is the requester)"
                : " (another approver is missing: two people must approve, because a machine is the requester)"
            );
    }

    /// <param name="votes">All votes on the workload.</param>
    public static VoteTally Of(VotedRevision revision, ApprovalRules rules, IReadOnlyList<Approval> votes, DateTimeOffset now)
    {
        var own = new OwnPeople(revision, rules.Identities);
        return new VoteTally(
            rules,
            revision,
            [
                .. votes
                    .Where(a => a.Decision is Decision.Approve && revision.IsApprovedBy(a, rules))
                    .Select(a => new CountedVote(a, WhyNot(a, rules, own, now))),
            ],
            [.. votes.Where(a => Veto.Counts(a, rules, now) && revision.IsRejectedBy(a, rules))],
            [.. revision.Reviews.Select(r => Judge(r, rules, own, now))],
            revision.Summary is { } summary ? new JudgedSummary(summary, WhyNot(summary, rules, now)) : null
        );
    }

    /// <summary>The line of the quorum for which a vote counts; or why it does not count.</summary>
    public string Explain(Approval vote, ApprovalRules rules, DateTimeOffset now) =>
        vote.Decision is Decision.Reject
            ? Vetoes.Any(v => v.Name == vote.Name)
                ? "a veto"
                : vote.HasExpired(rules.MaxAge, now)
                    ? $"{NotCountedText} ({Expired})"
                    : NotCountedText
            : Approvals.FirstOrDefault(a => a.Vote.Name == vote.Name) is not { } counted
                ? $"{NotCountedText} (for another template or image)"
                : counted.WhyNot is { } why
                    ? $"{NotCountedText} ({why})"
                    : string.Join(
                        " or ",
                        rules.Quorum.Where(l => l.Groups.Intersect(vote.Approver.Groups).Any()).SelectMany(l => l.Groups).Distinct()
                    );

    /// <summary>A person who voted and reviewed counts once, with the groups of both.</summary>
    private static IReadOnlyList<Requester> PeopleOf(
        IEnumerable<Requester> voters,
        IEnumerable<Requester> reviewers,
        KnownPeople identities
    ) =>
        [
            .. voters
                .DistinctBy(p => p.Username)
                .Concat(reviewers)
                .GroupBy(p => identities.PersonOf(p.Username), identities.Comparer)
                .Select(same => same.First() with { Groups = [.. same.SelectMany(p => p.Groups).Distinct()] }),
        ];

    private static JudgedReview Judge(SignedReview review, ApprovalRules rules, OwnPeople own, DateTimeOffset now)
    {
        var groups = rules.Identities.GroupsOf(review.Approver);
        var why =
            Requester.IsMachineName(review.Approver) ? "a machine"
            : rules.Bots.Any(b => IsSame(b, review.Approver, rules)) ? "a listed bot"
            : own.Has(review.Approver) ? OwnChange
            : groups.Count == 0 ? "not in identities of the policy; ask the platform team to add them there, with a group of the quorum"
            : !Quorum.IsEligible(rules.Quorum, groups)
                ? $"identities of the policy gives them {string.Join(" and ", groups)}, which is no group of the quorum; ask "
                    + "the platform team to correct it"
            : now >= review.At + rules.MaxAge ? TooOld(rules, review.At, "have the change reviewed again, then attest again")
            : null;
        return new JudgedReview(review, groups, why);
    }

    /// <summary>Who reviewed there may be anybody who approves here, so it fills the only seat or none.</summary>
    private static string? WhyNot(SignedSummary summary, ApprovalRules rules, DateTimeOffset now) =>
        !rules.HasOneSeat ? "it names no person, and the quorum has several seats"
        : now >= summary.At + rules.MaxAge ? TooOld(rules, summary.At, "have the changes verified again")
        : null;

    private static string TooOld(ApprovalRules rules, DateTimeOffset at, string remedy) =>
        $"of {Rfc3339.Show(at)}, older than approval.maxAge of the policy, {Durations.Show(rules.MaxAge)}; {remedy}";

    private static bool IsSame(string one, string other, ApprovalRules rules) =>
        rules.Identities.Comparer.Equals(rules.Identities.PersonOf(one), rules.Identities.PersonOf(other));

    private static string? WhyNot(Approval approval, ApprovalRules rules, OwnPeople own, DateTimeOffset now)
    {
        var who = approval.Approver;
        return who.IsMachine ? "a machine"
            : rules.Bots.Contains(who.Username) ? "a listed bot"
            : own.Has(who.Username) ? OwnChange
            : !Quorum.IsEligible(rules.Quorum, who.Groups) ? InNoGroup
            : approval.HasExpired(rules.MaxAge, now) ? Expired
            : null;
    }
}

/// <summary>An approval, and why it does not count; null if it counts.</summary>
public sealed record CountedVote(Approval Vote, string? WhyNot);

/// <summary>A signed review with the groups of its reviewer, and why it does not count; null if it counts.</summary>
public sealed record JudgedReview(SignedReview Review, IReadOnlyList<string> Groups, string? WhyNot);

/// <summary>Signed summaries, and why they do not count; null if they count.</summary>
public sealed record JudgedSummary(SignedSummary Summary, string? WhyNot);

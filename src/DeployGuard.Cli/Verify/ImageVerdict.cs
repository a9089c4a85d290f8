using DeployGuard.Core.Approvals;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;
using DeployGuard.Core.Workloads;
using DeployGuard.Registry.Lookups;

namespace DeployGuard.Cli.Verify;

/// <summary>Whether signed evidence about an image would stand in for an approval.</summary>
internal enum Belief
{
    /// <summary>Statements lead from what runs to the image, and say that no AI had a part, or have a review that counts.</summary>
    Believed,

    /// <summary>A link is missing, or AI had a part and nobody reviewed it.</summary>
    Missing,

    /// <summary>The policy names no repository for the image, so that it asks nothing.</summary>
    NotAsked,

    /// <summary>The registry or a key could not be read.</summary>
    Undecided,
}

/// <summary>What one policy would believe of one image.</summary>
/// <param name="Problem">Why it is undecided; empty otherwise.</param>
internal sealed record ImageVerdict(string Image, SafeguardPolicy Policy, Belief Belief, string Problem = "")
{
    /// <summary>Null if nothing was looked up.</summary>
    public LookupResult? Lookup { get; init; }

    /// <summary>What runs where the image would run; none if nothing was looked up.</summary>
    public IReadOnlyList<RunningImage> Running { get; init; } = [];

    /// <summary>Statements whose signatures fit.</summary>
    public IReadOnlyList<VerifiedStatement> Statements { get; init; } = [];

    /// <summary>Null if it is undecided, or was not asked.</summary>
    public ImageProvenance? Provenance { get; init; }

    /// <summary>What else of the cluster stands against it, whatever is proven of the image; empty if nothing is known to.</summary>
    public string GapBeside { get; init; } = "";

    /// <summary>
    /// The reviews, counted by the policy's quorum as for a request. Null if the policy requires no approval, or if no chain leads from
    /// what runs.
    /// </summary>
    public VoteTally? Votes { get; init; }

    /// <summary>Whether what runs now was not read from a cluster.</summary>
    public bool IsOfImageAlone { get; init; }

    public static Belief BeliefIn(ImageProvenance provenance, SafeguardPolicy policy, VoteTally? votes) =>
        provenance.Chain.Count > 0 && (IsEnough(provenance, policy) || votes?.SignedBasis.Any() is true) ? Belief.Believed : Belief.Missing;

    /// <summary>Whether the policy asks for no approval, because no AI had a part or because it never does.</summary>
    private static bool IsEnough(ImageProvenance provenance, SafeguardPolicy policy) =>
        provenance.Origin is OriginVerdict.NotAi
            ? !policy.IsRequired(policy.Approval?.Required ?? Required.Never, OriginKind.Human)
            : policy.Approval is not { Required: not Required.Never } && (provenance.Reviews.Count > 0 || provenance.TwoParty is not null);

    /// <summary>Who requests the image is not known yet: they cannot fill a seat either.</summary>
    public static VoteTally? Count(string image, ImageProvenance provenance, SafeguardPolicy policy, DateTimeOffset now) =>
        policy.Approval is not { Required: not Required.Never } rules || provenance.Chain.Count == 0
            ? null
            : VoteTally.Of(
                new VotedRevision(new WorkloadRef("", "", "", ""), "", [image])
                {
                    NewImages = [image],
                    Reviews = [.. provenance.Reviews.Select(r => new SignedReview(r.Approver, r.At, r.Statements, r.Keys))],
                    Summary =
                        provenance.TwoParty is { } agreed && CountsTwoParty(policy)
                            ? new SignedSummary(agreed.At, agreed.Statements, agreed.Keys)
                            : null,
                }.WithPeople([], provenance.Authors, []),
                rules,
                [],
                now
            );

    /// <summary>A remedy with what the image and the policy say of its commands.</summary>
    public string Filled(string remedy) => AttestCommands.For(Image, Policy.SignedOrigin, FromStart(remedy));

    /// <summary>Without a commit of what runs, it is judged as if nothing ran: then the change begins with the first commit.</summary>
    public string FromStart(string advice) =>
        IsOfImageAlone && Running.Count == 0
            ? advice.Replace(AttestAdvice.ThatRuns, AttestAdvice.NoCommit, StringComparison.Ordinal)
            : advice;

    /// <summary>Why a review does not count; null if it does.</summary>
    public string? WhyNot(CountedReview review) => Votes?.Reviews.FirstOrDefault(r => r.Review.Approver == review.Approver)?.WhyNot;

    /// <summary>Whether two people who agreed in the forge count as a review.</summary>
    public static bool CountsTwoParty(SafeguardPolicy policy) =>
        policy.SignedOrigin is { Summaries.TwoParty: TwoPartyReviews.CountsAsReview };

    public string PersonOf(string name) => (Policy.Approval?.Identities ?? KnownPeople.None).PersonOf(name);

    public IReadOnlyList<string> GroupsOf(string name) => (Policy.Approval?.Identities ?? KnownPeople.None).GroupsOf(name);
}

using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Policies;
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

    /// <summary>Statements whose signatures fit.</summary>
    public IReadOnlyList<VerifiedStatement> Statements { get; init; } = [];

    /// <summary>Null if it is undecided, or was not asked.</summary>
    public ImageProvenance? Provenance { get; init; }

    /// <summary>What else of the cluster stands against it, whatever is proven of the image; empty if nothing is known to.</summary>
    public string GapBeside { get; init; } = "";

    public static Belief BeliefIn(ImageProvenance provenance, SafeguardPolicy policy) =>
        provenance.Chain.Count > 0
        && (
            provenance.Origin is OriginVerdict.NotAi
            || provenance.Reviews.Count > 0
            || (provenance.TwoParty is not null && CountsTwoParty(policy))
        )
            ? Belief.Believed
            : Belief.Missing;

    /// <summary>Whether two people who agreed in the forge count as a review.</summary>
    public static bool CountsTwoParty(SafeguardPolicy policy) =>
        policy.SignedOrigin is { Summaries.TwoParty: TwoPartyReviews.CountsAsReview };

    public string PersonOf(string name) => (Policy.Approval?.Identities ?? KnownPeople.None).PersonOf(name);

    public IReadOnlyList<string> GroupsOf(string name) => (Policy.Approval?.Identities ?? KnownPeople.None).GroupsOf(name);
}

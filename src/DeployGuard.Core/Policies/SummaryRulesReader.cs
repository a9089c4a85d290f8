using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;

namespace DeployGuard.Core.Policies;

/// <summary>Reads <c>origin.vsa</c>.</summary>
internal static class SummaryRulesReader
{
    public static SummaryRules Read(StrictObject vsa)
    {
        var levels = vsa.Strings("aiLevels");
        foreach (var (level, i) in levels.Select((level, i) => (level, i)).Where(l => !IsOwn(l.level)))
        {
            vsa.Error(
                $"aiLevels[{i}]",
                $"\"{level}\" is no level of your own: write {SourceSummary.OwnLevel} and capital letters, digits and underscores"
            );
        }

        return new SummaryRules(vsa.Enum("twoPartyReview", TwoPartyReviews.Ignore), levels);
    }

    /// <summary>What the block needs of the keys.</summary>
    public static void Compare(StrictObject origin, SignedOrigin signed)
    {
        if (!origin.Has("vsa"))
        {
            return;
        }

        if (signed.Keys.All(k => k.Role is not KeyRole.Vsa))
        {
            origin.Error("vsa", "needs a key of the role Vsa in origin.keys: only its summaries are read");
        }

        if (signed is { Summaries.TwoParty: TwoPartyReviews.CountsAsReview } && signed.Keys.All(k => k.Role is not KeyRole.SourceReview))
        {
            origin.Error(
                "vsa.twoPartyReview",
                "CountsAsReview needs a key of the role SourceReview too: a summary is about one commit, and change statements say "
                    + "which commits a change has"
            );
        }
    }

    /// <summary>What the block needs of the quorum: who reviewed in the forge may be any of those who approve in the cluster.</summary>
    public static void Compare(StrictObject spec, SafeguardPolicy policy)
    {
        if (
            policy is { SignedOrigin.Summaries.TwoParty: TwoPartyReviews.CountsAsReview, Approval: { HasOneSeat: false } rules }
            && rules.Quorum.Count > 0
        )
        {
            spec.Error(
                "origin.vsa.twoPartyReview",
                "CountsAsReview needs a quorum of one line with count 1: a summary names no person, so one person could fill two seats"
            );
        }
    }

    private static bool IsOwn(string level) =>
        level.StartsWith(SourceSummary.OwnLevel, StringComparison.Ordinal)
        && level.Length > SourceSummary.OwnLevel.Length
        && level.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) || c == '_');
}

using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Approvals;

/// <summary>What keeps a line of a quorum from being filled, as far as role bindings show it.</summary>
/// <param name="Index">Its place in <c>approval.quorum</c>.</param>
/// <param name="Unnamed">Groups that no binding names: perhaps they are misspelt.</param>
/// <param name="Without">Namespaces in which no binding lets any of the groups approve.</param>
/// <param name="IsNowhere">The policy matches no namespace yet, and no binding lets the groups approve in any.</param>
public sealed record QuorumGap(int Index, QuorumLine Line, IReadOnlyList<string> Unnamed, IReadOnlyList<string> Without, bool IsNowhere)
{
    /// <summary>
    /// A name for the binding that lets the first group of the line approve. Another group has another binding, so the command works a
    /// second time. A slash or % cannot be part of its name.
    /// </summary>
    public string BindingName => $"deployguard-approvers-{string.Concat(Line.Groups[0].Select(c => c is '/' or '%' ? '-' : c))}";

    /// <summary>Whether nobody can fill the line somewhere.</summary>
    public bool IsUnfillable => Without.Count > 0 || IsNowhere;

    /// <summary>The gaps of a policy in the namespaces that it matches; none if it requires no approval.</summary>
    public static IReadOnlyList<QuorumGap> Of(SafeguardPolicy policy, IReadOnlyList<string> namespaces, VotingRights rights) =>
        policy.Approval is { Required: not Required.Never } approval
            ?
            [
                .. approval
                    .Quorum.Select((line, i) => Of(i, line, namespaces, rights))
                    .Where(gap => gap.IsUnfillable || gap.Unnamed.Count > 0),
            ]
            : [];

    private static QuorumGap Of(int index, QuorumLine line, IReadOnlyList<string> namespaces, VotingRights rights) =>
        new(
            index,
            line,
            [.. line.Groups.Where(g => !rights.IsNamed(g))],
            [.. namespaces.Where(n => !line.Groups.Any(g => rights.MayVote(g, n)))],
            namespaces.Count == 0 && !line.Groups.Any(rights.MayVoteSomewhere)
        );
}

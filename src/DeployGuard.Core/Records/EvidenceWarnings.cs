using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Policies;

namespace DeployGuard.Core.Records;

/// <summary>Fields about signed evidence that are valid each, and by which no review can ever count.</summary>
public static class EvidenceWarnings
{
    private const int MaxShown = 40;

    public static IReadOnlyList<string> Of(SafeguardPolicy policy) =>
        policy is { Approval: { Required: not Required.Never } rules, SignedOrigin: { Keys.Count: > 0 } signed }
            ? [.. OfRoles(signed), .. rules.Identities.People.SelectMany((person, i) => OfPerson(person, i, rules))]
            : [];

    private static IEnumerable<string> OfRoles(SignedOrigin signed)
    {
        if (signed.Keys.All(k => k.Role is not KeyRole.SourceReview))
        {
            yield return $"spec.origin.keys has no key of the role {KeyRole.SourceReview}, so that signed evidence stands in for no approval. "
                + "Add the public key of the forge's side";
        }
    }

    private static IEnumerable<string> OfPerson(NamedPerson person, int index, ApprovalRules rules)
    {
        var at = $"spec.identities[{index}]";
        foreach (var group in person.Groups.Where(g => rules.Quorum.All(l => !l.Groups.Contains(g))))
        {
            yield return $"{at}.groups: no line of approval.quorum has the group {Short(group)}, so that it fills no seat; check its spelling";
        }

        // User names of the cluster have no prefix either, but hardly consist of digits.
        foreach (var name in person.Aliases.Where(n => n.Length > 0 && n.All(char.IsAsciiDigit)))
        {
            yield return $"{at}.names: \"{Short(name)}\" has no prefix of a forge, so that no statement names it; write it as statements do, "
                + $"such as github:{Short(name)}";
        }
    }

    private static string Short(string text) => text.Length <= MaxShown ? text : $"{text[..MaxShown]}...";
}

using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;

namespace DeployGuard.Core.Records;

/// <summary>Fields about evidence that are valid each, and by which no review can ever count, or no evidence is looked for.</summary>
public static class EvidenceWarnings
{
    private const int MaxShown = 40;

    public static IReadOnlyList<string> Of(SafeguardPolicy policy) =>
        policy is { Approval.Required: not Required.Never, SignedOrigin: { Keys.Count: > 0 } signed }
            ? [.. OfRoles(signed), .. BesideKeys(policy)]
            : BesideKeys(policy);

    /// <summary>
    /// Without those of the roles of keys: where images are named by tags, and where statements name people who are in no identities.
    /// </summary>
    public static IReadOnlyList<string> BesideKeys(SafeguardPolicy policy) =>
        policy is { Approval: { Required: not Required.Never } rules, SignedOrigin: { } signed }
            ? [.. OfTags(policy), .. signed.Keys.Count > 0 ? OfPeople(signed, rules) : []]
            : [];

    private static IEnumerable<string> OfPeople(SignedOrigin signed, ApprovalRules rules) =>
        [.. OfNobody(signed, rules), .. rules.Identities.People.SelectMany((person, i) => OfPerson(person, i, rules))];

    /// <param name="mayRead">Whether DeployGuard may read the Secrets of its namespace; null if nobody can say.</param>
    public static IEnumerable<string> OfSecrets(SafeguardPolicy policy, bool? mayRead) =>
        mayRead is false && policy.SignedOrigin is { } signed && SecretsOf(signed).FirstOrDefault() is { } name
            ?
            [
                $"spec.origin names Secret {Short(name)}, and DeployGuard may not read Secrets of its namespace, so that no "
                    + "evidence counts under this policy. Set originSecrets of the chart to "
                    + $"true{(signed.Keys.Any(k => k.Secret is not null) ? ", or write the key as pem" : "")}",
            ]
            : [];

    /// <summary>The names of the Secrets that hold its keys and pull credentials.</summary>
    public static IEnumerable<string> SecretsOf(SignedOrigin origin) =>
        origin.Keys.Select(k => k.Secret?.Name).Concat(origin.Registries.Select(r => r.PullSecret)).OfType<string>();

    private static IEnumerable<string> OfTags(SafeguardPolicy policy)
    {
        if (policy is { UnknownOrigin: OriginKind.Human, Images: not { Pin: Pin.Digest } })
        {
            yield return "spec.origin.unknown is Human, and images need no digest: what an image named by a tag says of AI is never looked "
                + "up, so it counts as human. Set images.pin to Digest";
        }
    }

    /// <summary>A summary of two people names nobody, and needs no entry.</summary>
    private static IEnumerable<string> OfNobody(SignedOrigin signed, ApprovalRules rules)
    {
        if (
            signed.Keys.Any(k => k.Role is KeyRole.SourceReview)
            && signed.Summaries.TwoParty is not TwoPartyReviews.CountsAsReview
            && rules.Identities.People.All(p => p.Groups.Count == 0)
        )
        {
            yield return "spec.identities puts nobody into a group of approval.quorum, so that no signed review fills a seat. "
                + "Add those who review, as in {person: erin, names: [\"github:2002\"], groups: [GROUP]}";
        }
    }

    private static IEnumerable<string> OfRoles(SignedOrigin signed)
    {
        if (signed.Keys.All(k => k.Role is not KeyRole.SourceReview))
        {
            yield return $"spec.origin.keys has no key of the role {KeyRole.SourceReview}, so that signed evidence stands in "
                + "for no approval. Add the public key of the forge's side";
        }
    }

    private static IEnumerable<string> OfPerson(NamedPerson person, int index, ApprovalRules rules)
    {
        var at = $"spec.identities[{index}]";
        foreach (var group in person.Groups.Where(g => rules.Quorum.All(l => !l.Groups.Contains(g))))
        {
            yield return $"{at}.groups: no line of approval.quorum has the group {Short(group)}, so that it fills no seat; "
                + "check its spelling";
        }

        // User names of the cluster have no prefix either, but hardly consist of digits.
        foreach (var name in person.Aliases.Where(n => n.Length > 0 && n.All(char.IsAsciiDigit)))
        {
            yield return $"{at}.names: \"{Short(name)}\" has no prefix of a forge, so that no statement names it; write it as "
                + $"statements do, such as github:{Short(name)}";
        }
    }

    private static string Short(string text) => text.Length <= MaxShown ? text : $"{text[..MaxShown]}...";
}

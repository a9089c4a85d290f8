using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;

namespace DeployGuard.Core.Approvals;

/// <summary>Who requested or wrote a revision, under every name of theirs. Statements may name thousands of authors.</summary>
internal sealed class OwnPeople(VotedRevision revision, KnownPeople identities)
{
    private HashSet<string>? _people;

    public bool Has(string name) =>
        revision.Requesters.Contains(name)
        || revision.Authors.Contains(OriginReader.AsAuthor(name))
        || (identities.People.Count > 0 && (IsPerson(name) || IsPerson(OriginReader.AsAuthor(name))));

    private bool IsPerson(string name) =>
        (_people ??= revision.Requesters.Concat(revision.Authors).Select(identities.PersonOf).ToHashSet(identities.Comparer)).Contains(
            identities.PersonOf(name)
        );
}

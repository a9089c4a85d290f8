using System.Collections.Frozen;

namespace DeployGuard.Core.Policies;

/// <summary>
/// The names of people: in the forge, in commits, in the cluster. A quorum counts people, and those who wrote or requested a change are
/// excluded under every name of theirs. Names are compared without regard to case.
/// </summary>
/// <param name="People">Each name belongs to one person.</param>
public sealed record KnownPeople(IReadOnlyList<NamedPerson> People)
{
    public const string EmailPrefix = "email:";

    public static readonly KnownPeople None = new([]);

    /// <summary>A statement may name thousands, and each is asked about.</summary>
    private readonly FrozenDictionary<string, NamedPerson> _byName = People
        .SelectMany(p => p.Aliases.Prepend(p.Person).Select(n => (Name: Plain(n), Person: p)))
        .DistinctBy(n => n.Name, Names)
        .ToFrozenDictionary(n => n.Name, n => n.Person, Names);

    /// <summary>How names of people are compared.</summary>
    public static StringComparer Names => StringComparer.OrdinalIgnoreCase;

    /// <summary>How names are compared under this list: without one, a name is one user, as the API server takes it.</summary>
    public StringComparer Comparer => People.Count == 0 ? StringComparer.Ordinal : Names;

    /// <summary>The person behind a name; the name itself if nobody has it.</summary>
    public string PersonOf(string name) => Find(name)?.Person ?? Plain(name);

    /// <summary>The groups of a person, for a name that no authenticator has vouched for; none if nobody has it.</summary>
    public IReadOnlyList<string> GroupsOf(string name) => Find(name)?.Groups ?? [];

    /// <summary>Statements name an author as <c>email:dana@example.com</c>, clusters and people without the prefix.</summary>
    public static string Plain(string name) =>
        name.StartsWith(EmailPrefix, StringComparison.OrdinalIgnoreCase) ? name[EmailPrefix.Length..] : name;

    private NamedPerson? Find(string name) => _byName.GetValueOrDefault(Plain(name));
}

/// <param name="Person">For messages, and a name of theirs too.</param>
/// <param name="Aliases">Such as <c>github:1001</c>, an e-mail address of commits, or a user name of the cluster.</param>
/// <param name="Groups">For the quorum: signed reviews name a person, and no groups.</param>
public sealed record NamedPerson(string Person, IReadOnlyList<string> Aliases, IReadOnlyList<string> Groups)
{
    public bool Has(string name) =>
        Aliases.Prepend(Person).Any(n => KnownPeople.Names.Equals(KnownPeople.Plain(n), KnownPeople.Plain(name)));
}

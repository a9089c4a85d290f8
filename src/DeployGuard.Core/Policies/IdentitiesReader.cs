namespace DeployGuard.Core.Policies;

/// <summary>Reads the block <c>identities</c>.</summary>
internal static class IdentitiesReader
{
    public static KnownPeople Read(StrictObject spec)
    {
        var people = spec.Objects("identities", ReadPerson);
        var owners = new Dictionary<string, int>(KnownPeople.Names);
        foreach (var (person, i) in people.Select((person, i) => (person, i)))
        {
            foreach (
                var name in person
                    .Aliases.Prepend(person.Person)
                    .Select(KnownPeople.Plain)
                    .Distinct(KnownPeople.Names)
                    .Where(n => n.Length > 0)
            )
            {
                if (!owners.TryAdd(name, i) && owners[name] != i)
                {
                    spec.Error($"identities[{i}]", $"\"{name}\" is a name of identities[{owners[name]}] too; one name is of one person");
                }
            }
        }

        return people.Count == 0 ? KnownPeople.None : new KnownPeople(people);
    }

    private static NamedPerson ReadPerson(StrictObject person)
    {
        var read = new NamedPerson(person.Text("person") ?? "", person.Strings("names"), person.Strings("groups"));
        if (read.Person.Length == 0 || read.Person.Any(char.IsControl))
        {
            person.Error("person", "is missing: give the name by which messages call them");
        }

        if (read.Aliases.Count == 0)
        {
            person.Error("names", "must have at least one name, such as github:1001, an e-mail address or a user name of the cluster");
        }

        foreach (var (name, i) in read.Aliases.Select((name, i) => (name, i)).Where(n => IsOfKubernetes(n.name)))
        {
            person.Error($"names[{i}]", $"\"{name}\" is a machine of Kubernetes, and no name of a person");
        }

        foreach (var (group, i) in read.Groups.Select((group, i) => (group, i)).Where(g => IsOfKubernetes(g.group)))
        {
            person.Error($"groups[{i}]", $"\"{group}\" is a group of Kubernetes, which does not tell who may approve");
        }

        return read;
    }

    private static bool IsOfKubernetes(string name) => name.StartsWith("system:", StringComparison.Ordinal);
}

using DeployGuard.Core.Comparison;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Provenance;

namespace DeployGuard.Cli.Attest;

/// <summary>
/// The ids under which a statement names people: what <c>--authors-map</c> says for their e-mail address, the number of their GitHub
/// account
/// if that is in the address, otherwise the address itself.
/// </summary>
internal sealed class AuthorIds(IReadOnlyDictionary<string, string> map)
{
    public string Of(Person person) =>
        map.TryGetValue(person.Address, out var id) ? id
        : Detectors.GitHubIdOf(person.Address) is { } number ? $"github:{number}"
        : person.Address.Length > 0 ? $"{KnownPeople.EmailPrefix}{VisibleText.Inline(person.Address)}"
        : $"name:{VisibleText.Inline(person.Name)}";

    /// <summary>A JSON object of e-mail addresses and ids.</summary>
    /// <exception cref="Manifests.ManifestException">The file cannot be used.</exception>
    public static AuthorIds Read(string? file) =>
        new(
            file is null
                ? new Dictionary<string, string>()
                : StrictFile.Read(
                    file,
                    root =>
                        root.Element.EnumerateObject()
                            .Select(p =>
                                (Address: p.Name.Trim().ToLowerInvariant(), Id: AuthorId.Checked(root.Required(p.Name), root, p.Name))
                            )
                            .GroupBy(p => p.Address)
                            .ToDictionary(
                                g => g.Key,
                                g => g.Count() == 1 ? g.Single().Id : throw StrictFile.Wrong(root, g.Key, "is there twice"),
                                StringComparer.Ordinal
                            )
                )
        );
}

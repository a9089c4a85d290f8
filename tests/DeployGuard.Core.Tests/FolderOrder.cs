using System.Reflection;

namespace DeployGuard.Tests;

/// <summary>
/// Checks the order of the folders of a project: a folder may use only those before it, so that there is no circle. Read from the compiled
/// assembly: base types, signatures and method bodies. A constant leaves no trace there, because the compiler copies its value.
/// </summary>
internal static class FolderOrder
{
    /// <summary>Stands for the types that are in no folder.</summary>
    public const string Root = ".";

    /// <param name="root">Namespace of the project; the next part of a namespace is the folder.</param>
    /// <param name="order">The folders; each uses only those before it.</param>
    /// <returns>
    /// Violations of the order, such as <c>Changes.ChangeDocument uses Leader.Rehash</c>, and folders that the order does not name; sorted.
    /// </returns>
    public static IReadOnlyList<string> Violations(Assembly assembly, string root, params string[] order)
    {
        var rank = order.Index().ToDictionary(f => f.Item, f => f.Index, StringComparer.Ordinal);
        var uses = TypeUses
            .Of(assembly)
            .Where(u => Folder(u.From, root) is not null && Folder(u.To, root) is not null)
            .Select(u => (u.From, u.To, FromFolder: Folder(u.From, root) ?? "", ToFolder: Folder(u.To, root) ?? ""))
            .ToList();
        var unknown = uses.SelectMany(u => new[] { u.FromFolder, u.ToFolder })
            .Where(f => !rank.ContainsKey(f))
            .Select(f => $"the order does not name {f}");
        var against = uses.Where(u => rank.TryGetValue(u.FromFolder, out var from) && rank.TryGetValue(u.ToFolder, out var to) && to > from)
            .Select(u => $"{u.From[(root.Length + 1)..]} uses {u.To[(root.Length + 1)..]}");
        return [.. unknown.Concat(against).Distinct().Order(StringComparer.Ordinal)];
    }

    /// <summary>Null for a type of another namespace, such as those that the compiler adds.</summary>
    private static string? Folder(string type, string root) =>
        !type.StartsWith(root + ".", StringComparison.Ordinal) ? null
        : type[(root.Length + 1)..].Split('.') is [var folder, _, ..] ? folder
        : Root;
}

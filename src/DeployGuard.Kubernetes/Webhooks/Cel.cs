using System.Text.Json.Nodes;

namespace DeployGuard.Kubernetes.Webhooks;

/// <summary>
/// Pieces of CEL that cost little for any object. The API server gives an expression a budget, and one that is over it refuses under Fail and skips us under
/// Ignore: so a list or map is walked only after its size was tested. Comparing two maps costs little whatever they hold, and needs no test.
/// </summary>
internal static class Cel
{
    /// <summary>Two objects have a field alike, or neither has it.</summary>
    public static string Same(string left, string right, string field) =>
        $"(has({left}.{field}) ? has({right}.{field}) && {left}.{field} == {right}.{field} : !has({right}.{field}))";

    /// <summary>Something in a list is so, or the list is longer than may be walked: what cannot be told is asked.</summary>
    /// <param name="name">Of an item, in <paramref name="isSo"/>.</param>
    public static string MayHave(string owner, string list, int longest, string name, string isSo) =>
        $"(has({owner}.{list}) && (size({owner}.{list}) > {longest} || {owner}.{list}.exists({name}, {isSo})))";

    /// <summary>A map of strings; empty where it is missing.</summary>
    public static string MapOf(string owner, string field) => $"(has({owner}.{field}) ? {owner}.{field} : {{}})";

    /// <summary>A value of a map of strings that may be missing; empty where it is.</summary>
    public static string ValueOf(string owner, string map, string key) => $"(has({owner}.{map}) && {Quoted(key)} in {owner}.{map} ? {owner}.{map}[{Quoted(key)}] : '')";

    public static string Quoted(string text) => $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";

    public static string ListOf(IEnumerable<string> texts) => $"[{string.Join(", ", texts.Select(Quoted))}]";

    /// <summary>On one line, as it is compared with what the server gives back.</summary>
    public static JsonObject Condition(string name, string expression) =>
        new() { ["name"] = name, ["expression"] = string.Join(' ', expression.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)) };
}

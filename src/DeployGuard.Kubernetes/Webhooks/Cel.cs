using System.Text.Json.Nodes;

namespace DeployGuard.Kubernetes.Webhooks;

/// <summary>
/// Parts of CEL expressions whose cost is small for every object. The API server limits the cost of an expression. One that exceeds the
/// limit refuses the request under Fail, and skips DeployGuard under Ignore. So a list or map is iterated only after its size was tested;
/// comparing two maps needs no test.
/// </summary>
internal static class Cel
{
    /// <summary>Two objects have the same value in a field, or neither has the field.</summary>
    public static string Same(string left, string right, string field) =>
        $"(has({left}.{field}) ? has({right}.{field}) && {left}.{field} == {right}.{field} : !has({right}.{field}))";

    /// <summary>An item of a list meets a condition, or the list is too long to iterate: then the webhook is called.</summary>
    /// <param name="name">Of an item, in <paramref name="condition"/>.</param>
    public static string MayHave(string owner, string list, int max, string name, string condition) =>
        $"(has({owner}.{list}) && (size({owner}.{list}) > {max} || {owner}.{list}.exists({name}, {condition})))";

    /// <summary>A map of strings; empty if it is missing.</summary>
    public static string MapOf(string owner, string field) => $"(has({owner}.{field}) ? {owner}.{field} : {{}})";

    /// <summary>A value in a map of strings; empty if the map or the key is missing.</summary>
    public static string ValueOf(string owner, string map, string key) =>
        $"(has({owner}.{map}) && {Quoted(key)} in {owner}.{map} ? {owner}.{map}[{Quoted(key)}] : '')";

    public static string Quoted(string text) =>
        $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";

    public static string ListOf(IEnumerable<string> texts) => $"[{string.Join(", ", texts.Select(Quoted))}]";

    /// <summary>On one line, because it is compared with what the server returns.</summary>
    public static JsonObject Condition(string name, string expression) =>
        new()
        {
            ["name"] = name,
            ["expression"] = string.Join(
                ' ',
                expression.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            ),
        };
}

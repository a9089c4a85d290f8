using System.Text.Json;

namespace DeployGuard.Core.Comparison;

/// <summary>
/// The fields of a template that give its pods more than a container has by default, and that a comparison does not list because the
/// revision before has them too. An approval signs them again.
/// </summary>
public static class KeptPrivileges
{
    /// <param name="differences">What the approver is shown of the same template.</param>
    public static IReadOnlyList<Difference> Of(JsonElement template, IReadOnlyList<Difference> differences)
    {
        var shown = differences.Select(d => d.Path).ToHashSet(StringComparer.Ordinal);
        return
        [
            .. TemplateComparison.Between(null, template).Where(d => IsPrivilege(d) && !ServerDefault.Is(d) && !shown.Contains(d.Path)),
        ];
    }

    private static bool IsPrivilege(Difference field) =>
        field.After is { } value
        && field.Section switch
        {
            Section.Privileged => IsOn(value),
            Section.Capabilities => Ends(field, "add"),
            Section.SecurityContext => (Ends(field, "allowPrivilegeEscalation") && IsOn(value))
                || (Ends(field, "procMount") && value is not ["Default"])
                || (Ends(field, "type") && value is ["Unconfined"])
                || ((Ends(field, "runAsUser") || Ends(field, "runAsGroup")) && value is ["0"]),
            // With hostUsers, true is the default, and false is the safe value.
            Section.Host => value is not ["false"] && !Ends(field, "hostUsers"),
            _ => false,
        };

    private static bool IsOn(IReadOnlyList<string> value) => value is not ["false"];

    private static bool Ends(Difference field, string name) => field.Path.EndsWith("." + name, StringComparison.Ordinal);
}

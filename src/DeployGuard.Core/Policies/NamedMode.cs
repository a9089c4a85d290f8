using System.Text.Json;

namespace DeployGuard.Core.Policies;

/// <summary>
/// Whether a SafeguardPolicy object names its mode. A new one that does not gets <see cref="Mode.Audit"/> when it is created; a stored one
/// counts as <see cref="Mode.Enforce"/>, so that an upgrade opens nobody's guard (decision 19).
/// </summary>
public static class NamedMode
{
    /// <summary>The mode as the object spells it; null if it names none.</summary>
    public static string? Of(JsonElement policy) =>
        policy.ValueKind is JsonValueKind.Object
        && policy.TryGetProperty("spec", out var spec)
        && spec.ValueKind is JsonValueKind.Object
        && spec.TryGetProperty("mode", out var mode)
        && mode.ValueKind is not JsonValueKind.Null
            ? mode.ToString()
            : null;
}

using System.Text.Json;

namespace DeployGuard.Rig;

/// <summary>What DeployGuard's own service account asked an API server for, as its audit log has it.</summary>
/// <param name="Allowed">As <see cref="Name"/> writes them.</param>
/// <param name="Forbidden">The same, with what was refused for want of a role.</param>
public sealed record UsedPermissions(IReadOnlySet<string> Allowed, IReadOnlySet<string> Forbidden)
{
    public static UsedPermissions Read(string auditLog)
    {
        var (allowed, forbidden) = (new HashSet<string>(), new HashSet<string>());
        foreach (var line in File.Exists(auditLog) ? File.ReadLines(auditLog) : [])
        {
            using var entry = JsonDocument.Parse(line);
            if (!entry.RootElement.TryGetProperty("objectRef", out var about) || !entry.RootElement.TryGetProperty("responseStatus", out var status) || !status.TryGetProperty("code", out var code))
            {
                continue;
            }

            var resource = Text(about, "subresource") is { Length: > 0 } sub ? $"{Text(about, "resource")}/{sub}" : Text(about, "resource");
            var name = Name(Text(entry.RootElement, "verb"), Text(about, "apiGroup"), resource);
            _ = code.GetInt32() switch
            {
                // That something is not there is an answer, too.
                < 300 or 404 => allowed.Add(name),
                403 when IsAboutRoles(status) => forbidden.Add(name),
                // A conflict, or refused by admission: it was asked, and did nothing.
                _ => false,
            };
        }

        return new UsedPermissions(allowed, forbidden);
    }

    /// <summary><c>list deployments.apps</c>; the core group has no name.</summary>
    public static string Name(string verb, string group, string resource) => $"{verb} {(group.Length == 0 ? resource : $"{resource}.{group}")}";

    /// <summary>Admission refuses with the same code.</summary>
    private static bool IsAboutRoles(JsonElement status) => Text(status, "message").Contains("cannot", StringComparison.Ordinal);

    private static string Text(JsonElement owner, string name) => owner.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() ?? "" : "";
}

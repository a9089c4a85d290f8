using System.Text.Json;

namespace DeployGuard.Rig;

/// <summary>The requests of DeployGuard's service account, from the audit log of an API server.</summary>
/// <param name="Allowed">Used permissions, in the form of <see cref="Name"/>.</param>
/// <param name="Forbidden">Requests that RBAC refused, in the same form.</param>
public sealed record UsedPermissions(IReadOnlySet<string> Allowed, IReadOnlySet<string> Forbidden)
{
    public static UsedPermissions Read(string auditLog)
    {
        var (allowed, forbidden) = (new HashSet<string>(), new HashSet<string>());
        foreach (var line in File.Exists(auditLog) ? File.ReadLines(auditLog) : [])
        {
            using var entry = JsonDocument.Parse(line);
            if (
                !entry.RootElement.TryGetProperty("objectRef", out var about)
                || !entry.RootElement.TryGetProperty("responseStatus", out var status)
                || !status.TryGetProperty("code", out var code)
            )
            {
                continue;
            }

            var resource = Text(about, "subresource") is { Length: > 0 } sub ? $"{Text(about, "resource")}/{sub}" : Text(about, "resource");
            var name = Name(Text(entry.RootElement, "verb"), Text(about, "apiGroup"), resource);
            _ = code.GetInt32() switch
            {
                // NotFound also shows that the request was permitted.
                < 300 or 404 => allowed.Add(name),
                403 when IsAboutRoles(status) => forbidden.Add(name),
                // A conflict or a refusal by admission says nothing of permissions.
                _ => false,
            };
        }

        return new UsedPermissions(allowed, forbidden);
    }

    /// <summary><c>list deployments.apps</c>; the core group has no name.</summary>
    public static string Name(string verb, string group, string resource) =>
        $"{verb} {(group.Length == 0 ? resource : $"{resource}.{group}")}";

    /// <summary>Admission refuses with the same code.</summary>
    private static bool IsAboutRoles(JsonElement status) => Text(status, "message").Contains("cannot", StringComparison.Ordinal);

    private static string Text(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() ?? "" : "";
}

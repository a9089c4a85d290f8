using System.Text.Json;
using System.Text.RegularExpressions;

namespace DeployGuard.Core.Workloads;

/// <summary>
/// The volume through which ServiceAccount admission gives a pod its token. Its name is made up for each pod and would give each
/// another hash. So the name of one that is exactly as admission writes it is replaced by a fixed one, in the volume and in its mounts;
/// all else of it counts, so that a pod with a token and one without differ.
/// </summary>
internal static partial class TokenVolume
{
    /// <summary>No volume can have this name.</summary>
    public const string FixedName = "kube-api-access-*";

    private static readonly JsonElement s_projected = Parse("""
        {"defaultMode": 420, "sources": [
          {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
          {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
          {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}}]}
        """);

    /// <summary>OpenShift's API server adds the certificates of its services.</summary>
    private static readonly JsonElement s_ofOpenShift = Parse("""
        {"defaultMode": 420, "sources": [
          {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
          {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
          {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
          {"configMap": {"name": "openshift-service-ca.crt", "items": [{"key": "service-ca.crt", "path": "service-ca.crt"}]}}]}
        """);

    /// <summary>The name that admission made up for this pod; null where there is none, or more than one.</summary>
    public static string? NameIn(JsonElement spec)
    {
        if (spec.TryGetProperty("automountServiceAccountToken", out var automount) && automount.ValueKind is JsonValueKind.False)
        {
            return null;
        }

        var names = spec.TryGetProperty("volumes", out var volumes) && volumes.ValueKind is JsonValueKind.Array
            ? volumes.EnumerateArray().Where(IsAdmissions).Select(v => v.GetProperty("name").GetString()).Take(2).ToList()
            : [];
        return names is [var only] ? only : null;
    }

    private static bool IsAdmissions(JsonElement volume) =>
        volume.ValueKind is JsonValueKind.Object && volume.GetPropertyCount() == 2
        && volume.TryGetProperty("name", out var name) && name.ValueKind is JsonValueKind.String && MadeUp().IsMatch(name.GetString() ?? "")
        && volume.TryGetProperty("projected", out var projected) && (JsonElement.DeepEquals(projected, s_projected) || JsonElement.DeepEquals(projected, s_ofOpenShift));

    private static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    [GeneratedRegex(@"\Akube-api-access-[bcdfghjklmnpqrstvwxz2456789]{5}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex MadeUp();
}

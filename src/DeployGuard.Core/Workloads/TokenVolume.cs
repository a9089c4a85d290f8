using System.Text.Json;
using System.Text.RegularExpressions;

namespace DeployGuard.Core.Workloads;

/// <summary>
/// The volume with which ServiceAccount admission mounts the pod's token. Its generated name would give every pod another hash. If a volume
/// is exactly as admission writes it, its name is replaced by a fixed one, also in the mounts. The rest of it stays in the hash, so pods
/// with and without a token differ.
/// </summary>
internal static partial class TokenVolume
{
    /// <summary>Stands for the generated name in the hash. A volume cannot have this name itself.</summary>
    public const string FixedName = "kube-api-access-*";

    private static readonly JsonElement s_projected = Parse(
        """
        {"defaultMode": 420, "sources": [
          {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
          {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
          {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}}]}
        """
    );

    /// <summary>OpenShift adds the certificate authority of its services.</summary>
    private static readonly JsonElement s_ofOpenShift = Parse(
        """
        {"defaultMode": 420, "sources": [
          {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
          {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
          {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
          {"configMap": {"name": "openshift-service-ca.crt", "items": [{"key": "service-ca.crt", "path": "service-ca.crt"}]}}]}
        """
    );

    /// <summary>The generated name in this pod; null if there is none, or more than one.</summary>
    public static string? NameIn(JsonElement spec)
    {
        if (spec.TryGetProperty("automountServiceAccountToken", out var automount) && automount.ValueKind is JsonValueKind.False)
        {
            return null;
        }

        var names =
            spec.TryGetProperty("volumes", out var volumes) && volumes.ValueKind is JsonValueKind.Array
                ? volumes.EnumerateArray().Where(IsTokenVolume).Select(v => v.GetProperty("name").GetString()).Take(2).ToList()
                : [];
        return names is [var only] ? only : null;
    }

    private static bool IsTokenVolume(JsonElement volume) =>
        volume.ValueKind is JsonValueKind.Object
        && volume.GetPropertyCount() == 2
        && volume.TryGetProperty("name", out var name)
        && name.ValueKind is JsonValueKind.String
        && GeneratedVolumeName().IsMatch(name.GetString() ?? "")
        && volume.TryGetProperty("projected", out var projected)
        && (JsonElement.DeepEquals(projected, s_projected) || JsonElement.DeepEquals(projected, s_ofOpenShift));

    private static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    [GeneratedRegex(@"\Akube-api-access-[bcdfghjklmnpqrstvwxz2456789]{5}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex GeneratedVolumeName();
}

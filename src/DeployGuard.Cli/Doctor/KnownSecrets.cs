using System.Text.Json.Nodes;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Records;

namespace DeployGuard.Cli.Doctor;

/// <summary>The Secrets of DeployGuard's namespace that policies name.</summary>
/// <param name="ByName">Null for one that does not exist. One that the user may not read is not in it.</param>
internal sealed record KnownSecrets(IReadOnlyDictionary<string, JsonNode?> ByName)
{
    /// <summary>DeployGuard keeps no Secret of another type.</summary>
    private static readonly string[] s_types = ["Opaque", "kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"];

    public static IEnumerable<string> NamedBy(SafeguardPolicy policy) =>
        policy.SignedOrigin is { } signed ? EvidenceWarnings.SecretsOf(signed) : [];

    /// <summary>What is wrong with a Secret as a whole; null if nothing is, or if it could not be read.</summary>
    public string? ProblemWith(string name) =>
        !ByName.TryGetValue(name, out var secret) ? null
        : secret is null ? "does not exist"
        : !s_types.Contains((string?)secret["type"]) ? $"has the type {(string?)secret["type"]}, which is not read; {s_types[0]} is"
        : null;

    /// <summary>The content of a field; null if there is none, or if the Secret could not be read.</summary>
    public byte[]? Find(string name, string field)
    {
        var text = (string?)ByName.GetValueOrDefault(name)?["data"]?[field] ?? "";
        var content = new byte[text.Length];
        return text.Length > 0 && Convert.TryFromBase64String(text, content, out var length) ? content[..length] : null;
    }

    public bool IsRead(string name) => ByName.ContainsKey(name);
}

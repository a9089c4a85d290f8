using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DeployGuard.Kubernetes.Certificates;

/// <summary>The content of the Secret of a managed certificate, in PEM.</summary>
/// <param name="Bundle">
/// Trusted authorities; the first signs new certificates, the others signed certificates that may still be served.
/// </param>
/// <param name="AuthorityKey">Key of the first authority.</param>
internal sealed record Material(string Bundle, string AuthorityKey, string Certificate, string Key)
{
    public static Material Begin(IReadOnlyList<string> dnsNames, DateTimeOffset now)
    {
        var authority = OwnAuthority.Create(now);
        var (certificate, key) = authority.Sign(dnsNames, now);
        return new Material(authority.Certificate, authority.Key, certificate, key);
    }

    /// <summary>Null for an empty Secret.</summary>
    /// <param name="name">Of the Secret, for messages.</param>
    /// <exception cref="CertificateProblemException">It has other content.</exception>
    public static Material? Read(JsonElement secret, string name) =>
        secret.TryGetProperty("data", out var data) && data.TryGetProperty("tls.crt", out _)
            ? new Material(
                Decode(data, name, "ca.crt"),
                Decode(data, name, "ca.key"),
                Decode(data, name, "tls.crt"),
                Decode(data, name, "tls.key")
            )
            : null;

    public JsonObject ToJson() =>
        new()
        {
            ["ca.crt"] = Encode(Bundle),
            ["ca.key"] = Encode(AuthorityKey),
            ["tls.crt"] = Encode(Certificate),
            ["tls.key"] = Encode(Key),
        };

    /// <summary>The authorities, the signing one first.</summary>
    /// <exception cref="CertificateProblemException">They cannot be read.</exception>
    public X509Certificate2Collection Authorities(string name) => CertificatePair.ParseAll($"{name}/ca.crt", Bundle);

    private static string Encode(string pem) => Convert.ToBase64String(Encoding.UTF8.GetBytes(pem));

    private static string Decode(JsonElement data, string name, string key) =>
        data.TryGetProperty(key, out var value) && value.TryGetBytesFromBase64(out var bytes)
            ? Encoding.UTF8.GetString(bytes)
            : throw new CertificateProblemException($"{name}/{key}: is missing");
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Certificates;

namespace DeployGuard.Cli.Doctor;

/// <summary>Whether the certificate that is served can be used, for how long, and whether the API server is told to trust its CA.</summary>
internal sealed class CertificateCheck : ICheck
{
    private static readonly TimeSpan s_soon = TimeSpan.FromDays(14);

    public string Name => "certificate";

    public async Task<IReadOnlyList<Diagnosis>> LookAsync(CheckContext patient, CancellationToken cancel)
    {
        var installed = patient.Installed;
        if (installed.GivenFiles is { Secret: null } elsewhere)
        {
            return [Diagnosis.Warning($"it serves {elsewhere.Certificate}, which is not mounted from a Secret and cannot be seen from here", $"Look in a pod's log: kubectl -n {patient.Namespace} logs deployment/{installed.Name}")];
        }

        var name = installed.GivenFiles?.Secret ?? installed.Options.Secret;
        var secret = await patient.FindAsync($"api/v1/namespaces/{patient.Namespace}/secrets/{name}", cancel);
        var files = installed.GivenFiles is { } given ? new[] { given.Certificate, given.Key, given.Ca } : ["tls.crt", "tls.key", "ca.crt"];
        var pem = files.Select(f => Decode(secret, Path.GetFileName(f))).ToList();
        var remedy = installed.GivenFiles is null
            ? $"The leader renews it when it is told to: kubectl -n {patient.Namespace} annotate secret {name} --overwrite deployguard.io/rotate=certificate"
            : $"Renew what fills it, such as: kubectl -n {patient.Namespace} describe certificate; the replicas read it again by themselves";
        if (pem is not [{ Length: > 0 } certificate, { Length: > 0 } key, { Length: > 0 } ca])
        {
            return [Diagnosis.Failed($"Secret {name} does not hold {string.Join(", ", files.Select(Path.GetFileName))}", secret is null ? $"There is no such Secret; the chart makes it: helm upgrade {installed.Name} CHART --reset-then-reuse-values" : remedy)];
        }

        var service = $"{installed.Options.Service}.{patient.Namespace}.svc";
        return [JudgePair(name, certificate, key, ca, service, remedy, patient.Now), .. JudgeBundles(await EntriesAsync(patient, cancel), ca)];
    }

    public static Diagnosis JudgePair(string secret, string certificate, string key, string ca, string service, string remedy, DateTimeOffset now)
    {
        try
        {
            using var leaf = CertificatePair.Load(certificate, key, ca, ($"{secret}/tls.crt", $"{secret}/tls.key", $"{secret}/ca.crt"), now);
            var left = leaf.NotAfter.ToUniversalTime() - now.UtcDateTime;
            var until = $"{(int)left.TotalDays} days, until {leaf.NotAfter.ToUniversalTime():yyyy-MM-dd}";
            return !leaf.MatchesHostname(service) ? Diagnosis.Failed($"{secret}/tls.crt is not for {service}, by which the API server calls", remedy)
                : left < s_soon ? Diagnosis.Warning($"{secret}/tls.crt holds only {until}: nothing has renewed it", remedy)
                : Diagnosis.Ok($"{secret}/tls.crt matches its key and CA, is for {service}, and holds {until}");
        }
        catch (CertificateProblemException problem)
        {
            return Diagnosis.Failed(problem.Message, remedy);
        }
    }

    /// <summary>The leader writes the CA into every entry; while certificates are being exchanged a bundle may hold more.</summary>
    public static IEnumerable<Diagnosis> JudgeBundles(IReadOnlyList<JsonNode> entries, string ca)
    {
        const string Remedy = "The leader restores it within seconds; if it does not, no replica leads: see deployment and registration here, and the replicas' logs";
        var wanted = Thumbprints(ca) ?? [];
        var bundles = entries.Select(e => (Name: (string?)e["name"], Held: Thumbprints(Text((string?)e["clientConfig"]?["caBundle"])))).ToList();
        foreach (var (name, _) in bundles.Where(b => b.Held is null || !b.Held.Overlaps(wanted)))
        {
            yield return Diagnosis.Failed($"caBundle of webhook {name} does not hold the CA of the certificate: every call of it fails", Remedy);
        }

        foreach (var (name, _) in bundles.Where(b => b.Held is not null && b.Held.Overlaps(wanted) && !b.Held.SetEquals(wanted)))
        {
            yield return Diagnosis.Warning($"caBundle of webhook {name} is not the same as the Secret's: right only while a CA is being exchanged", Remedy);
        }

        if (entries.Count > 0 && bundles.All(b => b.Held is not null && b.Held.SetEquals(wanted)))
        {
            yield return Diagnosis.Ok($"caBundle of all {entries.Count} webhooks is its CA");
        }
    }

    private static async Task<IReadOnlyList<JsonNode>> EntriesAsync(CheckContext patient, CancellationToken cancel) =>
        [.. RegistrationCheck.EntriesOf(await patient.ValidatingAsync(cancel)), .. RegistrationCheck.EntriesOf(await patient.MutatingAsync(cancel))];

    /// <summary>Null for what is no PEM.</summary>
    private static HashSet<string>? Thumbprints(string pem)
    {
        try
        {
            var all = new X509Certificate2Collection();
            all.ImportFromPem(pem);
            return all.Count == 0 ? null : [.. all.Select(c => c.GetCertHashString(HashAlgorithmName.SHA256))];
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static string Decode(JsonNode? secret, string name) => Text((string?)secret?["data"]?[name]);

    private static string Text(string? base64)
    {
        var bytes = new byte[base64?.Length ?? 0];
        return Convert.TryFromBase64String(base64 ?? "", bytes, out var length) ? Encoding.UTF8.GetString(bytes, 0, length) : "";
    }
}

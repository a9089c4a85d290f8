using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Kubernetes.Certificates;

namespace DeployGuard.Cli.Doctor;

/// <summary>Whether the served certificate is valid, for how long, and whether the API server trusts its CA.</summary>
internal sealed class CertificateCheck : ICheck
{
    private static readonly TimeSpan s_soon = TimeSpan.FromDays(14);

    /// <summary>The only check that reads a Secret.</summary>
    public const string OfSecret = "certificate";

    public string Name => OfSecret;

    public async Task<IReadOnlyList<Diagnosis>> RunAsync(CheckContext context, CancellationToken cancel)
    {
        var installation = context.Installation;
        if (installation.GivenFiles is { Secret: null } elsewhere)
        {
            return
            [
                Diagnosis.Warning(
                    $"{elsewhere.Certificate} is not mounted from a Secret, so this command cannot read it",
                    $"See the log of a pod: kubectl -n {context.Namespace} logs deployment/{installation.Name}"
                ),
            ];
        }

        var name = installation.GivenFiles?.Secret ?? installation.Options.Secret;
        var secret = await context.FindAsync(ApiPaths.One(ApiPaths.Secrets(context.Namespace), name), cancel);
        var files = installation.GivenFiles is { } given
            ? new[] { given.Certificate, given.Key, given.Ca }
            : ["tls.crt", "tls.key", "ca.crt"];
        var pem = files.Select(f => Decode(secret, Path.GetFileName(f))).ToList();
        var remedy = installation.GivenFiles is null
            ? $"Have the leader renew it: kubectl -n {context.Namespace} annotate secret {name} --overwrite "
                + "deployguard.io/rotate=certificate"
            : $"Fix the source of the Secret; with cert-manager see: kubectl -n {context.Namespace} describe certificate. The "
                + "replicas reload the Secret by themselves";
        if (pem is not [{ Length: > 0 } certificate, { Length: > 0 } key, { Length: > 0 } ca])
        {
            return
            [
                Diagnosis.Failed(
                    $"Secret {name} does not hold {string.Join(", ", files.Select(Path.GetFileName))}",
                    secret is null
                        ? $"The Secret does not exist. Create it with the chart: {installation.Upgrade("--reset-then-reuse-values")}"
                        : remedy
                ),
            ];
        }

        var service = $"{installation.Options.Service}.{context.Namespace}.svc";
        return
        [
            DiagnosePair(name, certificate, key, ca, service, remedy, context.Now),
            .. DiagnoseBundles(await EntriesAsync(context, cancel), ca),
        ];
    }

    public static Diagnosis DiagnosePair(
        string secret,
        string certificate,
        string key,
        string ca,
        string service,
        string remedy,
        DateTimeOffset now
    )
    {
        try
        {
            using var leaf = CertificatePair.Load(
                certificate,
                key,
                ca,
                ($"{secret}/tls.crt", $"{secret}/tls.key", $"{secret}/ca.crt"),
                now
            );
            var left = leaf.NotAfter.ToUniversalTime() - now.UtcDateTime;
            var expiry = $"expires in {(int)left.TotalDays} days, on {leaf.NotAfter.ToUniversalTime():yyyy-MM-dd}";
            return !leaf.MatchesHostname(service)
                    ? Diagnosis.Failed($"{secret}/tls.crt is not valid for {service}, the name that the API server calls", remedy)
                : left < s_soon ? Diagnosis.Warning($"{secret}/tls.crt {expiry}, and was not renewed", remedy)
                : Diagnosis.Ok($"{secret}/tls.crt matches its key and CA, is valid for {service}, and {expiry}");
        }
        catch (CertificateProblemException problem)
        {
            return Diagnosis.Failed(problem.Message, remedy);
        }
    }

    /// <summary>The leader writes the CA into every entry. During a rotation of the CA, a bundle holds the old one too.</summary>
    public static IEnumerable<Diagnosis> DiagnoseBundles(IReadOnlyList<JsonNode> entries, string ca)
    {
        const string Remedy =
            "Retry in a few seconds, because the leader restores it. If it persists, no replica leads: see the checks "
            + "deployment and registration, and the logs of the replicas";
        var wanted = Thumbprints(ca) ?? [];
        var bundles = entries
            .Select(e => (Name: (string?)e["name"], Held: Thumbprints(Text((string?)e["clientConfig"]?["caBundle"]))))
            .ToList();
        foreach (var (name, _) in bundles.Where(b => b.Held is null || !b.Held.Overlaps(wanted)))
        {
            yield return Diagnosis.Failed(
                $"caBundle of webhook {name} lacks the CA of the certificate: every call to this webhook fails",
                Remedy
            );
        }

        foreach (var (name, _) in bundles.Where(b => b.Held is not null && b.Held.Overlaps(wanted) && !b.Held.SetEquals(wanted)))
        {
            yield return Diagnosis.Warning(
                $"caBundle of webhook {name} differs from the CA in the Secret, which is right only during a rotation of the CA",
                Remedy
            );
        }

        if (entries.Count > 0 && bundles.All(b => b.Held is not null && b.Held.SetEquals(wanted)))
        {
            yield return Diagnosis.Ok($"caBundle of every webhook ({entries.Count}) is the CA of the certificate");
        }
    }

    private static async Task<IReadOnlyList<JsonNode>> EntriesAsync(CheckContext context, CancellationToken cancel) =>
        [
            .. RegistrationCheck.EntriesOf(await context.ValidatingAsync(cancel)),
            .. RegistrationCheck.EntriesOf(await context.MutatingAsync(cancel)),
        ];

    /// <summary>Null where the text is not PEM.</summary>
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

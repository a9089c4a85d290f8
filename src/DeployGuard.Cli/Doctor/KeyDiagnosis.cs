using System.Text;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Records;
using DeployGuard.Core.Workloads;
using DeployGuard.Cryptography;

namespace DeployGuard.Cli.Doctor;

/// <summary>Whether the keys that a policy trusts can be read, and for how long they are valid.</summary>
internal static class KeyDiagnosis
{
    /// <summary>A new key must reach the signers and the policy before the old one ends.</summary>
    private static readonly TimeSpan s_soon = TimeSpan.FromDays(30);

    public static IEnumerable<Diagnosis> Of(SafeguardPolicy policy, KnownSecrets secrets, string @namespace, DateTimeOffset now) =>
        policy.SignedOrigin is not { } signed
            ? []
            :
            [
                .. signed.Keys.Select(k => Unreadable(policy.Name, k, secrets, @namespace)).OfType<Diagnosis>(),
                .. Same(policy.Name, signed, secrets),
                .. signed.Ends.Select(e => Ending(policy.Name, e.Role, e.End, now)).OfType<Diagnosis>(),
                // Labels of images need no keys.
                .. signed.Keys.Count == 0 || signed.Keys.Any(k => k.Role is KeyRole.SourceReview)
                    ? []
                    : (Diagnosis[])
                        [
                            Diagnosis.Warning(
                                $"{policy.Name} trusts no key of the role {KeyRole.SourceReview}: signed evidence stands in for no approval",
                                $"Add the public key of the forge's side to origin.keys: kubectl edit safeguardpolicy {policy.Name}"
                            ),
                        ],
                .. EvidenceWarnings
                    .BesideKeys(policy)
                    .Select(w => Diagnosis.Warning($"{policy.Name}: {w}", $"Correct it: kubectl edit safeguardpolicy {policy.Name}")),
            ];

    private static Diagnosis? Unreadable(string policy, OriginKey key, KnownSecrets secrets, string @namespace)
    {
        if (key.Secret is not { } named)
        {
            return key.Pem is { } pem && ProblemWith(pem) is { } wrong
                ? Diagnosis.Failed($"{policy}: the key {key.Name} {wrong}", $"Fix it: kubectl edit safeguardpolicy {policy}")
                : null;
        }

        var remedy =
            $"Create it from the public key: kubectl -n {@namespace} create secret generic {named.Name} --from-file={named.Key}=FILE "
            + "--dry-run=client -o yaml | kubectl apply -f -";
        return secrets.ProblemWith(named.Name) is { } problem
                ? Diagnosis.Failed($"{policy}: the key {key.Name} is missing, because Secret {named.Name} {problem}", remedy)
            : !secrets.IsRead(named.Name) ? null
            : secrets.Find(named.Name, named.Key) is not { } content
                ? Diagnosis.Failed($"{policy}: the key {key.Name} is missing, because Secret {named.Name} has no field {named.Key}", remedy)
            : ProblemWith(Encoding.UTF8.GetString(content)) is { } unreadable
                ? Diagnosis.Failed($"{policy}: the key {key.Name} in Secret {named.Name} {unreadable}", remedy)
            : null;
    }

    /// <summary>A key with two roles would sign its own approvals as a builder, so the webhook uses none of the keys then.</summary>
    private static IEnumerable<Diagnosis> Same(string policy, SignedOrigin signed, KnownSecrets secrets) =>
        from one in signed.Keys
        let id = IdOf(one, secrets)
        where id is not null
        group one by id into same
        where same.Count() > 1
        let named = same.Select(k => $"{k.Name} ({(k.Secret is { } s ? $"Secret {s.Name}, field {s.Key}" : "pem")})")
        select Diagnosis.Failed(
            $"{policy}: {string.Join(" and ", named)} are the same key, so that no evidence counts",
            $"Give each role a key of its own: kubectl edit safeguardpolicy {policy}, or replace the content of one Secret"
        );

    private static string? IdOf(OriginKey key, KnownSecrets secrets)
    {
        var pem =
            key.Pem
            ?? (
                key.Secret is { } named && secrets.IsRead(named.Name) && secrets.Find(named.Name, named.Key) is { } content
                    ? Encoding.UTF8.GetString(content)
                    : null
            );
        // One that cannot be read is reported by itself.
        return pem is not null && ProblemWith(pem) is null ? PublicKey.Parse(pem, new MoreAlgorithms()).KeyId : null;
    }

    private static Diagnosis? Ending(string policy, KeyRole role, DateTimeOffset end, DateTimeOffset now)
    {
        var remedy =
            $"Add a new key of this role to origin.keys beside the old one, then sign with it: kubectl edit safeguardpolicy {policy}";
        return end <= now
                ? Diagnosis.Failed(
                    $"{policy}: the last key of the role {role} expired at {Rfc3339.Show(end)}, so that nothing counts",
                    remedy
                )
            : end < now + s_soon
                ? Diagnosis.Warning(
                    $"{policy}: the last key of the role {role} expires in {(int)(end - now).TotalDays} days, at {Rfc3339.Show(end)}",
                    remedy
                )
            : null;
    }

    private static string? ProblemWith(string pem)
    {
        try
        {
            PublicKey.Parse(pem, new MoreAlgorithms());
            return null;
        }
        catch (AttestationException wrong)
        {
            return wrong.Message;
        }
    }
}

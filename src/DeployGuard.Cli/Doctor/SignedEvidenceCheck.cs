using System.Net;
using System.Text.Json.Nodes;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Policies;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Cli.Doctor;

/// <summary>
/// Whether the signed evidence that policies trust can count: keys can be read and do not expire soon, credentials are there, and the
/// replicas reach the registries.
/// </summary>
internal sealed class SignedEvidenceCheck : ICheck
{
    private static readonly string[] s_verbs = ["list", "watch"];

    public string Name => "evidence";

    public async Task<IReadOnlyList<Diagnosis>> RunAsync(CheckContext context, CancellationToken cancel)
    {
        var policies = (await context.PoliciesAsync(cancel)).Where(p => p.SignedOrigin is not null).ToList();
        if (policies.Count == 0)
        {
            return [Diagnosis.Ok("no policy trusts keys, so that no registry is asked")];
        }

        var found = new List<Diagnosis>();
        var secrets = await SecretsAsync(context, policies, found, cancel);
        foreach (var policy in policies)
        {
            found.AddRange(KeyDiagnosis.Of(policy, secrets, context.Namespace, context.Now));
            found.AddRange(PullSecretDiagnosis.Of(policy, secrets, context.Namespace));
        }

        if (found.Count == 0)
        {
            found.Add(Diagnosis.Ok($"every key and pull secret of {string.Join(", ", policies.Select(p => p.Name))} can be read"));
        }

        if (policies.Exists(p => p.Mode is Mode.Enforce))
        {
            found.AddRange(await RegistriesAsync(context, policies, cancel));
        }

        return found;
    }

    /// <summary>The Secrets that policies name; those that the user may not read are left out.</summary>
    private static async Task<KnownSecrets> SecretsAsync(
        CheckContext context,
        List<SafeguardPolicy> policies,
        List<Diagnosis> found,
        CancellationToken cancel
    )
    {
        var names = policies.SelectMany(KnownSecrets.NamedBy).Distinct().ToList();
        var read = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        try
        {
            if (names.Count > 0 && !await MayReadAsync(context, cancel))
            {
                found.Add(
                    Diagnosis.Failed(
                        $"policies name Secrets ({string.Join(", ", names)}), and DeployGuard may not read those of namespace "
                            + $"{context.Namespace}: no evidence counts under these policies",
                        $"Let it: {context.Installation.Upgrade("--reset-then-reuse-values --set originSecrets=true")}"
                    )
                );
            }

            foreach (var name in names)
            {
                read[name] = await context.FindAsync(ApiPaths.One(ApiPaths.Secrets(context.Namespace), name), cancel);
            }
        }
        catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden)
        {
            found.Add(Diagnosis.NotChecked(refused.ServerMessage));
        }

        return new KnownSecrets(read);
    }

    private static async Task<bool> MayReadAsync(CheckContext context, CancellationToken cancel)
    {
        var (access, who) = (new AccessReviews(context.Api), new Requester(context.Installation.User, "", []));
        foreach (var verb in s_verbs)
        {
            if (!await access.MayAsync(who, new AccessRule("", "secrets", verb, context.Namespace, "", ""), cancel))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The replicas know: this program may run where the registry cannot be reached.</summary>
    private static async Task<IEnumerable<Diagnosis>> RegistriesAsync(
        CheckContext context,
        IReadOnlyList<SafeguardPolicy> policies,
        CancellationToken cancel
    )
    {
        try
        {
            return RegistryDiagnosis.Of(policies, await ReplicaMetrics.ReadAsync(context, cancel), context.Namespace);
        }
        catch (ApiException refused) when (refused.StatusCode is HttpStatusCode.Forbidden)
        {
            return [Diagnosis.NotChecked(refused.ServerMessage)];
        }
    }
}

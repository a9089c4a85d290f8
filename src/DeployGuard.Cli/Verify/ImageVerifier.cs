using DeployGuard.Cli.Registries;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Ports;
using DeployGuard.Manifests;
using DeployGuard.Registry;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Transport;
using DeployGuard.Statements;

namespace DeployGuard.Cli.Verify;

/// <summary>Judges an image as the webhook would under a policy, with the user's own credentials for its registries.</summary>
internal sealed class ImageVerifier(PolicySource source, TimeProvider time)
{
    /// <exception cref="ManifestException">The policy's registries or the user's credentials cannot be used.</exception>
    public async Task<ImageVerdict> VerifyAsync(PinnedImage image, SafeguardPolicy policy, CancellationToken cancel)
    {
        var name = $"{image}";
        if (policy.SignedOrigin is not { } origin || origin.SourcesOf(name).Count == 0)
        {
            return new ImageVerdict(name, policy, Belief.NotAsked);
        }

        if (source.Secrets is null && origin.Keys.Where(k => k.Secret is not null).Select(k => k.Name).ToList() is [_, ..] inSecrets)
        {
            return new ImageVerdict(name, policy, Belief.Undecided, InSecrets(inSecrets));
        }

        try
        {
            var keys = new TrustedKeySets(source.Secrets).Of(origin);
            var result = await FindAsync(image, origin, cancel);
            if (result is Unavailable unavailable)
            {
                return new ImageVerdict(name, policy, Belief.Undecided, $"{unavailable.Message.TrimEnd('.')}. {RemedyOf(unavailable)}")
                {
                    Lookup = result,
                };
            }

            var verification = FoundStatements.Verify(result, keys);
            var running = await source.RunningAsync(name, policy, keys, cancel);
            var judged = new JudgedImage($"{result.Image.Digest}") { Platforms = FoundText.PlatformsOf(result) };
            var question = OriginQuestion.Of(policy, origin, $"{result.Image}", judged, running);
            var now = time.GetUtcNow();
            var provenance = OriginEvaluator.Evaluate(question, verification, now);
            var votes = ImageVerdict.Count(name, provenance, policy, now);
            var (belief, gap) = (ImageVerdict.BeliefIn(provenance, policy, votes), source.GapBeside(provenance));
            return new ImageVerdict(name, policy, belief is Belief.Believed && gap.Length > 0 ? Belief.Missing : belief)
            {
                GapBeside = gap,
                IsOfImageAlone = source.Workload is null,
                Lookup = result,
                Running = running,
                Statements = verification.Statements,
                Provenance = provenance,
                Votes = votes,
            };
        }
        catch (UnavailableException missing)
        {
            var create = missing.Remedy.Length > 0 ? $"{missing.Remedy}, or pass" : "Pass";
            return new ImageVerdict(
                name,
                policy,
                Belief.Undecided,
                $"{missing.Message}. {create} a public key with --trusted-key NAME=FILE"
            );
        }
    }

    /// <summary>The credentials are those of the user, and nothing goes on after the command has ended.</summary>
    private static string RemedyOf(Unavailable result) =>
        result.Cause switch
        {
            FailureCause.Denied => $"Log in with an account that may read it: docker login {result.Image.Repository.Host}",
            FailureCause.Timeout => "Try again. If it persists, ask who runs the registry",
            _ => LookupRemedy.Of(result),
        };

    /// <summary>Nothing is wrong with the policy: with files, no cluster is asked.</summary>
    private static string InSecrets(List<string> keys) =>
        (keys is [var only] ? $"the key {only} is in a Secret" : $"the keys {string.Join(", ", keys)} are in Secrets")
        + ", and with --policy no Secrets are read. Pass "
        + (keys.Count == 1 ? "its public key: " : "their public keys: ")
        + string.Join(" ", keys.Select(k => $"--trusted-key {k}=FILE"))
        + "; or leave out --policy, so that the policies and Secrets of the cluster are read";

    private async Task<LookupResult> FindAsync(PinnedImage image, SignedOrigin origin, CancellationToken cancel)
    {
        var options = ProxyVariables.With(PolicyRegistries.Of(origin));
        if (options.Mistakes is [var mistake, ..])
        {
            throw new ManifestException($"origin.{mistake}");
        }

        var credentials = DockerCredentials.For(options.Registries.Select(r => RepositoryName.NormalHost(r.Host)));
        using var registries = new RegistryLookup(options, time);
        return await registries.FindAsync(new LookupRequest(image, credentials), cancel);
    }
}

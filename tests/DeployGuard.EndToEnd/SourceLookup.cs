using System.Text;
using DeployGuard.Core.Attestations.Trust;
using DeployGuard.Registry;
using DeployGuard.Registry.Access;
using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.Lookups;
using DeployGuard.Registry.References;

namespace DeployGuard.EndToEnd;

/// <summary>Reads what lies beside the images of a source, without an API server.</summary>
internal static class SourceLookup
{
    public static async Task<StatementsFound> FindAsync(SignedSource source, Digest image)
    {
        var settings = new RegistrySettings(source.Host) { CaBundle = source.Authority };
        using var lookup = new RegistryLookup(new RegistryOptions { Registries = [settings] }, TimeProvider.System);
        var secret = DockerConfig.Parse(Encoding.UTF8.GetBytes(RegistryUser.DockerConfig(source.Host)), "Secret shop/pull");
        var repository = new RepositoryName(source.Host, source.Repository[(source.Host.Length + 1)..]);
        var request = new LookupRequest(new PinnedImage(repository, image), new CredentialSet(secret)) { Labels = true };
        var result = await lookup.FindAsync(request, CancellationToken.None);
        return result as StatementsFound ?? throw new AssertionException($"{result.GetType().Name}: {string.Join("; ", result.Looked)}");
    }

    /// <summary>What is found, verified with the key of the source.</summary>
    public static async Task<Verification> VerifyAsync(SignedSource source, Digest image)
    {
        var found = await FindAsync(source, image);
        return AttestationVerifier.Verify(
            found.Statements.Select(s => FoundAttestation.Of(s.Place, s.MediaType, s.Content, s.Annotations)).OfType<FoundAttestation>(),
            KeyOf(source)
        );
    }

    public static KeySet KeyOf(SignedSource source) => KeySet.Of(new TrustedKey("forge", KeyRole.SourceReview, source.Forge.Public));
}

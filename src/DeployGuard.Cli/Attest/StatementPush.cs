using System.CommandLine;
using System.Text;
using DeployGuard.Cli.Inputs;
using DeployGuard.Cli.Registries;
using DeployGuard.Cli.Views;
using DeployGuard.Core.Attestations;
using DeployGuard.Manifests;
using DeployGuard.Registry;
using DeployGuard.Registry.Access;
using DeployGuard.Registry.Content;
using DeployGuard.Registry.Credentials;
using DeployGuard.Registry.Pushes;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Transport;

namespace DeployGuard.Cli.Attest;

/// <summary>Puts the signed statement beside images.</summary>
internal sealed class StatementPush
{
    private const string PredicateType = "predicateType";
    private const string BundleContent = "dev.sigstore.bundle.content";
    private const string BundlePredicateType = "dev.sigstore.bundle.predicateType";

    // The first request of a registry behind a slow line, with its TLS.
    private static readonly TimeSpan s_attempt = TimeSpan.FromSeconds(30);

    private readonly IReadOnlyList<PinnedImage> _images;
    private readonly CredentialSet _credentials;
    private readonly RegistryOptions _options;
    private readonly PushForm _form;
    private readonly TextWriter _output;

    private StatementPush(ParseResult parsed)
    {
        _form = parsed.GetValue(PushOptions.As);
        _output = parsed.InvocationConfiguration.Output;
        _images = [.. Images(parsed, AttestOptions.Images).Concat(Images(parsed, PushOptions.Beside)).Distinct()];
        var hosts = _images.Select(i => i.Repository.Host).Distinct().ToList();
        _credentials = DockerCredentials.For(hosts);
        var bundle = parsed.GetValue(PushOptions.CaBundle) is { } file ? Encoding.UTF8.GetString(InputFiles.Bytes(file)) : null;
        _options = ProxyVariables.With(
            new RegistryOptions
            {
                Registries =
                [
                    .. hosts.Select(h => new RegistrySettings(h)
                    {
                        PlainHttp = parsed.GetValue(PushOptions.PlainHttp),
                        CaBundle = bundle,
                        TokenHosts = parsed.GetValue(PushOptions.TokenHosts) ?? [],
                    }),
                ],
                UserAgent = "deployguard",
                Limits = new LookupLimits { Attempt = s_attempt },
            }
        );
        if (_options.Mistakes is [var mistake, ..])
        {
            throw new ManifestException($"--push: {mistake}");
        }
    }

    /// <summary>Null without <c>--push</c>.</summary>
    /// <exception cref="ManifestException">An option, a file or docker's configuration cannot be used.</exception>
    public static StatementPush? Of(ParseResult parsed) => parsed.GetValue(PushOptions.Push) ? new StatementPush(parsed) : null;

    /// <exception cref="ManifestException">A registry did not take it. Other images may have it already.</exception>
    public async Task PushAsync(SignedStatement signed, TimeProvider time, CancellationToken cancel)
    {
        using var registries = new RegistryPush(_options, time);
        foreach (var image in _images)
        {
            try
            {
                var result = await registries.PushAsync(Request(image, signed), cancel);
                _output.WriteLine(TerminalText.Printable($"{image}: {result.Place}, manifest {result.Manifest}"));
            }
            catch (RegistryException refused)
            {
                throw new ManifestException($"--push: {refused.Message}{AdviceOf(refused)}", refused);
            }
        }
    }

    private static string AdviceOf(RegistryException refused) =>
        refused.Cause switch
        {
            FailureCause.Tls => ". Name its authority with --ca-bundle FILE, or add --plain-http if it has no TLS",
            FailureCause.TokenHostNotListed => ". If it belongs to the registry, add --token-host HOST",
            _ => "",
        };

    private PushRequest Request(PinnedImage image, SignedStatement signed) =>
        _form is PushForm.Tag
            ? new PushRequest(image, _credentials, PushPlace.Tag, MediaTypes.Dsse, signed.Envelope.ToJson())
            {
                // cosign reads no layer without the first of them.
                Annotations = new Dictionary<string, string>
                {
                    [SimpleSigning.SignatureAnnotation] = "",
                    [PredicateType] = ChangeStatement.PredicateType,
                },
            }
            : new PushRequest(
                image,
                _credentials,
                PushPlace.Referrer,
                SigstoreBundle.MediaType,
                SigstoreBundle.Of(signed.Envelope, signed.Signer).ToJson()
            )
            {
                Annotations = new Dictionary<string, string>
                {
                    [BundleContent] = "dsse-envelope",
                    [BundlePredicateType] = ChangeStatement.PredicateType,
                },
            };

    private static IEnumerable<PinnedImage> Images(ParseResult parsed, Option<string[]> option) =>
        (parsed.GetValue(option) ?? []).Select(i =>
            ImageReference.TryParse(i)?.Pinned
            ?? throw new ManifestException($"{option.Name} {i}: no image of a registry that is named by its digest")
        );
}

/// <param name="Signer">Whose private half signed it.</param>
internal sealed record SignedStatement(DsseEnvelope Envelope, PublicKey Signer);

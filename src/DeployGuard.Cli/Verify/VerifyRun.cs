using System.CommandLine;
using System.Text;
using DeployGuard.Cli.Inputs;
using DeployGuard.Cli.Views;
using DeployGuard.Core.Policies;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Manifests;
using DeployGuard.Registry.References;

namespace DeployGuard.Cli.Verify;

/// <summary>One run of <c>verify</c> for images.</summary>
internal sealed class VerifyRun(ParseResult parsed, ManifestInputs inputs, TimeProvider time)
{
    private readonly TextWriter _output = parsed.InvocationConfiguration.Output;

    private bool IsJson => parsed.GetValue(VerifyOptions.Output) == VerifyOptions.Json;

    /// <returns>The exit code.</returns>
    /// <exception cref="ManifestException">An option, a file or the cluster cannot be used.</exception>
    public async Task<int> RunAsync(IReadOnlyList<string> names, CancellationToken cancel)
    {
        var images = names.Select(Pinned).ToList();
        var source = await ReadSourceAsync(cancel);
        var exitCodes = new List<int>();
        foreach (var image in images)
        {
            exitCodes.Add(await VerifyAsync(image, source, cancel));
        }

        return exitCodes.Max();
    }

    /// <summary>A policy that does not ask about an image takes nothing from the word of one that does.</summary>
    private async Task<int> VerifyAsync(PinnedImage image, PolicySource source, CancellationToken cancel)
    {
        var verdicts = new List<ImageVerdict>();
        foreach (var policy in source.Policies)
        {
            verdicts.Add(await new ImageVerifier(source, time).VerifyAsync(image, policy, cancel));
        }

        if (verdicts.Count == 0)
        {
            parsed.InvocationConfiguration.Error.WriteLine(
                $"error: {image}: no policy{(source.Workload is { } of ? $" that matches {of.KubectlName}" : "")} has origin.keys, so that no statement about it is believed"
            );
        }

        var asked = verdicts.Where(v => v.Belief is not Belief.NotAsked).ToList();
        foreach (
            var text in IsJson
                ? verdicts.Select(ImageVerdictJson.Of)
                : TextsOf($"{image}", verdicts, source.Workload is null ? asked : verdicts)
        )
        {
            _output.WriteLine(text);
        }

        return asked.Exists(v => v.Belief is Belief.Undecided) ? ExitCodes.Unusable
            : asked.Count == 0 || asked.Exists(v => v.Belief is Belief.Missing) ? ExitCodes.Refused
            : 0;
    }

    /// <summary>A policy that does not ask about the image is told in full only where it is one of the workload's.</summary>
    private static IEnumerable<string> TextsOf(string image, List<ImageVerdict> verdicts, List<ImageVerdict> shown) =>
        shown
            .Select(v => string.Join('\n', ImageVerdictText.Of(v)))
            .Concat(ImageVerdictText.NotAsked(image, [.. verdicts.Except(shown)], shown.Count > 0))
            .Select(TerminalText.Printable);

    /// <summary>Exit code 1 would say that something is missing beside the image.</summary>
    private async Task<PolicySource> ReadSourceAsync(CancellationToken cancel)
    {
        try
        {
            return await SourceAsync(cancel);
        }
        catch (ApiException refused)
        {
            throw new ManifestException($"{MissingRight.Explain(refused).TrimEnd('.')}. Or pass the policies with --policy FILE");
        }
    }

    private async Task<PolicySource> SourceAsync(CancellationToken cancel)
    {
        var baseCommit = parsed.GetValue(VerifyOptions.Base) is { } text ? Commit(text) : null;
        if (parsed.GetValue(VerifyOptions.Policies) is { Length: > 0 } files)
        {
            return new GivenPolicies([.. files.SelectMany(PoliciesOf).Where(p => p.SignedOrigin is not null).Select(WithKeys)], baseCommit);
        }

        var (api, @namespace) = VerifyOptions.Cluster.Open(parsed);
        using var connection = api;
        var policies = (await ClusterPolicies.ReadAsync(api, cancel)).Select(WithKeys).ToList();
        var secrets = await ClusterPolicies.SecretsAsync(policies, api, parsed.GetRequiredValue(VerifyOptions.OwnNamespace), cancel);
        return parsed.GetValue(VerifyOptions.Workload) is { } workload
            ? await ClusterPolicies.OfWorkloadAsync(policies, secrets, workload, api, @namespace, cancel)
            : new GivenPolicies(policies, baseCommit, secrets);
    }

    private IReadOnlyList<SafeguardPolicy> PoliciesOf(string file) =>
        inputs.Read(file, wrong => throw wrong, _ => { }).Where(m => m.Kind == PolicyReader.Kind).Select(PolicyFolder.Read).ToList()
            is { Count: > 0 } policies
            ? policies
            : throw new ManifestException($"--policy {file}: has no SafeguardPolicy");

    /// <summary>With the keys that the user gave in the place of those in Secrets.</summary>
    private SafeguardPolicy WithKeys(SafeguardPolicy policy)
    {
        var given = (parsed.GetValue(VerifyOptions.Keys) ?? []).Select(k => k.Split('=', 2)).ToList();
        if (given.Find(g => g.Length != 2) is { } wrong)
        {
            throw new ManifestException($"--trusted-key {wrong[0]}: not of the form NAME=FILE");
        }

        return policy.SignedOrigin is not { } origin
            ? policy
            : policy with
            {
                SignedOrigin = origin with
                {
                    Keys =
                    [
                        .. origin.Keys.Select(k =>
                            k.Secret is not null && given.Find(g => g[0] == k.Name) is { } file
                                ? k with
                                {
                                    Pem = Encoding.UTF8.GetString(InputFiles.Bytes(file[1])),
                                    Secret = null,
                                }
                                : k
                        ),
                    ],
                },
            };
    }

    private static PinnedImage Pinned(string image) =>
        ImageReference.TryParse(image)?.Pinned is { Digest.Algorithm: "sha256" } pinned
            ? pinned
            : throw new ManifestException(
                $"{image}: no image that is named by its digest, as in registry.example.com/checkout@sha256:... (64 hex digits). What a tag "
                    + "names now need not be what runs later. To verify files, pass --key and --envelope"
            );

    private static string Commit(string text) =>
        text.Length is 40 or 64 && text.All(char.IsAsciiHexDigitLower)
            ? text
            : throw new ManifestException($"--base {text}: no full hash of a commit: 40 or 64 hex digits in lower case");
}

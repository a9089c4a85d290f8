using System.CommandLine;
using System.CommandLine.Parsing;

namespace DeployGuard.Cli.Attest;

/// <summary>Where <c>attest --push</c> puts a statement.</summary>
internal enum PushForm
{
    Referrer,
    Tag,
}

/// <summary>The options of <c>attest</c> for registries.</summary>
internal static class PushOptions
{
    public static readonly Option<bool> Push = new("--push")
    {
        Description =
            "Put the signed statement beside each --image in its registry, with the credentials of docker's configuration (docker login; "
            + "DOCKER_CONFIG). -o writes it to a file too.",
    };
    public static readonly Option<PushForm> As = new("--as")
    {
        Description =
            "Where --push puts it. referrer: a sigstore bundle that refers to the image, as of cosign 3; where the registry does not list "
            + "referrers, also under the tag sha256-HEX. tag: an envelope under the tag sha256-HEX.att, as of cosign 2.",
    };
    public static readonly Option<bool> PlainHttp = new("--plain-http") { Description = "The registry of --push speaks plain HTTP." };
    public static readonly Option<string?> CaBundle = new("--ca-bundle")
    {
        Description = "PEM file of authorities that are trusted for the registry of --push besides those of the system.",
    };
    public static readonly Option<string[]> TokenHosts = new("--token-host")
    {
        Description =
            "Another host that issues tokens for the registry of --push. Credentials are sent to it and to the registry alone. May be repeated.",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    public static IEnumerable<Option> All => [Push, As, PlainHttp, CaBundle, TokenHosts];

    /// <param name="format">As given; null if it is none.</param>
    public static void Validate(CommandResult result, AttestFormat? format)
    {
        if (result.GetResult(Push) is not { Implicit: false })
        {
            foreach (var option in All.Where(o => o != Push && result.GetResult(o) is { Implicit: false }))
            {
                result.AddError($"{option.Name} is for --push, which is missing");
            }

            return;
        }

        if (result.GetResult(AttestOptions.Images) is not { Implicit: false })
        {
            result.AddError("--push: name the image that the statement is to lie beside with --image");
        }

        if (format is not (AttestFormat.Envelope or null))
        {
            result.AddError($"--push puts the signed statement into the registry; leave out --format, or --push");
        }
    }
}

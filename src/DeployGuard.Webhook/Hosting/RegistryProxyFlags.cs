using System.CommandLine;
using System.CommandLine.Parsing;
using DeployGuard.Registry.References;
using DeployGuard.Webhook.Lookups;

namespace DeployGuard.Webhook.Hosting;

/// <summary>
/// The flags of the proxy of registries. A password never stands in arguments, which everybody who may read pods sees, and no message
/// repeats a URL, which may hold one.
/// </summary>
internal static class RegistryProxyFlags
{
    private const string Variable = "DEPLOYGUARD_REGISTRY_PROXY";

    public static readonly Option<Uri?> s_url = new("--registry-proxy")
    {
        Description =
            "HTTP proxy of lookups in registries, such as http://proxy.corp:3128. A user and a password are taken from "
            + $"{Variable} alone. Default: none. HTTPS_PROXY is not read.",
        HelpName = "URL",
        DefaultValueFactory = result =>
            CommandLine.FromEnvironment("--registry-proxy") is { Length: > 0 } url ? Parse(Variable, url, mayHoldUser: true, result) : null,
        CustomParser = result =>
            Parse("--registry-proxy", result.Tokens.Count == 1 ? result.Tokens[0].Value : "", mayHoldUser: false, result),
    };

    public static readonly Option<string[]> s_without = CommandLine.Repeated(
        "--registry-no-proxy",
        "HOST: a registry, or a host that it sends its clients to, that is reached without the proxy; .corp stands for all hosts below corp."
    );

    public static void Validate(CommandResult result)
    {
        var without = result.GetValue(s_without) ?? [];
        foreach (var host in without.Where(h => !IsHostOrSuffix(h)))
        {
            result.AddError(
                $"--registry-no-proxy {host}: is neither a host such as registry.corp:5000 nor a suffix such as .corp; ranges of addresses "
                    + "are not supported"
            );
        }

        // A URL that is refused has its own error.
        if (
            without.Length > 0
            && result.GetResult(s_url) is not { Tokens.Count: > 0 }
            && string.IsNullOrEmpty(CommandLine.FromEnvironment(s_url.Name))
        )
        {
            result.AddError("--registry-no-proxy: set --registry-proxy too; without it, every registry is reached directly");
        }
    }

    public static RegistryProxy Read(ParseResult parsed) => new(parsed.GetValue(s_url), parsed.GetRequiredValue(s_without));

    private static Uri? Parse(string name, string text, bool mayHoldUser, ArgumentResult result) =>
        !Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.PathAndQuery != "/"
            ? CommandLine.Refuse<Uri?>(result, $"{name}: is not the URL of a proxy such as http://proxy.corp:3128", null)
        : url.UserInfo.Length > 0 && !mayHoldUser
            ? CommandLine.Refuse<Uri?>(
                result,
                $"{name}: holds a user or a password, and everybody who may read pods sees arguments; put the URL into a Secret and set "
                    + $"{Variable} from it (registryProxy.secretRef of the chart)",
                null
            )
        : url;

    private static bool IsHostOrSuffix(string text) =>
        RepositoryName.IsValidHost((text.StartsWith("*.", StringComparison.Ordinal) ? text[2..] : text.TrimStart('.')).ToLowerInvariant());
}

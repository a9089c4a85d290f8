using System.Text.Json.Nodes;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Cli.Doctor;

/// <summary>What the chart installed, from the arguments of its Deployment; with the chart's default names where there is none.</summary>
/// <param name="Deployment">Null if there is none.</param>
/// <param name="Name">The chart's full name.</param>
/// <param name="GivenFiles">The files of the certificate, where others make it; null where DeployGuard makes its own.</param>
internal sealed record Installation(
    JsonNode? Deployment,
    string Name,
    string ServiceAccount,
    ClusterOptions Options,
    GivenFiles? GivenFiles
)
{
    /// <summary>The chart's <c>trustedControllerPresets</c>, as in its values.</summary>
    public IReadOnlyList<string> Presets { get; init; } = [];

    /// <summary>As <c>helm list</c> names it; null where helm did not install it, as with kubectl apply or Argo CD.</summary>
    public string? Release { get; init; }

    public string Namespace => Options.Namespace;

    /// <summary>The command that applies the chart again.</summary>
    /// <param name="flags">Of helm upgrade.</param>
    public string Upgrade(string flags) =>
        Release is { } release
            ? $"helm upgrade {release} CHART -n {Namespace} {flags}"
            : $"apply the chart again as you installed it (helm did not), with these flags of helm template: {flags}";

    public string User => $"system:serviceaccount:{Options.Namespace}:{ServiceAccount}";

    public static Installation Of(JsonNode? deployment, string @namespace, string name)
    {
        var container = deployment?["spec"]?["template"]?["spec"]?["containers"]?.AsArray().FirstOrDefault();
        var arguments =
            container?["args"]?.AsArray().Select(a => (string?)a ?? "").Where(a => a.StartsWith("--", StringComparison.Ordinal)).ToList()
            ?? [];
        string? Last(string flag) => All(flag).LastOrDefault();
        IEnumerable<string> All(string flag) =>
            arguments.Where(a => a.StartsWith($"{flag}=", StringComparison.Ordinal)).Select(a => a[(flag.Length + 1)..]);
        var presets = All("--trusted-preset").ToList();
        return new Installation(
            deployment,
            name,
            Last("--service-account") ?? name,
            new ClusterOptions
            {
                Namespace = @namespace,
                Service = Last("--service") ?? name,
                Secret = Last("--secret") ?? $"{name}-tls",
                WebhookConfiguration = Last("--webhook-configuration") ?? name,
                Lease = Last("--lease") ?? $"{name}-leader",
                CustomKinds = [.. All("--workload-kind").Select(CustomKind.ParseOrNull).OfType<CustomKind>()],
                Noise = new TemplateNoise(All("--restart-annotation"), All("--naming-label")),
                Trusted = new TrustedControllers(
                    All("--trusted-controller")
                        .Select(t => t.Split('='))
                        .Where(t => t.Length == 2)
                        .Select(t => KeyValuePair.Create(t[0], t[1].Split(','))),
                    [.. presets.Where(p => ControllerPreset.Find(p) is { IsSafe: true }).Select(ControllerPreset.Trusted)]
                ),
                Injections = InjectionTable.BuiltIn.With(
                    All("--injection-annotation").Select(InjectionAnnotation.ParseOrNull).OfType<InjectionAnnotation>()
                ),
            },
            Last("--tls-cert") is { } certificate && Last("--tls-key") is { } key && Last("--tls-ca") is { } ca
                ? new GivenFiles(certificate, key, ca, SecretAt(deployment, container, certificate))
                : null
        )
        {
            Presets = presets,
            Release = deployment is null ? name : (string?)deployment["metadata"]?["annotations"]?["meta.helm.sh/release-name"],
        };
    }

    /// <summary>The Secret that is mounted in the folder of a file.</summary>
    private static string? SecretAt(JsonNode? deployment, JsonNode? container, string file)
    {
        var mount = container?["volumeMounts"]?.AsArray().FirstOrDefault(m => (string?)m?["mountPath"] == Path.GetDirectoryName(file));
        var volume = deployment
            ?["spec"]?["template"]?["spec"]?["volumes"]?.AsArray()
            .FirstOrDefault(v => mount is not null && (string?)v?["name"] == (string?)mount["name"]);
        return (string?)volume?["secret"]?["secretName"];
    }
}

/// <param name="Secret">The Secret that they are mounted from; null if they come from elsewhere.</param>
internal sealed record GivenFiles(string Certificate, string Key, string Ca, string? Secret);

using System.Text.RegularExpressions;

namespace DeployGuard.Core.Workloads;

/// <summary>
/// Decides which keys may be added to <see cref="TemplateNoise"/>. Noise is outside the hash: anyone who may restart a workload can set its
/// value without an approval. So a key is rejected if a kubelet, a runtime, a network, an injector or a Service reads it. The lists contain
/// the well-known keys and cannot be complete.
/// </summary>
public static partial class NoiseKey
{
    /// <summary>More keys would exceed the API server's cost limit for one CEL expression.</summary>
    public const int MaxKeys = 16;

    private const string Of = "is read by more than people";

    /// <summary>Domains whose keys affect injection, mounts, networks, scheduling or routing, including their subdomains.</summary>
    private static readonly string[] s_domains =
    [
        "deployguard.io",
        "kubernetes.io",
        "k8s.io",
        "x-k8s.io",
        "cncf.io",
        "openshift.io",
        "crio.io",
        "containerd.io",
        "katacontainers.io",
        "istio.io",
        "linkerd.io",
        "dapr.io",
        "kuma.io",
        "konghq.com",
        "consul.hashicorp.com",
        "vault.hashicorp.com",
        "openservicemesh.io",
        "aspenmesh.io",
        "gloo.solo.io",
        "cilium.io",
        "projectcalico.org",
        "tigera.io",
        "ovn.org",
        "antrea.io",
        "nsm.networkservicemesh.io",
        "v1.multus-cni.io",
        "submariner.io",
        "prometheus.io",
        "fluentbit.io",
        "datadoghq.com",
        "opentelemetry.io",
        "instana.io",
        "newrelic.com",
        "dynatrace.com",
        "elastic.co",
        "appdynamics.com",
        "sumologic.com",
        "amazonaws.com",
        "karpenter.sh",
        "azure.com",
        "workload.identity",
        "microsoft.com",
        "google.com",
        "gke.io",
        "cnrm.cloud.google.com",
        "alibabacloud.com",
        "oracle.com",
        "kyverno.io",
        "gatekeeper.sh",
        "openpolicyagent.org",
        "falco.org",
        "sigstore.dev",
        "aquasec.com",
        "sysdig.com",
        "twistlock.com",
        "conjur.org",
        "banzaicloud.com",
        "argoproj.io",
        "fluxcd.io",
        "keel.sh",
        "keda.sh",
        "volcano.sh",
        "nvidia.com",
        "intel.com",
        "amd.com",
        "kubevirt.io",
        "velero.io",
        "strimzi.io",
        "knative.dev",
        "tekton.dev",
        "cert-manager.io",
        "traefik.io",
    ];

    /// <summary>Domains of the known injectors.</summary>
    private static readonly IReadOnlyList<string> s_injectors =
    [
        .. InjectionTable
            .BuiltIn.All.Select(a => a.Key.Split('/'))
            .Where(k => k.Length == 2 && !k[0].Contains('*'))
            .Select(k => k[0])
            .Distinct(),
    ];

    /// <summary>Prefixes without a domain that runtimes and kubelets read.</summary>
    private static readonly string[] s_prefixes =
    [
        "io.kubernetes.",
        "io.katacontainers.",
        "io.containerd.",
        "io.podman.",
        "run.oci.",
        "org.opencontainers.",
        "com.github.",
        "cri-o.",
    ];

    /// <summary>Labels without a domain that Services, policies and meshes commonly select by.</summary>
    private static readonly HashSet<string> s_selectors = new(StringComparer.OrdinalIgnoreCase)
    {
        "app",
        "name",
        "k8s-app",
        "version",
        "component",
        "tier",
        "role",
        "env",
        "environment",
        "track",
        "release",
        "instance",
        "service",
        "team",
        "zone",
        "region",
        "color",
        "slot",
        "stage",
        "canary",
    };

    /// <summary>Why a key cannot be listed as a restart annotation; null if it can.</summary>
    public static string? ProblemOfAnnotation(string key) =>
        Problem(key) ?? (TemplateNoise.DefaultRestarts.Contains(key) ? null : OfForeign(key));

    /// <summary>Why a key cannot be listed as a naming label; null if it can.</summary>
    public static string? ProblemOfLabel(string key) =>
        Problem(key)
        ?? (
            TemplateNoise.DefaultLabels.Contains(key) ? null
            : s_selectors.Contains(key) ? $"{Of}: Services, policies and meshes commonly select by it"
            : OfForeign(key)
        );

    /// <summary>The errors in the keys of a flag for restart annotations, one sentence each.</summary>
    /// <param name="flag">Such as <c>--restart-annotation</c>.</param>
    /// <param name="injections">A key with which these name an image is rejected.</param>
    public static IEnumerable<string> ProblemsOfAnnotations(string flag, IReadOnlyList<string> keys, InjectionTable injections) =>
        Problems(
            flag,
            keys,
            key =>
                ProblemOfAnnotation(key)
                ?? (injections.Knows(key) ? "an injector reads an image from it, which must not change without an approval" : null)
        );

    /// <summary>The errors in the keys of a flag for naming labels, one sentence each.</summary>
    /// <param name="flag">Such as <c>--naming-label</c>.</param>
    public static IEnumerable<string> ProblemsOfLabels(string flag, IReadOnlyList<string> keys) => Problems(flag, keys, ProblemOfLabel);

    private static IEnumerable<string> Problems(string flag, IReadOnlyList<string> keys, Func<string, string?> problemOf)
    {
        foreach (var key in keys)
        {
            if (problemOf(key) is { } problem)
            {
                yield return $"{flag} {key}: {problem}";
            }
        }

        if (keys.Distinct().Count() is > MaxKeys and var count)
        {
            yield return $"{flag}: {count} keys, and at most {MaxKeys} may be given";
        }
    }

    private static string? Problem(string key) =>
        Form().IsMatch(key)
            ? null
            : "is not a key of a label or annotation, such as example.com/restarted-at; one key at a time, without patterns";

    private static string? OfForeign(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        var domain = slash < 0 ? "" : key[..slash];
        var owner = s_domains.Concat(s_injectors).FirstOrDefault(d => domain == d || domain.EndsWith($".{d}", StringComparison.Ordinal));
        var prefix = s_prefixes.FirstOrDefault(p => key.StartsWith(p, StringComparison.Ordinal));
        return owner is not null ? $"{Of}: keys under {owner} change what a pod is or where it goes"
            : prefix is not null ? $"{Of}: container runtimes read keys that begin with {prefix}"
            : Names(key, "inject") || Names(key, "sidecar") ? $"{Of}: by its name, it says what an injector adds"
            : Names(key, "image") ? $"{Of}: by its name, it says which image runs"
            : null;
    }

    private static bool Names(string key, string what) => key.Contains(what, StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(
        @"\A([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?\z",
        RegexOptions.CultureInvariant | RegexOptions.NonBacktracking
    )]
    private static partial Regex Form();
}

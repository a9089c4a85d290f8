using System.Net;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Webhook.Hosting;

/// <summary>What the program was told on its command line or by its environment; checked when it was read.</summary>
internal sealed record WebhookOptions
{
    public required IPEndPoint Listen { get; init; }

    public required IPEndPoint MetricsListen { get; init; }

    /// <summary>All three or none; none for the certificate that DeployGuard makes and keeps itself.</summary>
    public TlsFiles? Tls { get; init; }

    /// <summary>PEM file of the CA that signs the API server's client certificate; null to ask callers for none.</summary>
    public FileInfo? ClientCa { get; init; }

    /// <summary>Null for the service account of the pod.</summary>
    public FileInfo? Kubeconfig { get; init; }

    public required string Namespace { get; init; }

    public required string ServiceAccount { get; init; }

    public required string Service { get; init; }

    public required string Secret { get; init; }

    public required string WebhookConfiguration { get; init; }

    public required string Lease { get; init; }

    /// <summary>Not null to run without an API server, on the policies of this folder.</summary>
    public DirectoryInfo? StandalonePolicies { get; init; }

    /// <summary>User names that are let through for kinds, besides the built-in controllers.</summary>
    public required IReadOnlyList<KeyValuePair<string, string[]>> TrustedControllers { get; init; }

    /// <summary>Well-known controllers that are trusted.</summary>
    public IReadOnlyList<ControllerPreset> TrustedPresets { get; init; } = [];

    /// <summary>Custom resources with pod templates.</summary>
    public IReadOnlyList<CustomKind> CustomKinds { get; init; } = [];

    /// <summary>Annotations by which injectors take images, those that are known included.</summary>
    public InjectionTable Injections { get; init; } = InjectionTable.BuiltIn;

    /// <summary>What of a template is in no hash.</summary>
    public TemplateNoise Noise { get; init; } = TemplateNoise.Default;

    public LogOptions Log { get; init; } = LogOptions.Default;

    /// <summary>Where traces and metrics are sent by OTLP; null for nowhere.</summary>
    public Uri? Otlp { get; init; }

    public ClusterOptions Cluster => new()
    {
        CustomKinds = CustomKinds,
        Noise = Noise,
        Injections = Injections,
        Trusted = new TrustedControllers(TrustedControllers, TrustedPresets),
        Namespace = Namespace,
        Service = Service,
        Secret = Secret,
        WebhookConfiguration = WebhookConfiguration,
        Lease = Lease,
    };

    /// <summary>The username under which the API server knows us.</summary>
    public string Self => $"system:serviceaccount:{Namespace}:{ServiceAccount}";
}

internal sealed record TlsFiles(FileInfo Certificate, FileInfo Key, FileInfo Ca);

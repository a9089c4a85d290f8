using System.Net;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Webhook.Lookups;

namespace DeployGuard.Webhook.Hosting;

/// <summary>The options from the command line and the environment, validated.</summary>
internal sealed record WebhookOptions
{
    public required IPEndPoint Listen { get; init; }

    public required IPEndPoint MetricsListen { get; init; }

    /// <summary>Null for the certificate that DeployGuard creates and renews itself.</summary>
    public TlsFiles? Tls { get; init; }

    /// <summary>PEM file of the CA that signs the API server's client certificate; null to request none from callers.</summary>
    public FileInfo? ClientCa { get; init; }

    /// <summary>Null for the service account of the pod.</summary>
    public FileInfo? Kubeconfig { get; init; }

    public required string Namespace { get; init; }

    public required string ServiceAccount { get; init; }

    public required string Service { get; init; }

    public required string Secret { get; init; }

    public required string WebhookConfiguration { get; init; }

    public required string Lease { get; init; }

    /// <summary>Folder of the policies to run without an API server; null to run in a cluster.</summary>
    public DirectoryInfo? StandalonePolicies { get; init; }

    /// <summary>User names whose writes of these kinds pass, in addition to the built-in controllers.</summary>
    public required IReadOnlyList<KeyValuePair<string, string[]>> TrustedControllers { get; init; }

    /// <summary>Well-known controllers that are trusted.</summary>
    public IReadOnlyList<ControllerPreset> TrustedPresets { get; init; } = [];

    /// <summary>Custom resources with pod templates.</summary>
    public IReadOnlyList<CustomKind> CustomKinds { get; init; } = [];

    /// <summary>Annotations with which manifest authors choose images of injectors, including the built-in ones.</summary>
    public InjectionTable Injections { get; init; } = InjectionTable.BuiltIn;

    /// <summary>The annotations and labels that the template hash leaves out.</summary>
    public TemplateNoise Noise { get; init; } = TemplateNoise.Default;

    public LogOptions Log { get; init; } = LogOptions.Default;

    /// <summary>The OTLP endpoint for traces and metrics; null for none.</summary>
    public Uri? Otlp { get; init; }

    public RegistryProxy RegistryProxy { get; init; } = RegistryProxy.None;

    public ClusterOptions Cluster =>
        new()
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

    /// <summary>The user name of DeployGuard at the API server.</summary>
    public string Self => $"system:serviceaccount:{Namespace}:{ServiceAccount}";
}

internal sealed record TlsFiles(FileInfo Certificate, FileInfo Key, FileInfo Ca);

using DeployGuard.Core.Admission;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Kubernetes;

/// <summary>The names of what the chart installs for us.</summary>
public sealed record ClusterOptions
{
    /// <summary>Annotation of the ValidatingWebhookConfiguration; set to <c>open</c> by whoever takes DeployGuard out of everybody's way.</summary>
    public const string GateAnnotation = "deployguard.io/gate";

    public required string Namespace { get; init; }

    public required string Service { get; init; }

    public required string Secret { get; init; }

    public required string WebhookConfiguration { get; init; }

    public required string Lease { get; init; }

    /// <summary>Custom resources with pod templates that are judged like the built-in kinds.</summary>
    public IReadOnlyList<CustomKind> CustomKinds { get; init; } = [];

    /// <summary>Whose writes need no judgement: the API server is told, where it can use it.</summary>
    public TrustedControllers Trusted { get; init; } = TrustedControllers.BuiltIn;

    /// <summary>
    /// What of a template is in no hash. Every replica, and whoever compares with what they wrote, must be given the same.
    /// </summary>
    public TemplateNoise Noise { get; init; } = TemplateNoise.Default;

    /// <summary>Annotations by which injectors take images, those that are known included.</summary>
    public InjectionTable Injections { get; init; } = InjectionTable.BuiltIn;

    /// <summary>Reads every workload, wherever it comes from: one that read another way would hash another way.</summary>
    public WorkloadReader Reader => new(WorkloadKinds.With(CustomKinds), Noise, Injections);

    /// <summary>The ConfigMap with the controllers that were seen.</summary>
    public string ControllersSeen => $"{Service}-controllers";

    /// <summary>Never judged, so that a broken DeployGuard cannot keep the cluster or itself from coming back.</summary>
    public IReadOnlyList<string> ExemptNamespaces => ["kube-system", "kube-public", "kube-node-lease", Namespace];
}

using DeployGuard.Core.Admission;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Kubernetes.Api;

/// <summary>The names of the objects that the chart installs, and the settings that apply to the whole cluster.</summary>
public sealed record ClusterOptions
{
    /// <summary>Annotation of the ValidatingWebhookConfiguration; <c>open</c> disables DeployGuard for the whole cluster.</summary>
    public const string GateAnnotation = "deployguard.io/gate";

    public required string Namespace { get; init; }

    public required string Service { get; init; }

    public required string Secret { get; init; }

    public required string WebhookConfiguration { get; init; }

    public required string Lease { get; init; }

    /// <summary>Custom resources with pod templates that are evaluated like the built-in kinds.</summary>
    public IReadOnlyList<CustomKind> CustomKinds { get; init; } = [];

    /// <summary>Controllers whose writes need no evaluation.</summary>
    public TrustedControllers Trusted { get; init; } = TrustedControllers.BuiltIn;

    /// <summary>
    /// Fields of a template that its hash leaves out. Every replica, and the command line, must use the same.
    /// </summary>
    public TemplateNoise Noise { get; init; } = TemplateNoise.Default;

    /// <summary>Annotations by which injectors take images, with the built-in ones.</summary>
    public InjectionTable Injections { get; init; } = InjectionTable.BuiltIn;

    /// <summary>Reads every workload: with another reader its hash would differ.</summary>
    public WorkloadReader Reader => new(WorkloadKinds.With(CustomKinds), Noise, Injections);

    /// <summary>The ConfigMap with the controllers that were observed.</summary>
    public string ControllersSeen => $"{Service}-controllers";

    /// <summary>Never evaluated, so that a broken DeployGuard cannot prevent the cluster, or itself, from recovering.</summary>
    public IReadOnlyList<string> ExemptNamespaces => ["kube-system", "kube-public", "kube-node-lease", Namespace];
}

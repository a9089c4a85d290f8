using DeployGuard.Core.Identities;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Admission;

/// <summary>How a requester deploys, so that advice fits. Known by names alone, which are no evidence: no decision rests on it.</summary>
public enum Deployer
{
    /// <summary>A person, who can run a command again.</summary>
    Person,

    /// <summary>A person who runs Helm: the next upgrade undoes what is changed in the cluster alone.</summary>
    Helm,

    /// <summary>A controller of Kubernetes itself, such as an autoscaler: only people read its messages.</summary>
    Controller,

    ArgoCd,

    /// <summary>Flux, from a Kustomization.</summary>
    FluxKustomization,

    /// <summary>Flux, from a HelmRelease.</summary>
    FluxHelm,

    /// <summary>Any other service account: a pipeline, or a tool that applies a repository.</summary>
    Pipeline,
}

/// <summary>The one place that says how a requester deploys, and how it tries again.</summary>
public static class Deployers
{
    public static Deployer Of(Request request) =>
        request.Requester is { IsMachine: false }
            ? request.FieldManager is "helm" or "helm3" or "helm4"
                ? Deployer.Helm
                : Deployer.Person
            : OfMachine(request.Requester);

    private static Deployer OfMachine(Requester requester) =>
        requester.IsControlPlane
            ? Deployer.Controller
            : ControllerPreset.NamedLike(requester.Username)?.Name switch
            {
                "argo-cd" => Deployer.ArgoCd,
                "flux" => Deployer.FluxKustomization,
                "flux-helm" => Deployer.FluxHelm,
                _ => Deployer.Pipeline,
            };

    /// <summary>
    /// Where the manifests are that it applies: the next sync or upgrade undoes a change that is made in the cluster alone. Null where a
    /// command can change the object.
    /// </summary>
    public static string? Source(this Deployer deployer) =>
        deployer switch
        {
            Deployer.Person or Deployer.Controller => null,
            Deployer.Helm => "the chart or its values",
            _ => "the repository",
        };

    /// <summary>How the same request is made again, as the end of a sentence: <c>retry</c>, <c>sync again</c>.</summary>
    public static string Retry(this Deployer deployer) =>
        deployer switch
        {
            Deployer.Person or Deployer.Controller => "retry",
            Deployer.Helm => "run the same helm command again",
            Deployer.ArgoCd or Deployer.FluxKustomization or Deployer.FluxHelm => "sync again",
            Deployer.Pipeline => "run the pipeline again",
            _ => throw new InvalidOperationException($"unknown deployer {deployer}"),
        };

    /// <summary>What to do once a refused request can pass.</summary>
    /// <param name="when">When that is, as the beginning of the sentence: <c>After approval</c>.</param>
    /// <param name="workload">The requested workload: Flux writes into its labels what it belongs to.</param>
    public static string Next(this Deployer deployer, string when, Workload? workload) =>
        deployer switch
        {
            Deployer.Person => $"{when} re-run this command.",
            Deployer.Helm => $"{when} run it again, with the same pod template: helm upgrade --install "
                + $"{Release(workload)} CHART -n {workload?.Ref.Namespace}",
            Deployer.Controller => $"{when} the controller retries by itself.",
            Deployer.ArgoCd => $"{when} sync by hand, because Argo CD does not retry a failed sync: argocd app sync APPLICATION",
            Deployer.FluxKustomization => Flux(when, "kustomization", "kustomize.toolkit.fluxcd.io", "", workload),
            Deployer.FluxHelm => Flux(when, "helmrelease", "helm.toolkit.fluxcd.io", " --reset", workload),
            Deployer.Pipeline => $"{when} run the pipeline again.",
            _ => throw new InvalidOperationException($"unknown deployer {deployer}"),
        };

    /// <summary>The release that Helm says the object belongs to.</summary>
    public static string Release(Workload? workload) => workload?.Annotations.GetValueOrDefault("meta.helm.sh/release-name") ?? "RELEASE";

    private static string Flux(string when, string kind, string group, string options, Workload? workload)
    {
        var name = workload?.Labels.GetValueOrDefault($"{group}/name") ?? "NAME";
        var space = workload?.Labels.GetValueOrDefault($"{group}/namespace") ?? "NAMESPACE";
        return $"{when} Flux retries by itself; to retry at once: flux reconcile {kind} {name} -n {space}{options}";
    }
}

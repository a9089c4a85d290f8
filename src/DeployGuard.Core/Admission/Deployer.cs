using DeployGuard.Core.Identities;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Admission;

/// <summary>How a requester deploys, so that advice fits. Known by names alone, which are no evidence: no decision rests on it.</summary>
public enum Deployer
{
    /// <summary>A person, who can run a command again.</summary>
    Person,

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
    public static Deployer Of(Requester requester) =>
        !requester.IsMachine ? Deployer.Person
        : requester.IsControlPlane ? Deployer.Controller
        : ControllerPreset.NamedLike(requester.Username)?.Name switch
        {
            "argo-cd" => Deployer.ArgoCd,
            "flux" => Deployer.FluxKustomization,
            "flux-helm" => Deployer.FluxHelm,
            _ => Deployer.Pipeline,
        };

    /// <summary>What it applies is in a repository: the next sync undoes a change that is made in the cluster alone.</summary>
    public static bool AppliesRepository(this Deployer deployer) => deployer is not (Deployer.Person or Deployer.Controller);

    /// <summary>How the same request is made again, as the end of a sentence: <c>retry</c>, <c>sync again</c>.</summary>
    public static string Retry(this Deployer deployer) =>
        deployer switch
        {
            Deployer.Person or Deployer.Controller => "retry",
            Deployer.ArgoCd or Deployer.FluxKustomization or Deployer.FluxHelm => "sync again",
            Deployer.Pipeline => "run the pipeline again",
            _ => throw new InvalidOperationException($"unknown deployer {deployer}"),
        };

    /// <summary>What to do once a refused request has its approval.</summary>
    /// <param name="workload">The requested workload: Flux writes into its labels what it belongs to.</param>
    public static string AfterApproval(this Deployer deployer, Workload? workload) =>
        deployer switch
        {
            Deployer.Person => "After approval re-run this command.",
            Deployer.Controller => "After approval the controller retries by itself.",
            Deployer.ArgoCd => "After approval sync by hand, because Argo CD does not retry a failed sync: argocd app sync APPLICATION",
            Deployer.FluxKustomization => Flux("kustomization", "kustomize.toolkit.fluxcd.io", "", workload),
            Deployer.FluxHelm => Flux("helmrelease", "helm.toolkit.fluxcd.io", " --reset", workload),
            Deployer.Pipeline => "After approval run the pipeline again.",
            _ => throw new InvalidOperationException($"unknown deployer {deployer}"),
        };

    private static string Flux(string kind, string group, string options, Workload? workload)
    {
        var name = workload?.Labels.GetValueOrDefault($"{group}/name") ?? "NAME";
        var space = workload?.Labels.GetValueOrDefault($"{group}/namespace") ?? "NAMESPACE";
        return $"After approval Flux retries by itself; to retry at once: flux reconcile {kind} {name} -n {space}{options}";
    }
}

using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Admission;

/// <summary>
/// A well-known controller: the service account of a standard installation, and the kinds that it may be trusted for.
/// </summary>
/// <param name="Name">As the chart's <c>trustedControllerPresets</c> and docs/integrations.md call it.</param>
/// <param name="Namespace">
/// Its own namespace. Every user with write access there can act as the controller, so it must not be a guarded namespace of developers.
/// </param>
/// <param name="Account">Its service account there.</param>
/// <param name="Kinds">
/// The kinds that it is trusted for; empty if none is safe, because DeployGuard does not evaluate the objects that it acts on.
/// </param>
/// <param name="Why">Why it can be trusted for these kinds; or why it cannot, and what to do instead.</param>
public sealed record ControllerPreset(string Name, string Namespace, string Account, IReadOnlyList<string> Kinds, string Why)
{
    private const string Accounts = "system:serviceaccount:";

    /// <summary>
    /// The custom kind that it acts on. It must be in <c>workloadKinds</c>, or the preset would admit objects that were never evaluated.
    /// The controller is trusted only for objects that this kind owns: it may also act on kinds that DeployGuard does not evaluate.
    /// </summary>
    public CustomKind? Needs { get; init; }

    public bool IsSafe => Kinds.Count > 0;

    /// <summary>The required kind as an entry of the chart's <c>workloadKinds</c>; empty if none is required.</summary>
    public string RequiredKindInChart =>
        Needs is { } needs
            ? $"{{group: {needs.ApiGroup}, resource: {needs.Resource}, kind: {needs.Kind}, templatePath: {needs.TemplatePath}}}"
            : "";

    public string User => $"{Accounts}{Namespace}:{Account}";

    /// <summary>In the order of docs/integrations.md.</summary>
    public static IReadOnlyList<ControllerPreset> All { get; } =
    [
        new(
            "kueue",
            "kueue-system",
            "kueue-controller-manager",
            [TrustedControllers.Suspend],
            "it starts and suspends Jobs that a person wrote, and changes where they run; trusted by default, unless it runs "
                + "in another namespace"
        ),
        new(
            "keda",
            "keda",
            "keda-operator",
            [TrustedControllers.Scale],
            "it scales workloads that a person wrote; this is evaluated as an autoscaler's request, and raises no alert"
        ),
        new(
            "keda-scaled-jobs",
            "keda",
            "keda-operator",
            [BuiltInKinds.Job.Name],
            "it creates Jobs from ScaledJobs, which are evaluated when a person writes them"
        )
        {
            Needs = new CustomKind("keda.sh", "scaledjobs", "ScaledJob", "spec.jobTargetRef.template"),
        },
        new(
            "argo-rollouts",
            "argo-rollouts",
            "argo-rollouts",
            [BuiltInKinds.ReplicaSet.Name],
            "it creates ReplicaSets from Rollouts, which are evaluated when a person writes them; ReplicaSets of Experiments "
                + "are still evaluated"
        )
        {
            Needs = new CustomKind("argoproj.io", "rollouts", "Rollout", "spec.template"),
        },
        new(
            "reloader",
            "reloader",
            "reloader-reloader",
            [],
            "it restarts workloads, which needs no trust if it uses an annotation (--reload-strategy=annotations)"
        ),
        new(
            "argo-cd",
            "argocd",
            "argocd-application-controller",
            [],
            "it deploys for people: name it in a policy's approval.bots, and approve what it asks for"
        ),
        new(
            "flux",
            "flux-system",
            "kustomize-controller",
            [],
            "it deploys for people: name it in a policy's approval.bots, and approve what it asks for"
        ),
        new(
            "flux-helm",
            "flux-system",
            "helm-controller",
            [],
            "it deploys for people: name it in a policy's approval.bots, and approve what it asks for"
        ),
        new(
            "velero",
            "velero",
            "velero-server",
            [],
            "a restore writes everything in the backup: add it to a policy's exempt.serviceAccounts during the restore"
        ),
        new(
            "kyverno",
            "kyverno",
            "kyverno-background-controller",
            [],
            "its rules change workloads, and DeployGuard does not evaluate the rules: approve its requests, or let it change "
                + "workloads at admission"
        ),
        new(
            "flagger",
            "flagger-system",
            "flagger",
            [],
            "it creates a Deployment with a template of its own, and its rollout would not be evaluated: use canary steps of "
                + "DeployGuard, or exempt it in a policy"
        ),
        new(
            "tekton",
            "tekton-pipelines",
            "tekton-pipelines-controller",
            [],
            "every user who can write a TaskRun chooses what its pods run: run pipelines in a namespace of their own"
        ),
        new(
            "cert-manager",
            "cert-manager",
            "cert-manager",
            [],
            "every user who can write an Issuer chooses the annotations and the service account of the solver pods: solve by DNS, or "
                + "exempt it in a policy"
        ),
        new(
            "github-runners",
            "arc-systems",
            "arc-gha-rs-controller",
            [],
            "every user who can write a runner set chooses what its pods run: run them in a namespace of their own"
        ),
        new(
            "strimzi",
            "strimzi",
            "strimzi-cluster-operator",
            [],
            "every user who can write a Kafka chooses images and templates of its pods: run it in a namespace of its own"
        ),
        new(
            "airflow",
            "airflow",
            "airflow-scheduler",
            [],
            "every user who can write a DAG chooses what its pods run: run its workers in a namespace of their own"
        ),
        new(
            "spark-operator",
            "spark-operator",
            "spark-operator-controller",
            [],
            "every user who can write a SparkApplication chooses what its pods run: run them in a namespace of their own"
        ),
        new(
            "knative",
            "knative-serving",
            "controller",
            [],
            "every user who can write a Revision chooses what its pods run: run them in a namespace of their own, or exempt it in a "
                + "policy"
        ),
        new(
            "openkruise",
            "kruise-system",
            "kruise-manager",
            [],
            "it creates pods of many kinds under one account: add it to trustedControllers once all these kinds are in " + "workloadKinds"
        ),
        new(
            "jobset",
            "jobset-system",
            "jobset-controller-manager",
            [],
            "a JobSet has many templates, and one path cannot name them: run them in a namespace of their own, or exempt it in a policy"
        ),
        new("vpa", "kube-system", "vpa-updater", [], "it evicts pods, and changes their replacements at admission: neither is refused"),
    ];

    /// <summary>
    /// By <c>NAME</c>, or by <c>NAME@NAMESPACE</c> if it runs in another namespace than usual; null if no preset has this name.
    /// </summary>
    public static ControllerPreset? Find(string text) =>
        text.Split('@') switch
        {
            [var name] => All.FirstOrDefault(p => p.Name == name),
            [var name, { Length: > 0 } elsewhere] when Find(name) is { } preset => preset with { Namespace = elsewhere },
            _ => null,
        };

    /// <summary>The presets whose controller runs as a user; one controller may have several.</summary>
    public static IEnumerable<ControllerPreset> OfUser(string user) => All.Where(p => p.User == user);

    /// <summary>
    /// The preset whose name or account a service account has, in any namespace; null if none. A name is no evidence: never trust it.
    /// </summary>
    public static ControllerPreset? NamedLike(string user)
    {
        var account = user.StartsWith(Accounts, StringComparison.Ordinal) ? user[(user.LastIndexOf(':') + 1)..] : "";
        return All.FirstOrDefault(p => account.Length > 0 && p.Account != "controller" && (p.Account == account || p.Name == account));
    }

    /// <summary>Why a preset cannot be used; null if it can.</summary>
    /// <param name="text">As for <see cref="Find"/>.</param>
    /// <param name="kinds">The custom kinds that DeployGuard evaluates.</param>
    public static string? ProblemOf(string text, IReadOnlyList<CustomKind> kinds) =>
        Find(text) switch
        {
            null =>
                $"is none of {string.Join(", ", All.Where(p => p.IsSafe).Select(p => p.Name))}, with @NAMESPACE where it runs elsewhere",
            { Namespace: "kube-system" } => "accounts of kube-system belong to Kubernetes, and are known",
            { IsSafe: false } known => $"cannot be trusted: {known.Why}. See docs/integrations.md",
            { Needs: { } needs } when !kinds.Contains(needs) =>
                $"needs --workload-kind {needs.Resource}.{needs.ApiGroup}/{needs.Kind}={needs.TemplatePath} (the chart's workloadKinds):"
                    + " otherwise the objects that it acts on are not evaluated",
            _ => null,
        };

    /// <summary>A preset that can be used.</summary>
    public static ControllerPreset Trusted(string text) =>
        Find(text) is { IsSafe: true } preset
            ? preset
            : throw new ArgumentException($"no preset that can be trusted is called {text}", nameof(text));
}

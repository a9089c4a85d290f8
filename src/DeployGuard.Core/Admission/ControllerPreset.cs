using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Admission;

/// <summary>
/// A well-known controller: the account that it runs as where it is installed by its own manual, and what may be trusted to it.
/// </summary>
/// <param name="Name">As the chart's <c>trustedControllerPresets</c> and docs/integrations.md call it.</param>
/// <param name="Namespace">Its own namespace. Anybody who may write there can act as it, so no policy may guard it for its developers.</param>
/// <param name="Account">Its service account there.</param>
/// <param name="Kinds">What it is let through for; empty where nothing can be, because what it acts on is judged by nobody.</param>
/// <param name="Why">Why it can be trusted for these, or why not and what to do in its place.</param>
public sealed record ControllerPreset(string Name, string Namespace, string Account, IReadOnlyList<string> Kinds, string Why)
{
    private const string Accounts = "system:serviceaccount:";

    /// <summary>
    /// The custom kind that it acts on, which must be judged: without it in <c>workloadKinds</c> the preset would let in what nobody saw. It is
    /// trusted for what this kind owns alone: it may act on other kinds that nobody judges.
    /// </summary>
    public CustomKind? Needs { get; init; }

    public bool IsSafe => Kinds.Count > 0;

    /// <summary>As the chart's values name what it needs; empty if it needs nothing.</summary>
    public string NeedsInChart => Needs is { } needs
        ? $"{{group: {needs.ApiGroup}, resource: {needs.Resource}, kind: {needs.Kind}, templatePath: {needs.TemplatePath}}}"
        : "";

    public string User => $"{Accounts}{Namespace}:{Account}";

    /// <summary>In the order of docs/integrations.md.</summary>
    public static IReadOnlyList<ControllerPreset> All { get; } =
    [
        new("kueue", "kueue-system", "kueue-controller-manager", [TrustedControllers.Suspend],
            "it starts and suspends Jobs that a person wrote, and changes where they run; trusted as it stands, unless it runs "
            + "in another namespace"),
        new("keda", "keda", "keda-operator", [TrustedControllers.Scale],
            "it scales what a person wrote; that is judged as an autoscaler's, and alarms nobody"),
        new("keda-scaled-jobs", "keda", "keda-operator", ["Job"], "it makes Jobs of ScaledJobs, which are judged when a person writes them")
        {
            Needs = new CustomKind("keda.sh", "scaledjobs", "ScaledJob", "spec.jobTargetRef.template"),
        },
        new("argo-rollouts", "argo-rollouts", "argo-rollouts", ["ReplicaSet"],
            "it makes ReplicaSets of Rollouts, which are judged when a person writes them; those of Experiments stay judged")
        {
            Needs = new CustomKind("argoproj.io", "rollouts", "Rollout", "spec.template"),
        },
        new("reloader", "reloader", "reloader-reloader", [],
            "it restarts workloads, which needs no trust if it does so by an annotation (--reload-strategy=annotations)"),
        new("argo-cd", "argocd", "argocd-application-controller", [],
            "it deploys for people: name it in a policy's approval.bots, and approve what it asks for"),
        new("flux", "flux-system", "kustomize-controller", [],
            "it deploys for people: name it in a policy's approval.bots, and approve what it asks for"),
        new("flux-helm", "flux-system", "helm-controller", [],
            "it deploys for people: name it in a policy's approval.bots, and approve what it asks for"),
        new("velero", "velero", "velero-server", [],
            "a restore writes whatever the backup holds: name it in a policy's exempt.serviceAccounts while you restore"),
        new("kyverno", "kyverno", "kyverno-background-controller", [],
            "it changes workloads as its rules say, which nobody judged as a template: approve what it asks for, or have it "
            + "change them at admission"),
        new("flagger", "flagger-system", "flagger", [],
            "the Deployment that it makes has a template of its own, and the rollout of it would be judged by nobody: use canary "
            + "steps of DeployGuard, or its exempt list"),
        new("tekton", "tekton-pipelines", "tekton-pipelines-controller", [],
            "anybody who may write a TaskRun chooses what its pods run: run pipelines in a namespace of their own"),
        new("cert-manager", "cert-manager", "cert-manager", [],
            "anybody who may write an Issuer chooses the annotations and the service account of the solver pods: solve by DNS, or "
            + "exempt it in a policy"),
        new("github-runners", "arc-systems", "arc-gha-rs-controller", [],
            "anybody who may write a runner set chooses what its pods run: run them in a namespace of their own"),
        new("strimzi", "strimzi", "strimzi-cluster-operator", [],
            "anybody who may write a Kafka chooses images and templates of its pods: run it in a namespace of its own"),
        new("airflow", "airflow", "airflow-scheduler", [],
            "anybody who may write a DAG chooses what its pods run: run its workers in a namespace of their own"),
        new("spark-operator", "spark-operator", "spark-operator-controller", [],
            "anybody who may write a SparkApplication chooses what its pods run: run them in a namespace of their own"),
        new("knative", "knative-serving", "controller", [],
            "anybody who may write a Revision chooses what its pods run: run them in a namespace of their own, or exempt it in a "
            + "policy"),
        new("openkruise", "kruise-system", "kruise-manager", [],
            "it makes pods of many kinds under one account: trust it by trustedControllers once all of them are among "
            + "workloadKinds"),
        new("jobset", "jobset-system", "jobset-controller-manager", [],
            "a JobSet has many templates, which no path names: run them in a namespace of their own, or exempt it in a policy"),
        new("vpa", "kube-system", "vpa-updater", [],
            "it evicts pods and changes what their controllers make at admission: nothing of that is refused"),
    ];

    /// <summary>
    /// By <c>NAME</c> or <c>NAME@NAMESPACE</c>, where it runs in another namespace than usual; null if no controller is called that.
    /// </summary>
    public static ControllerPreset? Find(string text) => text.Split('@') switch
    {
        [var name] => All.FirstOrDefault(p => p.Name == name),
        [var name, { Length: > 0 } elsewhere] when Find(name) is { } preset => preset with { Namespace = elsewhere },
        _ => null,
    };

    /// <summary>The controllers that run as a user; several may be one.</summary>
    public static IEnumerable<ControllerPreset> OfUser(string user) => All.Where(p => p.User == user);

    /// <summary>
    /// The controller that an account is called after, wherever it runs; null if none. A name is no proof: nothing may be trusted for it.
    /// </summary>
    public static ControllerPreset? LikeUser(string user)
    {
        var account = user.StartsWith(Accounts, StringComparison.Ordinal) ? user[(user.LastIndexOf(':') + 1)..] : "";
        return All.FirstOrDefault(p => account.Length > 0 && p.Account != "controller" && (p.Account == account || p.Name == account));
    }

    /// <summary>Why a preset cannot be used; null if it can.</summary>
    /// <param name="text">As for <see cref="Find"/>.</param>
    /// <param name="kinds">The custom kinds that are judged.</param>
    public static string? ProblemOf(string text, IReadOnlyList<CustomKind> kinds) => Find(text) switch
    {
        null => $"is none of {string.Join(", ", All.Where(p => p.IsSafe).Select(p => p.Name))}, with @NAMESPACE where it runs elsewhere",
        { Namespace: "kube-system" } => "accounts of kube-system are Kubernetes' own, and known",
        { IsSafe: false } known => $"cannot be trusted: {known.Why}. See docs/integrations.md",
        { Needs: { } needs } when !kinds.Contains(needs) =>
            $"needs --workload-kind {needs.Resource}.{needs.ApiGroup}/{needs.Kind}={needs.TemplatePath} (the chart's workloadKinds):"
            + " else nobody judges what it acts on",
        _ => null,
    };

    /// <summary>A preset that can be used.</summary>
    public static ControllerPreset Trusted(string text) => Find(text) is { IsSafe: true } preset
        ? preset
        : throw new ArgumentException($"no preset that can be trusted is called {text}", nameof(text));
}

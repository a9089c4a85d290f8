namespace DeployGuard.Core.Changes;

/// <summary>
/// Who is let through for which kinds: what a controller makes on behalf of an object was judged when a person wrote that
/// object. Told by the authenticated user name alone; what an object claims about its owner proves nothing.
/// </summary>
/// <param name="more">User names and the kinds that each is let through for, besides the built-in controllers.</param>
public sealed class TrustedControllers(IEnumerable<KeyValuePair<string, string[]>> more)
{
    private const string ServiceAccounts = "system:serviceaccount:kube-system:";
    private const string NodePrefix = "system:node:";
    private const string NodeGroup = "system:nodes";

    /// <summary>
    /// As a kind among the others of a controller that is trusted: it scales by itself. It is judged, and nobody's denied rollout.
    /// </summary>
    public const string Scale = "Scale";

    /// <summary>
    /// The same of one that starts and suspends Jobs by itself, as a queue does: it may change where the pods of a suspended Job run, and
    /// nothing else of it.
    /// </summary>
    public const string Suspend = "Suspend";

    private static readonly Dictionary<string, string[]> s_builtIn = new(StringComparer.Ordinal)
    {
        [ServiceAccounts + "deployment-controller"] = ["ReplicaSet"],
        [ServiceAccounts + "replicaset-controller"] = ["Pod"],
        [ServiceAccounts + "replication-controller"] = ["Pod"],
        [ServiceAccounts + "daemon-set-controller"] = ["Pod", "ControllerRevision"],
        [ServiceAccounts + "statefulset-controller"] = ["Pod", "ControllerRevision"],
        [ServiceAccounts + "job-controller"] = ["Pod"],
        [ServiceAccounts + "cronjob-controller"] = ["Job"],
        // It writes owners and finalizers, which is how objects go or are let go.
        [ServiceAccounts + "generic-garbage-collector"] = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "ControllerRevision", "Job", "CronJob", "Pod"],
        // A controller manager without separate credentials makes all of these under its own name.
        ["system:kube-controller-manager"] = ["ReplicaSet", "Pod", "ControllerRevision", "Job"],
        // Known by name, because so little is trusted to it: docs/decisions/0018.
        ["system:serviceaccount:kueue-system:kueue-controller-manager"] = [Suspend],
    };

    private readonly Dictionary<string, string[]> _kindsByUser = s_builtIn.Concat(more)
        .GroupBy(c => c.Key, StringComparer.Ordinal)
        .ToDictionary(g => g.Key, g => g.SelectMany(c => c.Value).Distinct().ToArray(), StringComparer.Ordinal);

    public static TrustedControllers BuiltIn { get; } = new([]);

    /// <summary>User names of machines that scale by themselves.</summary>
    public IReadOnlyList<string> Autoscalers =>
        [ServiceAccounts + "horizontal-pod-autoscaler", "system:kube-controller-manager", .. _kindsByUser.Where(c => c.Value.Contains(Scale)).Select(c => c.Key).Order(StringComparer.Ordinal)];

    /// <summary>Every user name, with the kinds that it is let through for; kubelets, who have one each, besides.</summary>
    public IEnumerable<(string User, IReadOnlyList<string> Kinds)> All => _kindsByUser.Select(c => (c.Key, (IReadOnlyList<string>)c.Value));

    /// <summary>It asks again by itself: what it is refused is nobody's denied rollout.</summary>
    public bool IsAutoscaler(Request request) => request is ScaleRequest && Autoscalers.Contains(request.Requester.Username);

    /// <summary>It starts and suspends Jobs by itself.</summary>
    public bool Suspends(Requester requester) => _kindsByUser.TryGetValue(requester.Username, out var kinds) && kinds.Contains(Suspend);

    public bool Trusts(Requester requester, string kind) =>
        (kind is not (Scale or Suspend) && _kindsByUser.TryGetValue(requester.Username, out var kinds) && kinds.Contains(kind))
        // Kubelets write the mirror pods of static pods; what else they may write is the node authorizer's to say.
        || (kind == "Pod" && requester.Username.StartsWith(NodePrefix, StringComparison.Ordinal) && requester.Groups.Contains(NodeGroup));
}

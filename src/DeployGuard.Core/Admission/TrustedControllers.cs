using DeployGuard.Core.Identities;

namespace DeployGuard.Core.Admission;

/// <summary>
/// Who is let through for which kinds: what a controller makes on behalf of an object was judged when a person wrote that
/// object. Told by the authenticated user name; what an object claims about its owner proves nothing of who writes it. A controller that
/// acts on several kinds, of which not all are judged, is let through for the owners that are: there the claim is its own word.
/// </summary>
/// <param name="more">User names and the kinds that each is let through for, besides the built-in controllers.</param>
/// <param name="presets">Well-known controllers that are trusted too.</param>
public sealed class TrustedControllers(IEnumerable<KeyValuePair<string, string[]>> more, IReadOnlyList<ControllerPreset> presets)
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
        .Concat(presets.Where(p => p.Needs is null).Select(p => KeyValuePair.Create(p.User, p.Kinds.ToArray())))
        .GroupBy(c => c.Key, StringComparer.Ordinal)
        .ToDictionary(g => g.Key, g => g.SelectMany(c => c.Value).Distinct().ToArray(), StringComparer.Ordinal);

    private readonly List<TrustedByOwner> _byOwner =
        [.. presets.SelectMany(p => p.Needs is { } owner ? p.Kinds.Select(k => new TrustedByOwner(p.User, k, owner)) : []).Distinct()];

    public TrustedControllers(IEnumerable<KeyValuePair<string, string[]>> more)
        : this(more, [])
    {
    }

    public static TrustedControllers BuiltIn { get; } = new([]);

    /// <summary>User names of machines that scale by themselves.</summary>
    public IReadOnlyList<string> Autoscalers =>
        [ServiceAccounts + "horizontal-pod-autoscaler", "system:kube-controller-manager", .. _kindsByUser.Where(c => c.Value.Contains(Scale)).Select(c => c.Key).Order(StringComparer.Ordinal)];

    /// <summary>Every user name, with the kinds that it is let through for whatever owns them; kubelets, who have one each, besides.</summary>
    public IEnumerable<(string User, IReadOnlyList<string> Kinds)> All => _kindsByUser.Select(c => (c.Key, (IReadOnlyList<string>)c.Value));

    /// <summary>Who is let through only for what a kind owns that was judged.</summary>
    public IReadOnlyList<TrustedByOwner> ByOwner => _byOwner;

    /// <summary>It asks again by itself: what it is refused is nobody's denied rollout.</summary>
    public bool IsAutoscaler(Request request) => request is ScaleRequest && Autoscalers.Contains(request.Requester.Username);

    /// <summary>It starts and suspends Jobs by itself.</summary>
    public bool Suspends(Requester requester) => _kindsByUser.TryGetValue(requester.Username, out var kinds) && kinds.Contains(Suspend);

    /// <summary>What a request writes was judged before.</summary>
    public bool Trusts(Request request) => Trusts(request.Requester, request.Target.Kind)
        || (request is WorkloadRequest { After: { } after } && _byOwner.Exists(t => t.Covers(request.Requester.Username, request.Target.Kind, after.OwnerReferences)));

    /// <summary>A user is let through for some objects of a kind at least.</summary>
    public bool MayTrust(Requester requester, string kind) =>
        Trusts(requester, kind) || _byOwner.Exists(t => t.User == requester.Username && t.Kind == kind);

    /// <summary>A user is let through for a kind, whatever owns the object.</summary>
    public bool Trusts(Requester requester, string kind) =>
        (kind is not (Scale or Suspend) && _kindsByUser.TryGetValue(requester.Username, out var kinds) && kinds.Contains(kind))
        // Kubelets write the mirror pods of static pods; what else they may write is the node authorizer's to say.
        || (kind == "Pod" && requester.Username.StartsWith(NodePrefix, StringComparison.Ordinal) && requester.Groups.Contains(NodeGroup));
}

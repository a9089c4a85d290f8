using DeployGuard.Core.Identities;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Admission;

/// <summary>
/// Which controllers are trusted for which kinds: an object that a controller writes for another object was evaluated when a person wrote
/// that other object. Known by the authenticated user name: the owner that an object claims says nothing about who writes it. A controller
/// that acts on several kinds, of which DeployGuard does not evaluate all, is trusted only for owners of the evaluated kinds: there the
/// claim is its own.
/// </summary>
/// <param name="more">User names and the kinds that each is trusted for, in addition to the built-in controllers.</param>
/// <param name="presets">Well-known controllers that are trusted too.</param>
public sealed class TrustedControllers(IEnumerable<KeyValuePair<string, string[]>> more, IReadOnlyList<ControllerPreset> presets)
{
    private const string ServiceAccounts = "system:serviceaccount:kube-system:";
    private const string NodePrefix = "system:node:";
    private const string NodeGroup = "system:nodes";

    /// <summary>
    /// Listed among the kinds of a trusted controller: it is an autoscaler. Its requests are evaluated, and a refusal counts as no denied
    /// rollout.
    /// </summary>
    public const string Scale = "Scale";

    /// <summary>
    /// Listed among the kinds of a trusted controller: it is a queue, which starts and suspends Jobs. It may change where the pods of a
    /// suspended Job run, and nothing else of the Job.
    /// </summary>
    public const string Suspend = "Suspend";

    private static readonly Dictionary<string, string[]> s_builtIn = new(
        BuiltInKinds
            .All.SelectMany(k => k.CreatorAccounts.Select(account => (User: ServiceAccounts + account, k.Name)))
            .GroupBy(made => made.User, made => made.Name, StringComparer.Ordinal)
            .Select(g => KeyValuePair.Create(g.Key, g.ToArray())),
        StringComparer.Ordinal
    )
    {
        // It writes owners and finalizers, to delete or orphan objects.
        [ServiceAccounts + "generic-garbage-collector"] = [.. BuiltInKinds.All.Select(k => k.Name)],
        // A controller manager without separate credentials creates all of these under its own name.
        ["system:kube-controller-manager"] = [.. BuiltInKinds.All.Where(k => k.CreatorAccounts.Count > 0).Select(k => k.Name)],
        // Known by name, because it is trusted for so little: docs/decisions/0018.
        ["system:serviceaccount:kueue-system:kueue-controller-manager"] = [Suspend],
    };

    private readonly Dictionary<string, string[]> _kindsByUser = s_builtIn
        .Concat(more)
        .Concat(presets.Where(p => p.Needs is null).Select(p => KeyValuePair.Create(p.User, p.Kinds.ToArray())))
        .GroupBy(c => c.Key, StringComparer.Ordinal)
        .ToDictionary(g => g.Key, g => g.SelectMany(c => c.Value).Distinct().ToArray(), StringComparer.Ordinal);

    private readonly List<TrustedByOwner> _byOwner =
    [
        .. presets.SelectMany(p => p.Needs is { } owner ? p.Kinds.Select(k => new TrustedByOwner(p.User, k, owner)) : []).Distinct(),
    ];

    public TrustedControllers(IEnumerable<KeyValuePair<string, string[]>> more)
        : this(more, []) { }

    public static TrustedControllers BuiltIn { get; } = new([]);

    /// <summary>User names of autoscalers.</summary>
    public IReadOnlyList<string> Autoscalers =>
        [
            ServiceAccounts + "horizontal-pod-autoscaler",
            "system:kube-controller-manager",
            .. _kindsByUser.Where(c => c.Value.Contains(Scale)).Select(c => c.Key).Order(StringComparer.Ordinal),
        ];

    /// <summary>
    /// Every user name with the kinds that it is trusted for, under any owner. Kubelets are not listed: each has a user name of its own.
    /// </summary>
    public IEnumerable<(string User, IReadOnlyList<string> Kinds)> All => _kindsByUser.Select(c => (c.Key, (IReadOnlyList<string>)c.Value));

    /// <summary>Controllers that are trusted only for objects of an owner that was evaluated.</summary>
    public IReadOnlyList<TrustedByOwner> ByOwner => _byOwner;

    /// <summary>It retries by itself: a refusal is not a denied rollout.</summary>
    public bool IsAutoscaler(Request request) => request is ScaleRequest && Autoscalers.Contains(request.Requester.Username);

    /// <summary>Whether it is a queue, which starts and suspends Jobs.</summary>
    public bool Suspends(Requester requester) => _kindsByUser.TryGetValue(requester.Username, out var kinds) && kinds.Contains(Suspend);

    /// <summary>Whether the object that the request writes was evaluated before, as that of its owner.</summary>
    public bool Trusts(Request request) =>
        Trusts(request.Requester, request.Target.Kind)
        || (
            request is WorkloadRequest { After: { } after }
            && _byOwner.Exists(t => t.Covers(request.Requester.Username, request.Target.Kind, after.OwnerReferences))
        );

    /// <summary>Whether a user is trusted for at least some objects of a kind.</summary>
    public bool MayTrust(Requester requester, string kind) =>
        Trusts(requester, kind) || _byOwner.Exists(t => t.User == requester.Username && t.Kind == kind);

    /// <summary>Whether a user is trusted for a kind, under any owner.</summary>
    public bool Trusts(Requester requester, string kind) =>
        (kind is not (Scale or Suspend) && _kindsByUser.TryGetValue(requester.Username, out var kinds) && kinds.Contains(kind))
        // Kubelets write the mirror pods of static pods; the node authorizer decides what else they may write.
        || (
            BuiltInKinds.Find(kind) is { IsWrittenByKubelets: true }
            && requester.Username.StartsWith(NodePrefix, StringComparison.Ordinal)
            && requester.Groups.Contains(NodeGroup)
        );
}

using DeployGuard.Core.Admission;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>The remedy if the name is generated at each attempt. An approval is for one name, so it could never count.</summary>
internal static class GeneratedNameRemedy
{
    private const string Why = "The generated name changes with each attempt, so no approval can match";

    /// <param name="policy">The policy that requires the approval.</param>
    public static string Of(EvaluatedRequest evaluated, SafeguardPolicy policy)
    {
        var request = evaluated.Request;
        return request.Requester.IsMachine ? OfMachine(request, evaluated.After, policy.Name)
            : evaluated.After is { Type.IsOnePod: true } pod && GeneratedName.IsOfNodeDebugger(pod.Ref) ? OfNodeDebugger(pod, policy)
            : $"{Why}. Set metadata.name instead of metadata.generateName";
    }

    /// <summary>A controller chooses the name, so the platform team must trust or exempt the controller.</summary>
    private static string OfMachine(Request request, Workload? made, string policy)
    {
        var (user, kind) = (request.Requester.Username, request.Target.Kind);
        if (ServiceAccountOf(user) is { } account && account.Namespace == request.Target.Namespace)
        {
            return $"{Why}. {user} is an account of this namespace, so its developers can act as it, and it must not be trusted. "
                + "Run the controller in a namespace of its own, then ask the platform team to trust it there";
        }

        var exempt = ServiceAccountOf(user) is { } found
            ? $"exempt.serviceAccounts: [{found.Namespace}/{found.Name}]"
            : $"exempt.users: [{user}]";
        var presets = ControllerPreset.OfUser(user).ToList();
        var owner = made?.OwnerReferences.FirstOrDefault(o => o.IsController);
        if (presets.Find(p => p.Kinds.Contains(kind)) is { } safe)
        {
            var ofWhom = owner is null ? "nothing" : $"a {owner.Kind} ({owner.ApiVersion}), which DeployGuard does not evaluate";
            return
                safe.Needs is { } needs
                && made is not null
                && !new TrustedByOwner(user, kind, needs).Covers(user, kind, made.OwnerReferences)
                ? $"{Why}. {safe.Name} can be trusted only for objects that a {needs.Kind} owns, and this object belongs to "
                    + $"{ofWhom}. Ask the platform team to add to policy {policy}: {exempt}"
                : $"{Why}. Ask the platform team to trust this controller, and to add to the lists in the chart's values: "
                    + "trustedControllerPresets: "
                    + $"[{safe.Name}]{(safe.Needs is null ? "" : $" and workloadKinds: [{safe.RequiredKindInChart}]")}";
        }

        if (presets is [var known, ..])
        {
            return $"{Why}. {known.Name} cannot be trusted as a whole: {known.Why}. Ask the platform team to add to policy "
                + $"{policy}: {exempt}";
        }

        var custom =
            owner is not null && !WorkloadKinds.BuiltIn.Names.Contains(owner.Kind)
                ? $"; and to add {owner.Kind} ({owner.ApiVersion}) to workloadKinds, if it holds the pod template"
                : "";
        return $"{Why}. Ask the platform team to admit every {kind} of this controller: in policy {policy} by {exempt}, or in the "
            + "chart's values by "
            + $"trustedControllers: {{\"{user}\": [{kind}]}}{custom}";
    }

    private static string OfNodeDebugger(Workload pod, SafeguardPolicy policy)
    {
        var node = GeneratedName.NodeOf(pod.Ref);
        var isNamed =
            pod.Template.Images is [var first, ..] && (policy.Images is not { Pin: Pin.Digest } || first.Reference.Digest is not null);
        var image = isNamed ? pod.Template.Images[0].Reference.Text : "REPOSITORY@sha256:DIGEST";
        return $"{Why}. Create a pod with a fixed name, which can be approved: kubectl run debug-{node} -n {pod.Ref.Namespace} "
            + $"--image={image} --restart=Never "
            + $"--overrides='{{\"spec\":{{\"nodeName\":\"{node}\",\"hostPID\":true,\"hostNetwork\":true}}}}' --command -- sleep "
            + "1h; then kubectl exec into it. "
            + "If you need the node's files, apply a manifest of this pod with a hostPath volume";
    }

    private static (string Namespace, string Name)? ServiceAccountOf(string user) =>
        user.Split(':') is ["system", "serviceaccount", var space, var name] ? (space, name) : null;
}

using DeployGuard.Core.Admission;
using DeployGuard.Core.Policies;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Safeguards;

/// <summary>What helps where a name is made up at every attempt, so that an approval, which is for one name, can never be used.</summary>
internal static class GeneratedNameRemedy
{
    private const string Why = "The next attempt will have another name, so an approval of this one would not help";

    /// <param name="policy">The policy that wants the approval.</param>
    public static string Of(EvaluatedRequest evaluated, SafeguardPolicy policy)
    {
        var request = evaluated.Request;
        return request.Requester.IsMachine ? OfMachine(request, evaluated.After, policy.Name)
            : evaluated.After is { Ref.Kind: "Pod" } pod && GeneratedName.IsOfNodeDebugger(pod.Ref) ? OfNodeDebugger(pod, policy)
            : $"{Why}: set metadata.name instead of metadata.generateName";
    }

    /// <summary>A controller chooses the name, so the platform team must let the controller through.</summary>
    private static string OfMachine(Request request, Workload? made, string policy)
    {
        var (user, kind) = (request.Requester.Username, request.Target.Kind);
        if (ServiceAccountOf(user) is { } account && account.Namespace == request.Target.Namespace)
        {
            return $"{Why}. {user} is an account of this namespace, as which its developers can act, so it must not be trusted: "
                + "run the controller in a namespace of its own, then ask the platform team to trust it there";
        }

        var exempt = ServiceAccountOf(user) is { } found ? $"exempt.serviceAccounts: [{found.Namespace}/{found.Name}]" : $"exempt.users: [{user}]";
        var presets = ControllerPreset.OfUser(user).ToList();
        var owner = made?.OwnerReferences.FirstOrDefault(o => o.IsController);
        if (presets.Find(p => p.Kinds.Contains(kind)) is { } safe)
        {
            return safe.Needs is { } needs && made is not null && !new TrustedByOwner(user, kind, needs).Covers(user, kind, made.OwnerReferences)
                ? $"{Why}. This is {safe.Name}, which can be trusted for what a {needs.Kind} owns, and this belongs to "
                    + $"{(owner is null ? "nothing" : $"a {owner.Kind} ({owner.ApiVersion}), which nobody judged")}. In policy {policy}: {exempt}"
                : $"{Why}. Ask the platform team to trust this controller, in the chart's values, besides what is listed there: "
                    + $"trustedControllerPresets: [{safe.Name}]{(safe.Needs is null ? "" : $" and workloadKinds: [{safe.NeedsInChart}]")}";
        }

        if (presets is [var known, ..])
        {
            return $"{Why}. This is {known.Name}, which cannot be trusted as a whole: {known.Why}. In policy {policy}: {exempt}";
        }

        var judged = owner is not null && !WorkloadKinds.BuiltIn.Names.Contains(owner.Kind)
            ? $", and if a {owner.Kind} ({owner.ApiVersion}) holds the pod template, have it judged by workloadKinds"
            : "";
        return $"{Why}. Ask the platform team to let this controller make each {kind}: in policy {policy} by {exempt}, or in the chart's values by "
            + $"trustedControllers: {{\"{user}\": [{kind}]}}{judged}";
    }

    private static string OfNodeDebugger(Workload pod, SafeguardPolicy policy)
    {
        var node = GeneratedName.NodeOf(pod.Ref);
        var isNamed = pod.Template.Images is [var first, ..] && (policy.Images is not { Pin: Pin.Digest } || first.Reference.Digest is not null);
        var image = isNamed ? pod.Template.Images[0].Reference.Text : "REPOSITORY@sha256:DIGEST";
        return $"{Why}. Use a pod under a name of your own, which can be approved: kubectl run debug-{node} -n {pod.Ref.Namespace} --image={image} --restart=Never "
            + $"--overrides='{{\"spec\":{{\"nodeName\":\"{node}\",\"hostPID\":true,\"hostNetwork\":true}}}}' --command -- sleep 1h; then kubectl exec into it. "
            + "Where you need the node's files, write the pod with a hostPath volume into a file, and apply that";
    }

    private static (string Namespace, string Name)? ServiceAccountOf(string user) =>
        user.Split(':') is ["system", "serviceaccount", var space, var name] ? (space, name) : null;
}

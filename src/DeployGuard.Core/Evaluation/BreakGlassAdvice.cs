using DeployGuard.Core.Admission;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Snapshots;
using DeployGuard.Core.Workloads;

namespace DeployGuard.Core.Evaluation;

/// <summary>The command that waives what refused a request, for the on-call engineer. It comes once, at the end of the refusal.</summary>
internal static class BreakGlassAdvice
{
    /// <returns>Whole lines, each with its line break before it; empty if a break-glass cannot help.</returns>
    public static string Of(Verdict verdict)
    {
        var denials = verdict.Denials.ToList();
        var waives = denials.Where(d => d.IsWaivable).Select(d => d.Safeguard).Distinct().ToList();
        // A file is judged before there is a request that could be admitted.
        if (waives.Count == 0 || verdict.Evaluated.ApproveBy is ApproveBy.NotYet || Covered(verdict.Evaluated.Request) is not { } covered)
        {
            return "";
        }

        var firm = denials.Where(d => !d.IsWaivable).Select(d => d.Finding.Reason).Distinct().ToList();
        var requester = verdict.Evaluated.Request.Requester;
        var command =
            $"kubectl deployguard breakglass {covered.KubectlName} -n {covered.Namespace}"
            + $"{string.Concat(waives.Select(w => $" --waive {w}"))}{For(requester)}"
            + $"{ToBe(verdict.Evaluated.Request)} --incident ID --reason WHY";
        return firm.Count > 0
                ? $"\nA break-glass cannot waive {string.Join(" and ", firm)}. Once that is resolved, and in an emergency, the "
                    + $"on-call engineer can waive the rest: {command}"
            : requester.IsMachine
                ? $"\nIn an emergency, {Deployers.Of(verdict.Evaluated.Request).Retry()} after the on-call engineer runs: {command}"
            : $"\nIn an emergency, the on-call engineer can repeat this command after they run: {command}";
    }

    /// <summary>The creator of a BreakGlass uses it themselves, or names the machine that does.</summary>
    private static string For(Requester requester) => requester.IsMachine ? $" --for {requester.Username}" : "";

    /// <summary>The command reads the workload, unless the request is to create it.</summary>
    private static string ToBe(Request request) => request is WorkloadRequest { Before: null, After: not null } ? " --to-be-created" : "";

    /// <summary>What a BreakGlass would have to name; null if no name can be known before the request.</summary>
    private static WorkloadRef? Covered(Request request) =>
        request switch
        {
            WorkloadRequest { IsNameGenerated: true } => null,
            EndpointsRequest { Service.Length: > 0 } endpoints => new WorkloadRef(
                "",
                "Service",
                request.Target.Namespace,
                endpoints.Service
            ),
            EndpointsRequest => null,
            _ => request.Target,
        };
}

using System.Text.RegularExpressions;

namespace DeployGuard.Core.Workloads;

/// <summary>Names that kubectl makes up at every attempt: nobody can ask for the same one twice.</summary>
internal static partial class GeneratedName
{
    /// <summary>No container can have this name.</summary>
    public const string FixedDebugger = "debugger-*";

    /// <summary>What <c>kubectl debug POD</c> names an ephemeral container without <c>-c</c>.</summary>
    public static bool IsOfDebugger(string container) => Debugger().IsMatch(container);

    /// <summary>What <c>kubectl debug node/NAME</c> names its pod; there is no flag for it.</summary>
    public static bool IsOfNodeDebugger(WorkloadRef pod) => NodeDebugger().IsMatch(pod.Name);

    /// <summary>The node for which such a pod is.</summary>
    public static string NodeOf(WorkloadRef pod) => NodeDebugger().Match(pod.Name).Groups[1].Value;

    /// <summary>Kubernetes makes names up of letters that spell no word.</summary>
    [GeneratedRegex(@"\Adebugger-[bcdfghjklmnpqrstvwxz2456789]{5}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Debugger();

    [GeneratedRegex(@"\Anode-debugger-(.+)-[bcdfghjklmnpqrstvwxz2456789]{5}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex NodeDebugger();
}

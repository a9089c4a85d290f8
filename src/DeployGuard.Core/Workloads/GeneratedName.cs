using System.Text.RegularExpressions;

namespace DeployGuard.Core.Workloads;

/// <summary>Names that kubectl generates at every attempt, so a request with the same name never comes again.</summary>
internal static partial class GeneratedName
{
    /// <summary>Stands for every generated name in the hash. A container cannot have this name itself.</summary>
    public const string FixedDebugger = "debugger-*";

    /// <summary>The name that <c>kubectl debug POD</c> gives an ephemeral container without <c>-c</c>.</summary>
    public static bool IsOfDebugger(string container) => Debugger().IsMatch(container);

    /// <summary>The name that <c>kubectl debug node/NAME</c> gives its pod. No flag of kubectl sets it.</summary>
    public static bool IsOfNodeDebugger(WorkloadRef pod) => NodeDebugger().IsMatch(pod.Name);

    /// <summary>The node that the pod debugs.</summary>
    public static string NodeOf(WorkloadRef pod) => NodeDebugger().Match(pod.Name).Groups[1].Value;

    /// <summary>Kubernetes generates names from an alphabet without vowels, so that they form no words.</summary>
    [GeneratedRegex(@"\Adebugger-[bcdfghjklmnpqrstvwxz2456789]{5}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Debugger();

    [GeneratedRegex(
        @"\Anode-debugger-(.+)-[bcdfghjklmnpqrstvwxz2456789]{5}\z",
        RegexOptions.CultureInvariant | RegexOptions.NonBacktracking
    )]
    private static partial Regex NodeDebugger();
}

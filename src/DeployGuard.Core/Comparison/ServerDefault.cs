using System.Text.RegularExpressions;

namespace DeployGuard.Core.Comparison;

/// <summary>
/// New fields that the API server adds to every pod template. They can be folded for readers, because a template without them means the
/// same. Only whole paths of the schema count: authors choose the keys of maps.
/// </summary>
public static partial class ServerDefault
{
    public static bool Is(Difference difference) =>
        difference is { Before: null, After: [var value] }
        && Paths().Match(difference.Path) is { Success: true } match
        && ValueOf(match.Groups["field"].Value) == value;

    [GeneratedRegex(
        @"^spec(\.(?<field>dnsPolicy|restartPolicy|schedulerName|securityContext|terminationGracePeriodSeconds)"
            + @"|\.(initContainers|containers)\[[^\]]+\](\.(?<field>terminationMessagePath|terminationMessagePolicy|resources)"
            + @"|\.ports\[[^\]]+\]\.(?<field>protocol)"
            + @"|\.(liveness|readiness|startup)Probe\.(?<field>timeoutSeconds|periodSeconds|successThreshold|failureThreshold|httpGet\.scheme)"
            + @"|\.env\[[^\]]+\]\.valueFrom\.fieldRef\.(?<field>apiVersion))"
            + @"|\.volumes\[[^\]]+\]\.(configMap|secret|projected|downwardAPI)\.(?<field>defaultMode))$",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant
    )]
    private static partial Regex Paths();

    /// <summary>As <see cref="Difference"/> shows it.</summary>
    private static string ValueOf(string field) =>
        field switch
        {
            "dnsPolicy" => "ClusterFirst",
            "restartPolicy" => "Always",
            "schedulerName" => "default-scheduler",
            "securityContext" or "resources" => "{}",
            "terminationGracePeriodSeconds" => "30",
            "terminationMessagePath" => "/dev/termination-log",
            "terminationMessagePolicy" => "File",
            "protocol" => "TCP",
            "timeoutSeconds" or "successThreshold" => "1",
            "periodSeconds" => "10",
            "failureThreshold" => "3",
            "httpGet.scheme" => "HTTP",
            "apiVersion" => "v1",
            "defaultMode" => "420",
            _ => throw new InvalidOperationException($"no default is known of {field}"),
        };
}

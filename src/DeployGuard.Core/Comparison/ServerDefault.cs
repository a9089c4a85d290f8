namespace DeployGuard.Core.Comparison;

/// <summary>
/// New fields that the API server adds to every pod template. They can be folded for readers, because a template without them means the
/// same. A field that matters for security is never among them.
/// </summary>
public static class ServerDefault
{
    /// <summary>End of the path, and the value as <see cref="Difference"/> shows it.</summary>
    private static readonly (string Path, string Value)[] s_defaults =
    [
        ("spec.dnsPolicy", "ClusterFirst"),
        ("spec.restartPolicy", "Always"),
        ("spec.schedulerName", "default-scheduler"),
        ("spec.securityContext", "{}"),
        ("spec.terminationGracePeriodSeconds", "30"),
        (".terminationMessagePath", "/dev/termination-log"),
        (".terminationMessagePolicy", "File"),
        (".resources", "{}"),
        (".imagePullPolicy", "IfNotPresent"),
        (".protocol", "TCP"),
        (".timeoutSeconds", "1"),
        (".periodSeconds", "10"),
        (".successThreshold", "1"),
        (".failureThreshold", "3"),
        (".httpGet.scheme", "HTTP"),
        (".fieldRef.apiVersion", "v1"),
        (".defaultMode", "420"),
    ];

    public static bool Is(Difference difference) =>
        difference is { Before: null, After: [var value] }
        && s_defaults.Any(d =>
            value == d.Value && (d.Path[0] == '.' ? difference.Path.EndsWith(d.Path, StringComparison.Ordinal) : difference.Path == d.Path)
        );
}

using System.Text.Json;

namespace DeployGuard.Chart.Tests;

/// <summary>
/// The Pod Security Standard "restricted" of Kubernetes 1.36: the violations of a pod. The server of the rig is too old to enforce it.
/// </summary>
internal static class RestrictedPod
{
    private static readonly string[] s_volumes =
    [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ];
    private static readonly string[] s_seccomp = ["RuntimeDefault", "Localhost"];
    private static readonly string[] s_fields = ["hostNetwork", "hostPID", "hostIPC"];

    public static IEnumerable<string> Breaches(JsonElement pod)
    {
        var context = pod.Maybe("securityContext");
        return
        [
            .. s_fields.Where(f => pod.Maybe(f).ValueKind is JsonValueKind.True),
            .. Items(pod, "volumes")
                .SelectMany(v => v.EnumerateObject())
                .Select(p => p.Name)
                .Except(["name", .. s_volumes])
                .Select(t => $"volume {t}"),
            .. Items(context, "sysctls").Select(s => $"sysctl {s}"),
            .. new[] { "containers", "initContainers", "ephemeralContainers" }
                .SelectMany(list => Items(pod, list))
                .SelectMany(c => OfContainer(context, c)),
            .. OfContext(context),
        ];
    }

    private static IEnumerable<string> OfContainer(JsonElement pod, JsonElement container)
    {
        var own = container.Maybe("securityContext");
        JsonElement Either(string name) => own.Maybe(name) is { ValueKind: not JsonValueKind.Undefined } set ? set : pod.Maybe(name);
        string[] added = [.. Items(own.Maybe("capabilities"), "add").Select(c => $"{c}")];
        return
        [
            .. OfContext(own),
            .. Unless(Either("runAsNonRoot").ValueKind is JsonValueKind.True, "runAsNonRoot is not true"),
            .. Unless(s_seccomp.Contains(Either("seccompProfile").Maybe("type").ToString()), "no seccomp profile"),
            .. Unless(own.Maybe("allowPrivilegeEscalation").ValueKind is JsonValueKind.False, "allowPrivilegeEscalation is not false"),
            .. Unless(own.Maybe("privileged").ValueKind is not JsonValueKind.True, "privileged"),
            .. Unless(Items(own.Maybe("capabilities"), "drop").Any(c => $"{c}" == "ALL"), "capabilities are not dropped"),
            .. Unless(added.All(c => c == "NET_BIND_SERVICE"), "capabilities are added"),
            .. Unless(own.Maybe("procMount").ToString() is "" or "Default", "procMount"),
            .. Unless(Items(container, "ports").All(p => p.Maybe("hostPort").ValueKind is JsonValueKind.Undefined), "hostPort"),
        ];
    }

    private static IEnumerable<string> OfContext(JsonElement context) =>
        [
            .. Unless(context.Maybe("runAsUser").ToString() != "0", "runs as root"),
            .. Unless(context.Maybe("seLinuxOptions").Maybe("user").ValueKind is JsonValueKind.Undefined, "SELinux user"),
            .. Unless(context.Maybe("windowsOptions").Maybe("hostProcess").ValueKind is not JsonValueKind.True, "hostProcess"),
        ];

    private static string[] Unless(bool holds, string breach) => holds ? [] : [breach];

    private static JsonElement.ArrayEnumerator Items(JsonElement element, string name) =>
        element.Maybe(name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : default;
}

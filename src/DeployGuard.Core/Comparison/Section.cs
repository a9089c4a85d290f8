namespace DeployGuard.Core.Comparison;

/// <summary>Sections of a pod template, in the order in which an approver must see them: access to the node first.</summary>
public enum Section
{
    Privileged,
    Capabilities,
    SecurityContext,
    Host,
    Identity,
    Volumes,
    Image,
    Command,
    Arguments,
    Environment,
    Lifecycle,
    Probes,
    Ports,
    Container,
    PodSpec,
    Template,
}

/// <summary>Assigns fields to sections, and sections to titles.</summary>
internal static class Sections
{
    /// <summary>From this section on, all fields are one block, sorted by path.</summary>
    private const Section Rest = Section.Ports;

    /// <summary>The section of a member, derived from the section of its owner. List items belong to the section of their list.</summary>
    public static Section Of(Section owner, string name) =>
        owner switch
        {
            Section.Template => name switch
            {
                "spec" => Section.PodSpec,
                "volumeClaimTemplates" => Section.Volumes,
                _ when IsProfileAnnotation(name) => Section.SecurityContext,
                _ => Section.Template,
            },
            Section.PodSpec => OfPod(name),
            Section.Container => OfContainer(name),
            Section.SecurityContext => name switch
            {
                "privileged" => Section.Privileged,
                "capabilities" => Section.Capabilities,
                _ => Section.SecurityContext,
            },
            Section.Volumes => name == "hostPath" ? Section.Host : Section.Volumes,
            Section.Ports => name is "hostPort" or "hostIP" ? Section.Host : Section.Ports,
            _ => owner,
        };

    /// <summary>The block that a section is printed in.</summary>
    public static Section BlockOf(Section section) =>
        section switch
        {
            Section.Capabilities or Section.SecurityContext => Section.Privileged,
            Section.Arguments => Section.Command,
            >= Rest => Rest,
            _ => section,
        };

    public static string TitleOf(Section block) =>
        block switch
        {
            Section.Privileged => "Privileges (securityContext)",
            Section.Host => "Access to the node",
            Section.Identity => "Service account and credentials",
            Section.Volumes => "Volumes",
            Section.Image => "Images",
            Section.Command => "Command and arguments",
            Section.Environment => "Environment",
            Section.Lifecycle => "Lifecycle hooks",
            Section.Probes => "Probes",
            _ => "Everything else",
        };

    private static Section OfPod(string name) =>
        name switch
        {
            "containers" or "initContainers" or "ephemeralContainers" => Section.Container,
            "securityContext" => Section.SecurityContext,
            "hostNetwork" or "hostPID" or "hostIPC" or "hostUsers" or "shareProcessNamespace" or "runtimeClassName" => Section.Host,
            // Which nodes it runs on, and which pods it displaces there.
            "nodeName" or "nodeSelector" or "affinity" or "tolerations" or "schedulerName" => Section.Host,
            "priorityClassName" or "priority" or "preemptionPolicy" => Section.Host,
            "serviceAccountName" or "serviceAccount" or "automountServiceAccountToken" or "imagePullSecrets" => Section.Identity,
            "volumes" => Section.Volumes,
            _ => Section.PodSpec,
        };

    /// <summary>Before Kubernetes 1.30 (AppArmor) and 1.27 (seccomp), annotations choose the profiles that confine a container.</summary>
    private static bool IsProfileAnnotation(string name) =>
        name.StartsWith("container.apparmor.security.beta.kubernetes.io/", StringComparison.Ordinal)
        || name.StartsWith("container.seccomp.security.alpha.kubernetes.io/", StringComparison.Ordinal)
        || name == "seccomp.security.alpha.kubernetes.io/pod";

    private static Section OfContainer(string name) =>
        name switch
        {
            "securityContext" => Section.SecurityContext,
            "volumeMounts" or "volumeDevices" => Section.Volumes,
            "image" or "imagePullPolicy" => Section.Image,
            "command" => Section.Command,
            "args" => Section.Arguments,
            "env" or "envFrom" => Section.Environment,
            "lifecycle" => Section.Lifecycle,
            "livenessProbe" or "readinessProbe" or "startupProbe" => Section.Probes,
            "ports" => Section.Ports,
            _ => Section.Container,
        };
}

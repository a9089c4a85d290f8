using System.Reflection;
using System.Text.Json.Nodes;

namespace DeployGuard.Cli.Doctor;

/// <summary>Whether the replicas are there and ready, and of a version that this program understands.</summary>
internal sealed class DeploymentCheck : ICheck
{
    public string Name => "deployment";

    private static string OwnVersion { get; } = typeof(DeploymentCheck).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    public async Task<IReadOnlyList<Diagnosis>> LookAsync(CheckContext patient, CancellationToken cancel)
    {
        var (name, @namespace) = (patient.Installed.Name, patient.Namespace);
        var deployment = await patient.FindAsync($"apis/apps/v1/namespaces/{@namespace}/deployments/{name}", cancel);
        return deployment is null
            ? [Diagnosis.Failed($"there is no Deployment {name} in namespace {@namespace}", "Is it installed under another name or namespace? helm list -A; then pass --name and -n")]
            : [JudgeReplicas(deployment, name, @namespace), JudgeVersion(deployment, OwnVersion)];
    }

    public static Diagnosis JudgeReplicas(JsonNode deployment, string name, string @namespace)
    {
        var wanted = (int?)deployment["spec"]?["replicas"] ?? 1;
        var ready = (int?)deployment["status"]?["readyReplicas"] ?? 0;
        var look = $"See why: kubectl -n {@namespace} get pods; kubectl -n {@namespace} logs deployment/{name}";
        return (wanted, ready) switch
        {
            (0, _) => Diagnosis.Failed("no replica is wanted: what an Enforce policy guards waits, and everything else passes unguarded", $"Scale it up: kubectl -n {@namespace} scale deployment/{name} --replicas=2"),
            (_, 0) => Diagnosis.Failed($"none of {wanted} replicas is ready: what an Enforce policy guards waits, and everything else passes unguarded", look),
            _ when ready < wanted => Diagnosis.Warning($"{ready} of {wanted} replicas are ready", look),
            (1, _) => Diagnosis.Warning("its one replica is ready; nothing answers while it restarts", $"kubectl -n {@namespace} scale deployment/{name} --replicas=2, and the chart's value replicas"),
            _ => Diagnosis.Ok($"{ready} of {wanted} replicas are ready"),
        };
    }

    public static Diagnosis JudgeVersion(JsonNode deployment, string own)
    {
        var image = (string?)deployment["spec"]?["template"]?["spec"]?["containers"]?[0]?["image"] ?? "";
        var running = Tag(image) ?? (string?)deployment["metadata"]?["labels"]?["app.kubernetes.io/version"];
        if (running is null)
        {
            return Diagnosis.Warning($"the version of {image} cannot be told; this program is {own}", "Take the kubectl plugin of the version that is installed");
        }

        return MinorOf(running) == MinorOf(own)
            ? Diagnosis.Ok(running == own ? $"it runs {running}, as this program" : $"it runs {running}, this program is {own}: they go together")
            : Diagnosis.Warning($"it runs {running}, and this program is {own}", "What one knows the other may not; take the kubectl plugin of the version that is installed");
    }

    /// <summary>What is read behind the last colon, unless that is a digest's or a port's.</summary>
    private static string? Tag(string image)
    {
        var colon = image.LastIndexOf(':');
        return image.Contains('@', StringComparison.Ordinal) || colon <= image.LastIndexOf('/') ? null : image[(colon + 1)..].TrimStart('v');
    }

    private static string MinorOf(string version) => string.Join('.', version.Split('.', '-', '+').Take(2));
}

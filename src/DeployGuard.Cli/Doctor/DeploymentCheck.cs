using System.Reflection;
using System.Text.Json.Nodes;
using DeployGuard.Kubernetes.Api;

namespace DeployGuard.Cli.Doctor;

/// <summary>Whether the replicas are ready, and of a version that this program knows.</summary>
internal sealed class DeploymentCheck : ICheck
{
    public string Name => "deployment";

    private static string OwnVersion { get; } =
        typeof(DeploymentCheck).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    public async Task<IReadOnlyList<Diagnosis>> RunAsync(CheckContext context, CancellationToken cancel)
    {
        var (name, @namespace) = (context.Installation.Name, context.Namespace);
        var deployment = await context.FindAsync(ApiPaths.One(ApiPaths.DeploymentsIn(@namespace), name), cancel);
        return deployment is null
            ?
            [
                Diagnosis.Failed(
                    $"there is no Deployment {name} in namespace {@namespace}",
                    "Find its name and namespace with helm list -A, then pass them with --name and -n"
                ),
            ]
            : [DiagnoseReplicas(deployment, name, @namespace), DiagnoseVersion(deployment, OwnVersion)];
    }

    public static Diagnosis DiagnoseReplicas(JsonNode deployment, string name, string @namespace)
    {
        var wanted = (int?)deployment["spec"]?["replicas"] ?? 1;
        var ready = (int?)deployment["status"]?["readyReplicas"] ?? 0;
        var remedy = $"See why: kubectl -n {@namespace} get pods; kubectl -n {@namespace} logs deployment/{name}";
        return (wanted, ready) switch
        {
            (0, _) => Diagnosis.Failed(
                "spec.replicas is 0: requests that an Enforce policy guards are blocked, and all others pass unguarded",
                $"Scale it up: kubectl -n {@namespace} scale deployment/{name} --replicas=2"
            ),
            (_, 0) => Diagnosis.Failed(
                $"none of {wanted} replicas is ready: requests that an Enforce policy guards are blocked, and all others pass unguarded",
                remedy
            ),
            _ when ready < wanted => Diagnosis.Warning($"{ready} of {wanted} replicas are ready", remedy),
            (1, _) => Diagnosis.Warning(
                "the only replica is ready; nothing answers while it restarts",
                $"Set replicas in the chart's values to 2 or more; until then: kubectl -n {@namespace} scale deployment/{name} --replicas=2"
            ),
            _ => Diagnosis.Ok($"{ready} of {wanted} replicas are ready"),
        };
    }

    public static Diagnosis DiagnoseVersion(JsonNode deployment, string own)
    {
        var image = (string?)deployment["spec"]?["template"]?["spec"]?["containers"]?[0]?["image"] ?? "";
        var running = Tag(image) ?? (string?)deployment["metadata"]?["labels"]?["app.kubernetes.io/version"];
        if (running is null)
        {
            return Diagnosis.Warning(
                $"the version of {image} is unknown; this program is {own}",
                "Install the kubectl plugin of the version that the cluster runs"
            );
        }

        return MinorOf(running) == MinorOf(own)
            ? Diagnosis.Ok(
                running == own
                    ? $"the cluster runs {running}, as does this program"
                    : $"the cluster runs {running}, and this program is {own}: they are compatible"
            )
            : Diagnosis.Warning(
                $"the cluster runs {running}, and this program is {own}: one may lack what the other has",
                "Install the kubectl plugin of the version that the cluster runs"
            );
    }

    /// <summary>The text after the last colon, unless the colon belongs to a digest or a port.</summary>
    private static string? Tag(string image)
    {
        var colon = image.LastIndexOf(':');
        return image.Contains('@', StringComparison.Ordinal) || colon <= image.LastIndexOf('/')
            ? null
            : image[(colon + 1)..].TrimStart('v');
    }

    private static string MinorOf(string version) => string.Join('.', version.Split('.', '-', '+').Take(2));
}

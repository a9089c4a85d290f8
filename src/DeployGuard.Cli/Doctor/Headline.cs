namespace DeployGuard.Cli.Doctor;

/// <summary>What was checked, by the names that helm and kubectl use.</summary>
/// <param name="Release">As <c>helm list</c> names it; null where helm did not install it, or the Deployment was not read.</param>
/// <param name="Name">Name of the Deployment.</param>
internal sealed record Headline(string? Release, string Name, string Namespace, bool IsFound, string Server)
{
    public static Headline Of(Installation installation, ServerVersion server) =>
        new(
            installation.Deployment is null ? null : installation.Release,
            installation.Name,
            installation.Namespace,
            installation.Deployment is not null,
            server.Text
        );

    public override string ToString() =>
        (
            !IsFound ? $"DeployGuard {Name} in namespace {Namespace}"
            : Release is null ? $"DeployGuard, Deployment {Name} in namespace {Namespace}, not installed by helm"
            : $"DeployGuard, release {Release} in namespace {Namespace}{(Release == Name ? "" : $", Deployment {Name}")}"
        ) + $", on Kubernetes {Server}";
}

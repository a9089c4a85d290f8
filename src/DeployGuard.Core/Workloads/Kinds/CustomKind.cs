namespace DeployGuard.Core.Workloads;

/// <summary>A custom resource with a pod template, configured by the platform team.</summary>
/// <param name="ApiGroup">Such as <c>argoproj.io</c>; never empty.</param>
/// <param name="Resource">Plural, lower-case: <c>rollouts</c>.</param>
/// <param name="Kind">As objects spell it: <c>Rollout</c>.</param>
/// <param name="TemplatePath">Path of its pod template: <c>spec.template</c>.</param>
public sealed record CustomKind(string ApiGroup, string Resource, string Kind, string TemplatePath)
{
    /// <summary>The error for a flag of another form.</summary>
    public const string Expected = "expected RESOURCE.GROUP/KIND=PATH such as rollouts.argoproj.io/Rollout=spec.template";

    /// <summary>The descriptor. Only the template path is known, unless a built-in kind has the same name.</summary>
    public WorkloadKind Describe() =>
        BuiltInKinds.Of(ApiGroup, Kind) with
        {
            Name = Kind,
            ApiGroup = ApiGroup,
            Resource = Resource,
            TemplatePath = TemplatePath,
            IsCustom = true,
        };

    /// <summary>Reads <c>rollouts.argoproj.io/Rollout=spec.template</c>; null if the text has another form.</summary>
    public static CustomKind? ParseOrNull(string text) =>
        text.Split('=') is [var what, { Length: > 0 } path]
        && what.Split('/') is [var name, { Length: > 0 } kind]
        && name.Split('.', 2) is [{ Length: > 0 } resource, { Length: > 0 } group]
            ? new CustomKind(group, resource, kind, path)
            : null;
}
